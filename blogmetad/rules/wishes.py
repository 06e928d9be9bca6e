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

Verb: TypeAlias = Literal["add", "remove", "replace"]

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
)
_SHORTER = re.compile(
    r"\bshort(?:er|en)\b|\btoo long\b|\bbrief(?:er)?\b|\bconcise\b|\btrim\b|太长|更短|短一|短些|缩短|精简|简短|简洁"
)
_LONGER = re.compile(r"\blong(?:er)\b|\blengthen\b|\btoo short\b|\bmore detail|太短|更长|长一|长些|更?详细|展开")
_CLAUSE = re.compile(
    r"[,，;；。!！\n]+|\.(?=\s|$)|然后|并且?|\band then\b|\bthen\b"
    r"|\band\b(?=\s+(?:add|remove|drop|delete|include|make|change|shorten|write|use|replace)\b)"
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
    + re.findall(r"\w+", "更多 更好 更少 一些 几个 别的 其他 少一些 多一些 少一点 多一点 更准确 更具体")
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of one field.

    ``text``: exactly this. ``added`` and ``removed``: these terms, the others stay. Without any of them the field is
    written or chosen anew, as ``words``, the author's own, and ``length`` say.
    """

    field: str
    words: str
    text: str | None = None
    length: Literal["shorter", "longer"] | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it says all there is to say, so that no model is needed."""
        return self.text is not None or bool(self.added or self.removed)


@dataclass(slots=True)
class _Reader:
    """Reads clause after clause; what one leaves open goes on in the next ("add the tags moe, llm")."""

    rules: Rules
    vocabularies: Mapping[str, Vocabulary]
    held: Sequence[str]
    fields: tuple[str, ...] = ()
    verb: Verb | None = None
    wishes: dict[str, Wish] = field(default_factory=dict)

    def read(self, clause: str) -> None:
        named = tuple(_named(clause, self.rules))
        verb = _verb(clause)
        if named or verb:
            self.fields, self.verb = named or self.fields, verb
        for name in self.fields:
            wish = self.wishes.get(name, Wish(name, ""))
            said = self._shown(clause)
            wish = replace(wish, words=f"{wish.words}, {said}" if wish.words else said)
            rule = self.rules.fields[name]
            self.wishes[name] = self._terms(wish, clause) if isinstance(rule, TermsRule) else self._text(wish, clause)

    def _text(self, wish: Wish, clause: str) -> Wish:
        quoted = _HELD.search(clause)
        if quoted is not None and self.verb in (None, "replace"):
            return replace(wish, text=self.held[int(quoted[1])])
        length = "longer" if _LONGER.search(clause) else "shorter" if _SHORTER.search(clause) else wish.length
        return replace(wish, length=length)

    def _terms(self, wish: Wish, clause: str) -> Wish:
        found = list(dict.fromkeys(self._spelt(wish.field, term) for term in self._parts(clause)))
        match self.verb:
            case "replace" if len(found) == 2:
                return replace(wish, removed=(*wish.removed, found[0]), added=(*wish.added, found[1]))
            case "remove":
                return replace(wish, removed=(*wish.removed, *found))
            case "add":
                return replace(wish, added=(*wish.added, *found))
            case _:
                return wish

    def _parts(self, clause: str) -> Iterator[str]:
        """The terms a clause names: what is left of it without verbs, fields and filling words."""
        rest = clause
        for _, pattern in _VERBS:
            rest = re.sub(pattern, "/", rest, flags=re.IGNORECASE)
        for name in self.rules.fields:
            for word in _words_for(name, self.rules):
                rest = re.sub(_whole(word), "/", rest, flags=re.IGNORECASE)
        for part in _BETWEEN.split(rest):
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
        return _HELD.sub(lambda found: self.held[int(found[1])], text).strip()


def understand(words: str, rules: Rules, vocabularies: Mapping[str, Vocabulary]) -> tuple[Wish, ...] | Problem:
    """What the author wants, field by field in the order they name them.

    ``vocabularies`` has the vocabulary of each field that holds terms. A Problem if no field is named.
    """
    if len(words) > LONGEST:
        return Problem("revise.long", f"That are {len(words)} characters; say it in {LONGEST} or less.")
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(next(part for part in found.groups() if part is not None))
        return f"\x00{len(held) - 1}\x00"

    reader = _Reader(rules, vocabularies, held)
    for clause in _CLAUSE.split(_QUOTED.sub(hold, words.replace("\x00", " "))):
        if clause.strip():
            reader.read(clause.strip())
    blank = next((each.field for each in reader.wishes.values() if each.text is not None and not each.text.strip()), "")
    if blank:
        message = f"Nothing stands between the quotes for '{blank}'. Say what it is to be, or edit the file."
        return Problem("revise.blank", message)
    if reader.wishes:
        return tuple(reader.wishes.values())
    known = ", ".join(name for name, rule in rules.fields.items() if isinstance(rule, TextRule | TermsRule))
    message = f"None of the fields that can be revised is named in '{words.strip()}'. Name one or more of: {known}."
    return Problem("revise.field", message)


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
