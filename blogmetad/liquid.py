"""Liquid, Jekyll's template language, in a text that was not meant for it: what would stop the build of the whole site.

Text is taken apart as Liquid 4 and 5 do it. Only what both of them refuse is a fault; which tags there are besides the
usual ones is known to a site's plugins alone. Pure, and linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from blogmetad.values import Draft, Problem

SWITCH = "render_with_liquid"
"""The field by which a post has Jekyll leave its body alone."""

MOST = 10
"""Faults that are told of one text."""

SHOWN = 40
"""Characters of a tag that are shown."""

ADVICE = (
    "Jekyll would stop there and build nothing of the site. Correct it, or put {% raw %} above and {% endraw %} below "
    "what is only to be shown."
)

BLOCKS = frozenset(["capture", "case", "comment", "for", "highlight", "if", "ifchanged", "raw", "tablerow", "unless"])
PLAIN = frozenset(
    (
        "assign",
        "break",
        "continue",
        "cycle",
        "decrement",
        "include",
        "include_relative",
        "increment",
        "link",
        "post_url",
    )
)
BETWEEN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "else": frozenset(("case", "for", "if", "unless")),
        "elsif": frozenset(("if", "unless")),
        "when": frozenset(("case",)),
    }
)
"""Tags that only stand directly inside of others."""

_NAME = re.compile(r"\{%-?\s*(\w+)", re.ASCII)
_COMMENT = re.compile(r"\{%-?\s*#", re.ASCII)
_DASHED = re.compile(r"\{%-")
_LANGUAGE = re.compile(r"[a-zA-Z0-9.+#_-]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that Liquid does not get over, on a line of the text (from 1). ``cause`` is a sentence without its
    stop."""

    line: int
    cause: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The faults of a text, and the tags in it that only a plugin can know, each with its first line."""

    faults: tuple[Fault, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the text that Liquid looks at: with the name of its tag, if it has one."""

    text: str
    line: int
    name: str


def read(text: str) -> Reading:
    """What Liquid would make of a text."""
    if "{%" not in text and "{{" not in text:
        return Reading()
    reader = _Reader(text)
    reader.read()
    return Reading(tuple(sorted(reader.faults, key=lambda fault: fault.line)[:MOST]), tuple(reader.unknown.items()))


def problems(draft: Draft) -> tuple[Problem, ...]:
    """What in a draft's body would stop the build of the site, by its lines in the file."""
    if draft.fields.get(SWITCH) is False:
        return ()
    above = draft.raw[: len(draft.raw) - len(draft.body)].count(b"\n")
    return tuple(
        Problem("draft.liquid", f"{draft.name}, line {above + fault.line}: {fault.cause}. {ADVICE} Save it again then.")
        for fault in read(draft.text).faults
    )


class _Reader:
    """Follows one text, keeping the blocks that are open."""

    def __init__(self, text: str) -> None:
        self.faults: list[Fault] = []
        self.unknown: dict[str, int] = {}
        self._tokens = tuple(_tokens(text))
        self._open: list[_Token] = []
        self._names: Counter[str] = Counter()
        self._places: dict[str, list[int]] = {}
        for place, token in enumerate(self._tokens):
            self._places.setdefault(token.name, []).append(place)

    def read(self) -> None:
        place = 0
        while place < len(self._tokens):
            place = self._take(place)
        for token in self._open:
            self._unclosed(token)

    def _take(self, place: int) -> int:
        """Take in a token; the place of the next one to look at."""
        token = self._tokens[place]
        if token.text.startswith("{{"):
            if not token.text.endswith("}}") or len(token.text) < len("{{}}"):
                self._fault(token, f"{_shown(token)} is not closed by '}}}}'")
        elif not token.text.endswith("%}") or len(token.text) < len("{%%}"):
            self._fault(token, f"{_shown(token)} is not closed by '%}}'")
        elif token.name == "raw":
            return self._behind_raw(token, place)
        elif token.name == "comment":
            return self._behind(token, self._next("endcomment", place))
        elif token.name:
            return self._tag(token, place)
        elif not _COMMENT.match(token.text):
            self._fault(token, f"{_shown(token)} is a tag without a name")
        return place + 1

    def _tag(self, token: _Token, place: int) -> int:
        name, closes = token.name, token.name.removeprefix("end")
        if name in BLOCKS:
            self._open.append(token)
            self._names[name] += 1
            if name == "highlight" and not _LANGUAGE.match(token.text[token.text.index(name) + len(name) :].lstrip()):
                self._fault(token, f"{_shown(token)} names no language")
        elif name in BETWEEN:
            if not self._open or self._open[-1].name not in BETWEEN[name]:
                self._fault(token, f"{_shown(token)} stands in no block that it belongs to")
        elif closes in BLOCKS and closes != name:
            self._close(token, closes)
        elif name not in PLAIN:
            self.unknown.setdefault(name, token.line)
            end = self._next(f"end{name}", place)
            return place + 1 if end is None else end + 1
        return place + 1

    def _close(self, token: _Token, block: str) -> None:
        if not self._names[block]:
            self._fault(token, f"{_shown(token)} closes nothing")
            return
        while (last := self._open.pop()).name != block:
            self._names[last.name] -= 1
            self._unclosed(last)
        self._names[block] -= 1

    def _behind(self, token: _Token, end: int | None) -> int:
        """Behind a block whose inside is not looked at."""
        if end is None:
            self._unclosed(token)
            return len(self._tokens)
        return end + 1

    def _behind_raw(self, token: _Token, place: int) -> int:
        end = next((n for n in range(place + 1, len(self._tokens)) if _ends_raw(self._tokens[n])), None)
        if end is not None and _DASHED.match(self._tokens[end].text, self._tokens[end].text.rindex("{%")):
            self._open.clear()  # some versions of Liquid do not take it for the end: nothing more is sure
            return len(self._tokens)
        return self._behind(token, end)

    def _next(self, name: str, place: int) -> int | None:
        places = self._places.get(name, [])
        found = bisect_right(places, place)
        return places[found] if found < len(places) else None

    def _unclosed(self, token: _Token) -> None:
        self._fault(token, f"{_shown(token)} is never closed by '{{% end{token.name} %}}'")

    def _fault(self, token: _Token, cause: str) -> None:
        self.faults.append(Fault(token.line, cause))


def _tokens(text: str) -> Iterator[_Token]:
    """The text as Liquid cuts it: a tag reaches to the next '%}', a value to the next '}' and one more, if there is
    one; a beginning without an end stands alone."""
    ends = {"%": "%}", "{": "}"}
    start, seen, line = text.find("{"), 0, 1
    while start >= 0:
        kind, at = text[start + 1 : start + 2], start + 1
        if kind in "%{" and kind:
            end = text.find(ends[kind], start + 2) if ends[kind] else -1
            if end < 0:
                ends[kind] = ""  # nor is there one for any that follows
                at = start + 2
            else:
                at = end + len(ends[kind])
                at += kind == "{" and text.startswith("}", at)
            piece = text[start:at]
            named = _NAME.match(piece)
            line += text.count("\n", seen, start)
            seen = start
            yield _Token(piece, line, named[1] if named else "")
        start = text.find("{", at)


def _ends_raw(token: _Token) -> bool:
    """Whether a raw block ends here; something may stand before the tag."""
    last = _NAME.match(token.text, max(token.text.rfind("{%"), 0)) if token.text.endswith("%}") else None
    return last is not None and last[1] == "endraw"


def _shown(token: _Token) -> str:
    text = " ".join(token.text.split())
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}…'"
