"""What of a generated line stands in the text it is about: the journal's evidence for a value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blogmetad.rules.script import HAN, latin_words

_HAN_RUN = re.compile(f"[{HAN}]+")
_SHOWN = 5
_FUNCTION_WORDS = frozenset(
    re.findall(r"\S+", "a an and are as at be been but by can do for from has have how i if in into is it its more not")
    + re.findall(r"\S+", "of on or our than that the their them then there these they this to was we were what when")
    + re.findall(r"\S+", "where which who why will with you your")
)
"""Stand in every text, and so say nothing about one."""


def grounds(line: str, text: str) -> tuple[str, ...]:
    """How many of a line's words the text has too, and which; a Chinese line is looked at in pairs of characters."""
    words = list(dict.fromkeys(_words(line)))
    if not words:
        return ()
    folded = text.casefold()
    shared = [word for word in words if word in folded]
    more = ", ..." if len(shared) > _SHOWN else ""
    shown = f" ({', '.join(shared[:_SHOWN])}{more})" if shared else ""
    return (f"{len(shared)} of its {len(words)} words stand in the text{shown}",)


def _words(line: str) -> Iterator[str]:
    """Latin words that say something and are long or have a capital or a digit, and pairs of Chinese characters."""
    telling = (word.casefold() for word in latin_words(line) if len(word) > 3 or not word.islower())
    yield from (word for word in telling if word not in _FUNCTION_WORDS)
    for run in _HAN_RUN.findall(line):
        yield from (run[i : i + 2] for i in range(len(run) - 1))
