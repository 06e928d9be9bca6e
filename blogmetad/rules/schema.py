"""What a rules document may say: one model for each kind of rule, and what must not contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from blogmetad.rules.script import fits, key

_FILENAME = re.compile(r"\{date\}-[\w.-]*\{slug\}[\w.-]*\.(?:md|markdown)", re.ASCII)
_NEVER_THE_MODELS = ("layout", "permalink", "published")

RuleLanguage: TypeAlias = Literal["en", "zh", "body", "any"]
"""``body``: the language the post itself is written in."""

Place: TypeAlias = tuple[str | int, ...]
"""Keys and list positions that lead to a value in the document."""

Wrong: TypeAlias = tuple[Place, str]
"""A place and a message that begins with a verb: "must be ..."."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class When(_Model):
    """A condition on the body, exactly one: at least so many headings, a fenced block of a kind, math, or the
    language the post is written in."""

    headings: Annotated[int, Field(ge=1)] | None = None
    fence: str | None = None
    math: Literal[True] | None = None
    language: Literal["en", "zh"] | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> When:
        if len(self.model_fields_set) != 1 or self.model_dump(exclude_none=True) == {}:
            raise ValueError(
                "takes exactly one of 'headings: N', 'fence: NAME', 'math: true' or 'language: en' (or zh)"
            )
        return self


class _FieldRule(_Model):
    """What every field has. ``need``: without a ``required`` field there is no post; a ``recommended`` one is missed by
    ``rules check``, an ``optional`` one by nobody."""

    need: Literal["required", "recommended", "optional"] = "required"

    @property
    def required(self) -> bool:
        """Whether there is no post without the field."""
        return self.need == "required"


class ConstantRule(_FieldRule):
    """The same value in every post, or in every post whose body meets ``when``."""

    type: Literal["constant"]
    value: Any
    when: When | None = None


class AuthorRule(_FieldRule):
    """A field that only the author writes, such as the path of a picture: it keeps its place and its ``kind``."""

    type: Literal["author"]
    kind: Literal["any", "text", "flag", "number", "date", "list", "map"] = "any"
    need: Literal["recommended", "optional"] = "optional"


class DateRule(_FieldRule):
    """The post's date, as a day or (``time``) with the time and its offset: ``offset``, or else the site's. A date that
    is not ``written`` stands in the file's name only."""

    type: Literal["date"]
    time: bool = False
    offset: Annotated[str, Field(pattern=r"^[+-](?:0\d|1[0-4]):?[0-5]\d$")] | None = None
    written: bool = True


class _AskedRule(_FieldRule):
    """What fields the model fills in have in common. ``label`` is written in front of the value."""

    language: RuleLanguage = "any"
    label: Annotated[str, Field(max_length=60, pattern=r"^[^:：\n]*$")] = ""
    hint: str = ""


class TextRule(_AskedRule):
    """A line of text between ``min_length`` and ``max_length`` characters, ``usual_length`` in the middle of the
    site's.

    ``sentences``: whole ones, each with its full stop, as in a description; a title is none. ``quoted``: the post's own
    first sentences, where they are in the language asked for.
    """

    type: Literal["text"]
    min_length: Annotated[int, Field(ge=1)] = 1
    max_length: Annotated[int, Field(ge=1, le=1000)] = 200
    usual_length: Annotated[int, Field(ge=1)] | None = None
    sentences: bool = False
    quoted: bool = False


class Term(_Model):
    """A term the rules name, with other words for it that are to become it."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    aliases: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)] = ()


def _named(entry: object) -> object:
    if isinstance(entry, dict):
        return entry
    if not isinstance(entry, str):
        raise ValueError(f"must hold text or {{name: ..., aliases: [...]}}, not {entry}; put quotes around it")
    return {"name": entry}


class Weights(_Model):
    """How much each sign of a term counts, in nats (the weights of a logistic regression).

    The defaults were fitted on three blogs together; ``rules learn`` refits them on a blog's own posts. For terms of
    the vocabulary: a ``base``; ``nearest`` and ``around`` for the shares of the similar posts that carry it (which, as
    ``recent``, count less where the site has few posts);
    ``mentions`` for each e-fold of times the text names it; ``prominent`` if in a heading or the lead; ``usage`` for
    each e-fold of posts that carry it; ``recent`` for the share of the latest posts; ``model`` for each nat by which
    the model finds it likelier behind this post than behind none; ``written`` if the model wrote it unasked. For
    others: a base ``new``, ``new_mentions`` and ``new_title``, if the title names it.
    """

    base: float = -3.6
    nearest: float = 2.4
    around: float = 3.7
    mentions: float = 0.65
    prominent: float = 1.2
    usage: float = 0.35
    recent: float = 2.9
    model: float = 0.15
    written: float = 0.2
    new: float = -5.3
    new_mentions: float = 1.2
    new_title: float = 1.3


class TermsRule(_AskedRule):
    """A list of ``min`` to ``max`` terms, on average ``usual``.

    ``new`` says what becomes of those outside the vocabulary; ``rejected`` are terms never to be proposed again.
    ``form``: a list in one line, a list of lines, or words with spaces between them (a single one stands alone).
    ``weights``: what is counted for a term, and how much.
    """

    type: Literal["terms"]
    case: Literal["lower", "keep"] = "keep"
    min: Annotated[int, Field(ge=0)] = 1
    max: Annotated[int, Field(ge=1, le=50)] = 5
    usual: Annotated[float, Field(gt=0, le=50, strict=False)] | None = None
    form: Literal["list", "lines", "words"] = "list"
    new: Literal["allow", "queue", "forbid"] = "allow"
    vocabulary: Annotated[tuple[Annotated[Term, BeforeValidator(_named)], ...], Field(strict=False)] = ()
    rejected: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)] = ()
    weights: Weights = Weights()

    @property
    def lower(self) -> bool:
        """Whether terms are written in lower case."""
        return self.case == "lower"

    @property
    def closed(self) -> bool:
        """Whether the list is the law: it names terms and forbids others, even those posts already have."""
        return self.new == "forbid" and bool(self.vocabulary)


FieldRule: TypeAlias = ConstantRule | AuthorRule | DateRule | TextRule | TermsRule
BY_TYPE: Mapping[str, type[FieldRule]] = MappingProxyType(
    {"author": AuthorRule, "constant": ConstantRule, "date": DateRule, "terms": TermsRule, "text": TextRule}
)


class SlugRule(_Model):
    """How long a slug made from a title gets; both limits hold at word borders. ``case`` keeps the title's capitals."""

    case: Literal["lower", "keep"] = "lower"
    max_words: Annotated[int, Field(ge=1, le=20)] = 8
    max_length: Annotated[int, Field(ge=8, le=80)] = 60


class MinBody(_Model):
    """Below this many words (a CJK character counts as one) a draft is parked."""

    words: Annotated[int, Field(ge=0)] = 20


class Example(_Model):
    """Title and description of a post as the author would have them: the model is shown how the site sounds."""

    title: Annotated[str, Field(min_length=1)]
    description: str = ""


class Head(_Model):
    """The document's top level. ``creation_note``: whether, and where, a post says how it was made. ``fields`` is
    checked rule by rule, so that no fault hides another."""

    rules: Annotated[str, Field(min_length=1)]
    version: Any
    fields: Any
    filename: str = "{date}-{slug}.md"
    slug: SlugRule = SlugRule()
    min_body: MinBody = MinBody()
    creation_note: Literal["top", "end"] | None = None
    examples: Annotated[tuple[Example, ...], Field(strict=False, max_length=5)] = ()

    @field_validator("version")
    @classmethod
    def _version(cls, version: object) -> object:
        if isinstance(version, bool) or not isinstance(version, int | str):
            raise ValueError('must be a whole number or text in quotes, like 2 or "1.1"')
        return version

    @field_validator("filename")
    @classmethod
    def _filename(cls, pattern: str) -> str:
        if not _FILENAME.fullmatch(pattern):
            raise ValueError(
                "must look like '{date}-{slug}.md': it begins with '{date}-' (Jekyll skips other names), has "
                "'{slug}' once, ends in .md or .markdown and names no folder"
            )
        return pattern


def house_rules(fields: Mapping[str, Any]) -> Iterator[Wrong]:
    """What any set of fields has to keep to, whatever each rule says for itself."""
    types = {name: str(rule.get("type")) if isinstance(rule, dict) else None for name, rule in fields.items()}
    for name, wanted in (("title", "text"), ("date", "date")):
        if name not in fields:
            yield (), f"is without '{name}': every post needs it, add '{name}: {{type: {wanted}}}'"
        elif types[name] in BY_TYPE and types[name] != wanted:
            yield (name, "type"), f"must be {wanted} for '{name}', not {types[name]}"
    if "slug" in fields:
        yield ("slug",), "cannot be a field: the slug is made from the title, unless a draft brings its own"
    for name, kind in types.items():
        if name in _NEVER_THE_MODELS and kind in ("text", "terms"):
            yield (name, "type"), f"must be constant for '{name}': the model never decides it"
        if name != "date" and kind == "date":
            yield (name, "type"), "is 'date', which only the field 'date' can be"


def contradictions(rule: FieldRule) -> Iterator[Wrong]:
    """What is wrong within a rule whose every key is fine by itself."""
    if isinstance(rule, TextRule):
        if rule.min_length > rule.max_length:
            yield ("min_length",), f"is {rule.min_length}, more than max_length, which is {rule.max_length}"
        if rule.usual_length is not None and not rule.min_length <= rule.usual_length <= rule.max_length:
            yield ("usual_length",), "must lie between min_length and max_length"
    if not isinstance(rule, TermsRule):
        return
    if rule.min > rule.max:
        yield ("min",), f"is {rule.min}, more than max, which is {rule.max}"
    if rule.usual is not None and not rule.min <= rule.usual <= rule.max:
        yield ("usual",), "must lie between min and max"
    language = "any" if rule.language == "body" else rule.language
    for i, term in enumerate(rule.vocabulary):
        if not key(term.name):
            yield ("vocabulary", i), f"has a term without a letter: '{term.name}'"
        if not fits(term.name, language):
            problem = f"has '{term.name}', which is not in the field's language ({language})"
            yield ("vocabulary", i), f"{problem}; make it an alias of a term that is"
    yield from _taken_twice(rule.vocabulary)


def _taken_twice(vocabulary: tuple[Term, ...]) -> Iterator[Wrong]:
    """Names and aliases that would stand for two terms; case, spaces and hyphens make no difference."""
    owners: dict[str, str] = {}
    for i, term in enumerate(vocabulary):
        if key(term.name) in owners:
            yield ("vocabulary", i), f"names '{term.name}' a second time"
        owners.setdefault(key(term.name), term.name)
    for i, term in enumerate(vocabulary):
        for alias in term.aliases:
            owner = owners.setdefault(key(alias), term.name)
            if owner != term.name:
                yield (
                    ("vocabulary", i),
                    f"gives '{alias}' to '{term.name}', but it already stands for '{owner}'",
                )
