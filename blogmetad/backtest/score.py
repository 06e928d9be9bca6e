"""How well a proposed value agrees with the author's. Pure.

Terms are compared as sets, texts as bags of units, both by precision, recall and their harmonic mean (F1). A unit is a
word without its case and plural ending or, in writing without spaces, a pair of neighbouring characters; for a pair of
a text and itself the F1 is 1, for two without a common word it is 0. Meaning is not measured: another good title with
other words gets nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from blogmetad.rules.script import CJK, fits, is_in, key, latin_words
from blogmetad.values import Language

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_UNSPACED = re.compile(f"[{CJK}]+")


@dataclass(frozen=True, slots=True)
class Agreement:
    """``precision`` is the share of what was proposed that is right, ``recall`` the share of what is right that was
    proposed."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def terms(proposed: Sequence[str], wanted: Sequence[str]) -> Agreement:
    """Two lists of terms; case, spaces and hyphens do not count, nor does the order."""
    return _agreement(Counter(set(map(key, proposed))), Counter(set(map(key, wanted))))


def text(proposed: str, wanted: str) -> Agreement:
    """Two lines of text, by the units they share; a unit that stands twice counts twice. HTML tags are no text."""
    return _agreement(Counter(units(proposed)), Counter(units(wanted)))


def hit(proposed: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the first of the proposed terms is one of the wanted ones."""
    return bool(proposed) and key(proposed[0]) in set(map(key, wanted))


def right_language(values: Sequence[str], language: Language, *, terms: bool = False) -> bool:
    """Whether every one of the values can be in ``language``; a Chinese list of terms holds Latin names too."""
    return all(fits(value, language) if terms else is_in(value, language) for value in values)


def units(line: str) -> Iterator[str]:
    """The units of a text: its words, each in the singular and lower case, and its pairs of CJK characters; one that
    stands by itself is a unit of its own."""
    plain = unicodedata.normalize("NFKC", _TAG.sub(" ", line)).casefold()
    yield from map(_singular, latin_words(plain))
    for run in _UNSPACED.findall(plain):
        if len(run) == 1:
            yield run
        yield from (left + right for left, right in pairwise(run))


def _singular(word: str) -> str:
    """A word without its plural ending; cutting too much does no harm, since both sides are cut alike."""
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _agreement(proposed: Counter[str], wanted: Counter[str]) -> Agreement:
    common = (proposed & wanted).total()
    return Agreement(
        precision=common / proposed.total() if proposed else 0.0,
        recall=common / wanted.total() if wanted else 0.0,
    )
