"""Published posts held against the rules: what differs, how bad it is, and whether it can be repaired. Pure.

An error is what readers or Jekyll get wrong, or what the rules require; a warning is a habit that was not kept.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from blogmetad.matter import SINGULAR
from blogmetad.rules import tidy
from blogmetad.rules.check import seen
from blogmetad.rules.document import Rules
from blogmetad.rules.features import Features, features
from blogmetad.rules.naming import read_date
from blogmetad.rules.plan import resolve
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule, TermsRule, TextRule
from blogmetad.rules.script import fits, is_in
from blogmetad.rules.vocabulary import Usage, Vocabulary, build
from blogmetad.rules.wording import LANGUAGE_NAMES
from blogmetad.values import Finding, Language, PublishedPost, YamlValue

LANGUAGES: tuple[Language, ...] = ("en", "zh", "any")

_HTML = re.compile(r"</?[A-Za-z!][^<>]{0,500}>")
_DATED = re.compile(r"\d{4}-\d")
_INVISIBLE = re.compile("[\u200b\u2028-\u202e\u2060-\u2069\ufeff\ufffd]")
_SLUG = {"lower": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*"), "keep": re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")}
_NUMBER = re.compile(r"-(?:[2-9]|[1-9][0-9])\Z")
"""What a post's name gets where another has it already. It is no word of the slug."""
_KINDS: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"text": (str,), "flag": (bool,), "number": (int, float), "date": (dt.date,), "list": (list,), "map": (dict,)}
)


@dataclass(frozen=True, slots=True)
class Law:
    """What posts are held against: the rules, and the vocabulary of every terms field by language.

    ``addressed`` are fields that are part of a post's address, whose terms --fix must not exchange for others.
    """

    rules: Rules
    vocabularies: Mapping[tuple[str, Language], Vocabulary]
    addressed: frozenset[str] = frozenset()

    @property
    def reads_bodies(self) -> bool:
        """Whether any rule depends on what is in the body, which takes time to find out."""
        return any(
            getattr(rule, "language", None) == "body" or getattr(rule, "when", None) is not None
            for rule in self.rules.fields.values()
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """One post on trial."""

    post: PublishedPost
    law: Law
    body: Features

    def found(
        self,
        kind: str,
        severity: Literal["error", "warning"],
        message: str,
        field: str | None = None,
        fixable: bool = False,
    ) -> Finding:
        return Finding(f"{field or 'file'}.{kind}", severity, message, (self.post.path,), field, fixable)


def law(rules: Rules, usage: Mapping[str, Usage], addressed: frozenset[str] = frozenset()) -> Law:
    """The law for a site on which terms are used as ``usage`` says, by field."""
    vocabularies = {
        (name, language): build(rule, usage.get(name, {}), language)
        for name, rule in rules.fields.items()
        if isinstance(rule, TermsRule)
        for language in (LANGUAGES if rule.language == "body" else (rule.language,))
    }
    return Law(rules, MappingProxyType(vocabularies), addressed)


def lint(post: PublishedPost, law: Law) -> tuple[Finding, ...]:
    """Everything about a post that is not as the rules have it. Nothing about fields they do not know."""
    case = _Case(post, law, features(post.text if law.reads_bodies else ""))
    findings = list(_file(case))
    if post.head is not None:
        for name, rule in law.rules.fields.items():
            findings += _field(case, name, rule)
    return tuple(findings)


def _field(case: _Case, name: str, rule: FieldRule) -> Iterator[Finding]:
    value = case.post.fields.get(name)
    if isinstance(rule, ConstantRule) and name in case.post.fields:
        yield from _constant(case, name, rule, value)
        return
    if value is None or value in ("", []):
        singular = SINGULAR.get(name)
        if singular is None or case.post.fields.get(singular) is None:
            yield from _missing(case, name, rule)
            return
    if isinstance(rule, AuthorRule):
        yield from _authors(case, name, rule, value)
    elif isinstance(rule, DateRule):
        yield from _date(case, name, value)
    elif isinstance(rule, TextRule):
        yield from _text(case, name, rule, value)
    elif isinstance(rule, TermsRule):
        yield from _terms(case, name, rule)


def _missing(case: _Case, name: str, rule: FieldRule) -> Iterator[Finding]:
    if rule.need == "optional" or (isinstance(rule, DateRule) and not rule.written):
        return
    absent = name not in case.post.fields
    what = f"There is no '{name}'" if absent else f"'{name}' is empty"
    if isinstance(rule, ConstantRule) and rule.when is not None:
        evidence = seen(rule.when, case.body)
        if evidence is not None:
            message = f"{what}, though {evidence}; the rules write {_shown(rule.value)} then."
            yield case.found("missing", "warning", message, name)
        return
    wish = f"; the rules write {_shown(rule.value)}" if isinstance(rule, ConstantRule) else ""
    severity: Literal["error", "warning"] = "error" if rule.required else "warning"
    message = f"{what}, which the rules {'require' if rule.required else 'recommend'}{wish}."
    yield case.found("missing", severity, message, name, absent and isinstance(rule, ConstantRule))


def _constant(case: _Case, name: str, rule: ConstantRule, value: YamlValue) -> Iterator[Finding]:
    if rule.when is not None and seen(rule.when, case.body) is None:
        return
    if type(value) is not type(rule.value) or value != rule.value:
        message = f"'{name}' is {_shown(value)}; the rules write {_shown(rule.value)}."
        yield case.found("value", "warning", message, name)


def _authors(case: _Case, name: str, rule: AuthorRule, value: YamlValue) -> Iterator[Finding]:
    kinds = _KINDS.get(rule.kind)
    if kinds is None or (rule.kind == "date" and read_date(value, None) is not None):
        return
    if not isinstance(value, kinds) or (rule.kind == "number" and isinstance(value, bool)):
        yield case.found("kind", "warning", f"'{name}' is {_shown(value)}, which is no {rule.kind}.", name)


def _date(case: _Case, name: str, value: YamlValue) -> Iterator[Finding]:
    moment = read_date(value, None)
    if moment is None:
        message = f"The date {_shown(value)} cannot be read; write it as 2025-04-29 or 2025-04-29 10:30:00 +0800."
        yield case.found("unreadable", "error", message, name)
        return
    if moment.date() != case.post.date:
        message = f"The date is {moment.date()}, but the file's name says {case.post.date}; Jekyll goes by the former."
        yield case.found("name", "warning", message, name)
    timed = isinstance(value, dt.datetime) or (isinstance(value, str) and ":" in value)
    if timed and moment.tzinfo is None:
        message = f"The time in {_shown(value)} has no offset, so Jekyll reads it as UTC; write it with one, as +0800."
        yield case.found("offset", "warning", message, name)


def _text(case: _Case, name: str, rule: TextRule, value: YamlValue) -> Iterator[Finding]:
    if isinstance(value, bool | list | dict):
        yield case.found("kind", "error", f"'{name}' is {_shown(value)}, which is no text; put quotes around it.", name)
        return
    text = " ".join(str(value).split())
    language = resolve(rule.language, case.body.language)
    if not is_in(text, language):
        yield _foreign(case, name, rule, text, language)
    if not rule.min_length <= len(text) <= rule.max_length:
        limits = f"{rule.min_length} to {rule.max_length}"
        yield case.found("length", "warning", f"'{name}' has {len(text)} characters; the rules ask for {limits}.", name)
    if _HTML.search(text):
        message = f"'{name}' contains HTML, which pages show or run: {_shown(text)}. Write it as plain text."
        yield case.found("html", "warning", message, name)
    if _INVISIBLE.search(text) or any(unicodedata.category(c) == "Cc" for c in text):
        message = f"'{name}' contains characters nobody can see (controls or text direction). Type it anew."
        yield case.found("control", "error", message, name)


def _foreign(case: _Case, name: str, rule: TextRule | TermsRule, text: str, language: Language) -> Finding:
    """A value that is not in its language: a warning only where that is guessed from the body."""
    spoken = LANGUAGE_NAMES.get(language, language)
    if rule.language == "body":
        message = f"{_shown(text)} in '{name}' is not in {spoken}, as the post is."
        return case.found("language", "warning", message, name)
    return case.found("language", "error", f"{_shown(text)} in '{name}' is not in {spoken}, as the rules ask.", name)


def _terms(case: _Case, name: str, rule: TermsRule) -> Iterator[Finding]:
    written = tidy.written(case.post.fields, name)
    if written is None or written.form == "odd":
        message = f"'{name}' is {_shown(case.post.fields.get(name))}, which is no list of terms."
        yield case.found("kind", "error", message, name)
        return
    language = resolve(rule.language, case.body.language)
    vocabulary = case.law.vocabularies[name, language]
    wanted = tidy.wanted(written.items, rule, vocabulary)
    fixable = is_movable(written, wanted, name, case.law)
    if written.form == "commas":
        given, pieces = case.post.fields[written.key], "' and '".join(str(case.post.fields[written.key]).split())
        message = f"'{given}' is text, which Jekyll splits at spaces into '{pieces}'; write [{', '.join(wanted)}]."
        yield case.found("comma", "error", message, name, fixable and written.key == name)
    if written.form == "words":
        for term in tidy.torn(written.items, vocabulary):
            message = f"'{term}' stands in text, which Jekyll splits at spaces; write a list: [{term}]."
            yield case.found("split", "error", message, name)
    yield from _each_term(case, name, rule, written.items, vocabulary, language, fixable)
    if not rule.min <= len(wanted) <= rule.max:
        count = f"{len(wanted)} term{'s'[: len(wanted) != 1]}"
        limits = f"{rule.min} to {rule.max}" if rule.min < rule.max else str(rule.max)
        yield case.found("count", "warning", f"'{name}' has {count}; the rules ask for {limits}.", name)


def _each_term(
    case: _Case,
    name: str,
    rule: TermsRule,
    items: tuple[str, ...],
    vocabulary: Vocabulary,
    language: Language,
    fixable: bool,
) -> Iterator[Finding]:
    met: set[str] = set()
    for item in items:
        known = tidy.named(item, rule, vocabulary)
        if tidy.identity(known) in met:
            message = f"'{name}' has '{item}' twice, in another spelling or the same."
            yield case.found("duplicate", "warning", message, name, fixable)
        elif tidy.is_strange(item, vocabulary) and rule.closed:
            message = (
                f"'{name}' has '{item}', which the rules' vocabulary has not; take one of its terms or add this one."
            )
            yield case.found("unknown", "error", message, name)
        elif tidy.is_strange(item, vocabulary) and not fits(item, language):
            yield _foreign(case, name, rule, item, language)
        elif known != item:
            kind, does = tidy.difference(item, known)
            message = f"'{name}' has '{item}', which the vocabulary {does} '{known}'."
            yield case.found(kind, "warning", message, name, fixable)
        met.add(tidy.identity(known))


def is_movable(written: tidy.Written, wanted: tuple[str, ...], field: str, law: Law) -> bool:
    """Whether terms can be exchanged without giving the post another address."""
    return field not in law.addressed or written.jekylls == tuple(name.lower() for name in wanted)


def _file(case: _Case) -> Iterator[Finding]:
    post, rules = case.post, case.law.rules
    name = post.path.rpartition("/")[2]
    if not _DATED.match(name):  # a draft, which gets its name when it is published
        return
    pattern = re.escape(rules.filename).replace(r"\{date\}", r"\d{4}-\d{2}-\d{2}").replace(r"\{slug\}", ".+")
    if not re.fullmatch(pattern, name):
        yield case.found("pattern", "warning", f"The rules name posts like {rules.filename}.")
    limits, unnumbered = rules.slug, _NUMBER.sub("", post.slug)
    problems = []
    if not _SLUG[limits.case].fullmatch(post.slug):
        problems.append("it should be words of letters and digits with hyphens between them")
    elif (words := len(unnumbered.split("-"))) > limits.max_words:
        problems.append(f"it has {words} words, and the rules allow {limits.max_words}")
    if len(unnumbered) > limits.max_length:
        problems.append(f"it has {len(unnumbered)} characters, and the rules allow {limits.max_length}")
    if problems:
        message = f"The slug '{post.slug}' is unusual: {'; '.join(problems)}. Keep it once the address is known."
        yield case.found("slug", "warning", message)


def _shown(value: object) -> str:
    """A value as the message about it quotes it."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    return f"'{text if len(text) <= 80 else f'{text[:77]}...'}'"
