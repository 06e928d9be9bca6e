"""What the ledger says in English, in the language of the page. Pure but for the table beside it, which is read once.

The ledger keeps English, so that old ones can be shown as well. What the table does not know is shown as it is, and
parts that are an author's are taken over as they stand. How often a text is tried against the table is bounded, so that
none of an author's making can make this slow.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice
from string import Template

from blogmetad.journal.page.words import Tongue

TABLE = "chinese.txt"

LONGEST = 10_000
"""Characters of a text that is looked at."""

MOST = 20
"""Ways of taking a text apart that are tried at each step. Most have one: in others an author's words are like ours."""

DEEPEST = 6
"""How far sentences may lie within sentences."""

WHOLE = ("sentences", "evidence", "rule", "step")
"""The sections that a text as a whole may be of."""

SERIES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "sentences": (re.compile(r"(?<=[.?)]) "), ""),
    "evidence": (re.compile(", "), "，"),
    "rule": (re.compile(", "), "，"),
    "spellings": (re.compile(" and "), "、"),
    "slugs": (re.compile("; "), "；"),
}
"""Sections of which several may stand in a row: what parts them in English, and in Chinese."""

_NUMBER = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Pair:
    """An English sentence, taken apart into what never changes and the ``holes`` between that, and the Chinese one."""

    english: str
    fixed: tuple[str, ...]
    holes: tuple[str, ...]
    chinese: Template


def in_tongue(said: str, tongue: Tongue) -> str:
    """A sentence, or several one after the other, in a language; as it is, where it is not known in that one."""
    if tongue == "en" or len(said) > LONGEST:
        return said
    return _in_chinese(said) or said


@cache
def table() -> Mapping[str, tuple[Pair, ...]]:
    """What is known in Chinese, by section, in the order in which it is tried."""
    found: dict[str, list[Pair]] = {}
    lines = (files(__package__) / TABLE).read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line and not line.startswith("# ")]
    pairs = found.setdefault("", [])
    while told:
        line = told.pop(0)
        if line.startswith("[") and line.endswith("]"):
            pairs = found.setdefault(line[1:-1], [])
        else:
            pairs.append(_pair(line, told.pop(0)))
    return {section: tuple(pairs) for section, pairs in found.items() if pairs}


def kind(hole: str) -> str:
    """What a hole holds: ``n`` is a number, the name of a section something of that section, any other anything."""
    return hole.rstrip("0123456789")


def _pair(english: str, chinese: str) -> Pair:
    fixed, holes, end = [""], [], 0
    for found in Template.pattern.finditer(english):
        fixed[-1] += english[end : found.start()]
        if found["named"]:
            holes.append(found["named"])
            fixed.append("")
        else:
            fixed[-1] += found["escaped"]
        end = found.end()
    fixed[-1] += english[end:]
    return Pair(english, tuple(fixed), tuple(holes), Template(chinese))


@lru_cache(maxsize=2048)
def _in_chinese(said: str) -> str | None:
    reader = _Reader()
    return next((found for section in WHOLE if (found := reader.read(said, section)) is not None), None)


class _Reader:
    """Looks one text up, and remembers what it has found of its parts."""

    def __init__(self) -> None:
        self._known = table()
        self._found: dict[tuple[str, str], str | None] = {}
        self._depth = 0

    def read(self, said: str, section: str) -> str | None:
        """A text of a section in Chinese; None if it is none of that section's."""
        place = (said, section)
        if place not in self._found:
            if self._depth == DEEPEST:
                return None
            self._depth += 1
            self._found[place] = self._row(said, section) if section in SERIES else self._one(said, section)
            self._depth -= 1
        return self._found[place]

    def _row(self, said: str, section: str) -> str | None:
        """Several of a section, each as short as it can be."""
        between, joint = SERIES[section]
        ends = [*(found.span() for found in between.finditer(said)), (len(said), len(said) + 1)]
        ways = [self._steps(said, section, ends, 0, ())]
        tried: set[int] = set()
        while ways:
            start, done = next(ways[-1], (None, ()))
            if start is None:
                ways.pop()
            elif start > len(said):
                return joint.join(done)
            elif start not in tried:
                tried.add(start)
                ways.append(self._steps(said, section, ends, start, done))
        return None

    def _steps(
        self, said: str, section: str, ends: Sequence[tuple[int, int]], start: int, done: tuple[str, ...]
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The first of those from ``start`` on, by where what follows begins, and with it all that are ``done``."""
        near = ends[bisect_right(ends, (start, len(said))) :]
        for end, after in near if len(near) <= MOST else (*near[:MOST], near[-1]):
            told = self._one(said[start:end], section)
            if told is not None:
                yield after, (*done, told)

    def _one(self, said: str, section: str) -> str | None:
        for pair in self._known[section]:
            for parts in islice(_taken_apart(said, pair.fixed), MOST):
                told = self._told(pair, parts)
                if told is not None:
                    return told
        return None

    def _told(self, pair: Pair, parts: tuple[str, ...]) -> str | None:
        """The Chinese sentence with its holes filled; None if what stands in them is not of their kinds."""
        values: dict[str, str] = {}
        for hole, part in zip(pair.holes, parts, strict=True):
            value = self._filling(hole, part)
            if value is None or values.setdefault(hole, value) != value:
                return None
        return pair.chinese.substitute(values)

    def _filling(self, hole: str, part: str) -> str | None:
        wanted = kind(hole)
        if wanted == "n":
            return part if _NUMBER.fullmatch(part) else None
        return self.read(part, wanted) if wanted in self._known else part


def _taken_apart(said: str, fixed: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every way in which a text consists of these pieces and something between them: that. The shortest first."""
    if len(fixed) == 1:
        if said == fixed[0]:
            yield ()
    elif said.startswith(fixed[0]) and said.endswith(fixed[-1]):
        yield from _between(said, len(fixed[0]), fixed[1:])


def _between(said: str, start: int, fixed: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(fixed) == 1:
        end = len(said) - len(fixed[0])
        if end >= start:
            yield (said[start:end],)
        return
    place = said.find(fixed[0], start)
    while place >= 0:
        found = False
        for parts in _between(said, place + len(fixed[0]), fixed[1:]):
            found = True
            yield (said[start:place], *parts)
        if not found:  # nor is there a way from any later place
            return
        place = said.find(fixed[0], place + 1)
