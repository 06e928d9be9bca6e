"""What an author wants changed in a post, understood from their own words. Pure.

Small models follow such a sentence badly. So what can be read off the words is: the fields, a length, a text between
quotes, terms to add or to take out. Only what is left is a matter for the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from blogmetad.matter import DESCRIPTIONS, SINGULAR
from blogmetad.rules.document import Rules
from blogmetad.rules.plan import label
from blogmetad.rules.schema import TermsRule, TextRule
from blogmetad.rules.script import has_han, key
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.values import Problem

LONGEST = 1000
"""Characters of what an author may say at a time."""

Verb: TypeAlias = Literal["add", "remove", "replace", "set"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("titles", "headline", "heading", "标题", "题目"),
    **dict.fromkeys(DESCRIPTIONS, ("description", "summary", "excerpt", "abstract", "摘要", "描述", "简介", "概要")),
    "tags": ("tag", "keyword", "keywords", "标签", "关键词"),
    "categories": ("category", "分类", "类别"),
}
"""Other words for a field, beside its own name and its label."""

_VERBS: tuple[tuple[Verb, str], ...] = (
    ("replace", r"\b(?:replace|swap)\b|换成|替换|改成|改为"),
    ("remove", r"\b(?:remove|drop|delete|omit|without|take out|not)\b|去掉|删掉|删除|删去|移除|去除|不要|拿掉"),
    ("add", r"\b(?:add|include|append|plus)\b|加上|加个|加入|添加|增加|补上|补充|加"),
    ("set", r"\b(?:set|change)\b(?=.{1,200}\bto\b)|设置?[为成]"),
)
_TO = re.compile(r"替换[为成]|换成|改成|改为|设置?[为成]|\b(?:to|with|by)\b|→|->", re.IGNORECASE)
_FROM = re.compile(r"\b(?:set|change)\b|从", re.IGNORECASE)
"""What stands between the terms a field had and those it is to have, and what before them."""

_DELETE = re.compile(r"\b(?:remove|drop|delete|omit|take out)\b|去掉|删掉|删除|删去|移除|去除|拿掉", re.IGNORECASE)
_BESIDE_DELETE = re.compile(
    r"\b(?:please|the|its|all|of|and|from|post|whole|entire|field|list|completely|altogether)\b"
    r"|请|把|将|的|所有|全部|整个|字段|这个|都|掉|了|吧|和|与|[、/\s:：.。!?？]",
    re.IGNORECASE,
)
_SHORTER = re.compile(
    r"\bshort(?:er|en)\b|\btoo long\b|\bbrief(?:er)?\b|\bconcise\b|\btrim\b|太长|更短|短一|短些|缩短|精简|简短|简洁"
)
_LONGER = re.compile(r"\blong(?:er)\b|\blengthen\b|\btoo short\b|\bmore detail|太短|更长|长一|长些|更?详细|展开")
_CLAUSE = re.compile(
    r"[,，;；。!！\n]+|\.(?=\s|$)|然后|并且?|\band then\b|\bthen\b"
    r"|\band\b(?=\s+(?:add|remove|drop|delete|include|make|change|set|shorten|write|use|replace)\b)"
)
_QUOTED = re.compile(
    r"\"([^\"]{1,300})\"|“([^”]{1,300})”|「([^」]{1,300})」|『([^』]{1,300})』|《([^》]{1,300})》"
    r"|(?<!\w)'((?:[^']|(?<=\w)'(?=\w)){1,300})'(?!\w)"
)
_HELD = re.compile("\x00(\\d+)\x00")
_BETWEEN = re.compile(r"[、/|]|\band\b|\bwith\b|\bby\b|\bto\b|\bfrom\b|\bin\b|和|与|以及|→|->")
_FILLERS = re.compile(
    r"^(?:please|also|too|the|an?|as|of|one|instead|field|list|it|请|再|也|把|将|这个|那个|一个|个|为|里面?的?|中的?|的|是|叫|掉|上)(?!\w)\s*|"
    r"^(?:请|再|也|把|将|这个|那个|一个|个|里面?的?|中的?|的|掉|上)\s*|"
    r"\s*(?<!\w)(?:please|too|instead|as well|list|field)$|\s*(?:这个|里面?的?|中的?|的|吧|掉)$",
    re.IGNORECASE,
)
_VAGUE = frozenset(
    re.findall(r"\w+", "more some better fewer less other others different new relevant specific general precise ones")
    + re.findall(r"\w+", "更多 更好 更少 一些 几个 别的 其他 少一些 多一些 少一点 多一点 更准确 更具体 thanks 谢谢")
)
_BESIDE_LENGTH = re.compile(
    r"\b(?:please|make|it|is|a|bit|little|much|too|the)\b|'s\b|[\s,.!，。！]|请|再|有点|一点|点|了|些|把|它|写得?",
    re.IGNORECASE,
)
_AN_INSTRUCTION = re.compile(r"\x00|(?:please|make it|should)\b|写得|改[得成为]", re.IGNORECASE)
"""What a text said behind a colon does not begin with, but what is to be done with it does."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of one field.

    ``text``: exactly this. ``only``: these terms and no others. ``added`` and ``removed``: these terms, the others
    stay. ``deleted``: it is taken out. Without any of them the field is written or chosen anew, as ``words``, the
    author's own, and ``length`` say.
    """

    field: str
    words: str
    text: str | None = None
    length: Literal["shorter", "longer"] | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    deleted: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it says all there is to say, so that no model is needed."""
        return self.text is not None or self.deleted or bool(self.added or self.removed or self.only)


@dataclass(slots=True)
class _Reader:
    """Reads clause after clause; what one leaves open goes on in the next ("add the tags moe, llm")."""

    rules: Rules
    vocabularies: Mapping[str, Vocabulary]
    held: Sequence[re.Match[str]]
    fields: tuple[str, ...] = ()
    verb: Verb | None = None
    wishes: dict[str, Wish] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """What stands among the terms a field is to have without being known as one, by field."""

    def read_all(self, words: str) -> None:
        """Read what an author says, in which a text behind a field's name and a colon goes on to the next of them."""
        begun = list(_begun(words, self.rules))
        starts = [*(found.start() for found in begun), len(words)]
        self._read_clauses(words[: starts[0]])
        for found, end in zip(begun, starts[1:], strict=True):
            if not self._take(found[1], words[found.end() : end].strip()):
                self._read_clauses(words[found.start() : end])

    def _take(self, name: str, said: str) -> bool:
        """Take a text exactly as it is said, if it is one."""
        named = [each for each in _named(name, self.rules) if isinstance(self.rules.fields[each], TextRule)]
        beside = _LONGER.sub("", _SHORTER.sub("", said))
        about_length = beside != said and not _BESIDE_LENGTH.sub("", beside)
        if not (named and said) or about_length or _AN_INSTRUCTION.match(said):
            return False
        text = " ".join(_HELD.sub(lambda found: self.held[int(found[1])][0], said).split())
        self.wishes |= {each: Wish(each, f"{name}: {text}", text=text) for each in named}
        return True

    def _read_clauses(self, words: str) -> None:
        for clause in _CLAUSE.split(words):
            if clause.strip():
                self._read(clause.strip())

    def _read(self, clause: str) -> None:
        named = tuple(_named(clause, self.rules))
        verb = _verb(clause) or ("set" if any(_begun(clause, self.rules)) else None)
        if named or verb:
            self.fields, self.verb = named or self.fields, verb
        deleted = bool(named) and self._deletes(clause)
        for name in self.fields:
            wish = self.wishes.get(name, Wish(name, ""))
            said = self._shown(clause)
            wish = replace(wish, words=f"{wish.words}, {said}" if wish.words else said, deleted=deleted or wish.deleted)
            rule = self.rules.fields[name]
            self.wishes[name] = self._terms(wish, clause) if isinstance(rule, TermsRule) else self._text(wish, clause)

    def _text(self, wish: Wish, clause: str) -> Wish:
        quoted = _HELD.search(clause)
        if quoted is not None and self.verb in (None, "replace", "set"):
            return replace(wish, text=self._shown(quoted[0]))
        length = "longer" if _LONGER.search(clause) else "shorter" if _SHORTER.search(clause) else wish.length
        return replace(wish, length=length)

    def _terms(self, wish: Wish, clause: str) -> Wish:
        match self.verb:
            case "replace" | "set":
                return self._exchanged(wish, clause)
            case "remove":
                return replace(wish, removed=(*wish.removed, *self._spelt_all(wish.field, clause)))
            case "add":
                return replace(wish, added=(*wish.added, *self._spelt_all(wish.field, clause)))
            case _:
                return wish

    def _exchanged(self, wish: Wish, clause: str) -> Wish:
        """The wish with terms in the place of others: of those that are named before them, or else of all."""
        begun = next(_begun(clause, self.rules), None)
        to = begun or _TO.search(clause)
        if to is None and not wish.only:
            found = self._spelt_all(wish.field, clause)
            if self.verb != "replace" or len(found) != 2:
                return wish
            return replace(wish, removed=(*wish.removed, found[0]), added=(*wish.added, found[1]))
        before = "" if to is begun or to is None else _FROM.sub("/", clause[: to.start()])
        after = clause[to.end() :] if to else clause
        old, new = self._spelt_all(wish.field, before), self._spelt_all(wish.field, after)
        if old and new and (self.verb == "replace" or all(self._is_known(wish.field, term) for term in old)):
            return replace(wish, removed=(*wish.removed, *old), added=(*wish.added, *new))
        return wish if old or _verb(after) else self._set(wish, after, new)

    def _set(self, wish: Wish, said: str, terms: tuple[str, ...]) -> Wish:
        """The wish with these terms and no others, if they are terms: known ones, or such as stand between quotes."""
        quoted = {self._shown(found[0]) for found in _HELD.finditer(said)}
        unknown = [term for term in terms if term not in quoted and not self._is_known(wish.field, term)]
        if len(unknown) == len(terms) and not wish.only:
            return wish
        if unknown:
            self.unknown[wish.field] = unknown[0]
        return replace(wish, only=tuple(dict.fromkeys((*wish.only, *terms))))

    def _deletes(self, clause: str) -> bool:
        """Whether a clause says that fields are taken out, and nothing else."""
        if not _DELETE.search(clause):
            return False
        return not _BESIDE_DELETE.sub("", self._without_names(_DELETE.sub("", clause)))

    def _spelt_all(self, name: str, said: str) -> tuple[str, ...]:
        whole = said.strip(" :：.。")
        parts = (whole,) if self._is_known(name, whole) else self._parts(said)
        return tuple(dict.fromkeys(self._spelt(name, term) for term in parts))

    def _is_known(self, name: str, term: str) -> bool:
        vocabulary = self.vocabularies.get(name)
        return vocabulary is not None and vocabulary.canonical(term) is not None

    def _without_names(self, said: str) -> str:
        for name in self.rules.fields:
            for word in _words_for(name, self.rules):
                said = re.sub(_whole(word), "/", said, flags=re.IGNORECASE)
        return said

    def _parts(self, clause: str) -> Iterator[str]:
        """The terms a clause names: what is left of it without verbs, fields and filling words."""
        rest = clause
        for _, pattern in _VERBS:
            rest = re.sub(pattern, "/", rest, flags=re.IGNORECASE)
        for part in _BETWEEN.split(self._without_names(rest)):
            term = part.strip(" :：.。?？")
            while (bare := _FILLERS.sub("", term).strip()) != term:
                term = bare
            term = self._shown(term)
            if key(term) and term.casefold() not in _VAGUE:
                yield term

    def _spelt(self, name: str, term: str) -> str:
        vocabulary = self.vocabularies.get(name)
        return (vocabulary.canonical(term) if vocabulary else None) or term

    def _shown(self, text: str) -> str:
        return _HELD.sub(lambda found: _inside(self.held[int(found[1])]), text).strip()


def understand(words: str, rules: Rules, vocabularies: Mapping[str, Vocabulary]) -> tuple[Wish, ...] | Problem:
    """What the author wants, field by field in the order they name them.

    ``vocabularies`` has the vocabulary of each field that holds terms. A Problem if no field is named.
    """
    if len(words) > LONGEST:
        return Problem("revise.long", f"That are {len(words)} characters; say it in {LONGEST} or less.")
    held: list[re.Match[str]] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found)
        return f"\x00{len(held) - 1}\x00"

    reader = _Reader(rules, vocabularies, held)
    reader.read_all(_QUOTED.sub(hold, words.replace("\x00", " ")))
    refusal = next(_refusals(reader), None)
    if refusal is not None:
        return refusal
    if reader.wishes:
        return tuple(reader.wishes.values())
    known = ", ".join(name for name, rule in rules.fields.items() if isinstance(rule, TextRule | TermsRule))
    message = f"None of the fields that can be revised is named in '{words.strip()}'. Name one or more of: {known}."
    message += " Or have the file renamed: rename it to new-name."
    return Problem("revise.field", message)


def _refusals(reader: _Reader) -> Iterator[Problem]:
    """What keeps wishes from being granted."""
    for name, wish in reader.wishes.items():
        rule = reader.rules.fields[name]
        if wish.text is not None and not wish.text.strip():
            message = f"Nothing stands between the quotes for '{name}'. Say what it is to be, or edit the file."
            yield Problem("revise.blank", message)
        if name in reader.unknown:
            message = (
                f"'{reader.unknown[name]}' is not known among the {name}. If it is to be one, put it between quotes."
            )
            yield Problem("revise.unknown", message)
        if wish.deleted and rule.required and not (isinstance(rule, TermsRule) and rule.min == 0):
            message = f"The rules require '{name}', so it is not taken out. Say what it is to be instead, or write "
            yield Problem("revise.required", message + f"'need: optional' for it in the rules ({reader.rules.title}).")


def _begun(said: str, rules: Rules) -> Iterator[re.Match[str]]:
    """Where a field's name and a colon begin what it is to be."""
    asked = (name for name, rule in rules.fields.items() if isinstance(rule, TextRule | TermsRule))
    names = "|".join(_whole(word) for name in asked for word in _words_for(name, rules))
    begins = rf"(?:^|[;；,，。\n])\s{{0,9}}(?:please\s|the\s|请|把)?({names})\s{{0,3}}[:：]"
    return re.finditer(begins, said, re.IGNORECASE) if names else iter(())


def _inside(quoted: re.Match[str]) -> str:
    return next(part for part in quoted.groups() if part is not None)


def _verb(clause: str) -> Verb | None:
    return next((verb for verb, pattern in _VERBS if re.search(pattern, clause, re.IGNORECASE)), None)


def _named(clause: str, rules: Rules) -> Iterator[str]:
    """The fields a clause names, in the order of the rules."""
    for name, rule in rules.fields.items():
        if isinstance(rule, TextRule | TermsRule) and any(
            re.search(_whole(word), clause, re.IGNORECASE) for word in _words_for(name, rules)
        ):
            yield name


def _words_for(name: str, rules: Rules) -> Iterable[str]:
    """What a field is called, the longest first, so that none is found inside another. What is the name of another
    field means that one."""
    rule = rules.fields[name]
    own = {name, name.replace("_", " "), *_NAMES.get(name, ()), *((SINGULAR[name],) if name in SINGULAR else ())}
    if isinstance(rule, TextRule | TermsRule):
        own.add(label(name, rule).lower())
    own -= rules.fields.keys() - {name}
    return sorted(own, key=lambda word: (-len(word), word))


def _whole(word: str) -> str:
    return re.escape(word) if has_han(word) else rf"\b{re.escape(word)}\b"
