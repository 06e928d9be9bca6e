"""The words a post is found by, and the copies it has. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

QUERY, HOLDERS = 40, 3000
"""How many words of a draft are looked for at most, the most telling ones, and how many posts may have them, each word
counted: every one of those is weighed. It keeps a large blog as fast as a small one."""

_COPIED, _GROWN = 0.85, 2.0
_AT_ONCE = 200


def telling(bag: Counter[str], holders: Mapping[str, int], posts: int) -> list[str]:
    """The words to look for: often in this text, in few of the ``posts``; ``holders`` counts those that have a word."""

    def weight(word: str) -> float:
        rarity = math.log(1 + (posts - holders[word] + 0.5) / (holders[word] + 0.5))
        return (1 + math.log(bag[word])) * rarity

    known = (word for word in bag if holders.get(word))
    ranked = sorted(known, key=lambda word: (-weight(word), word))[:QUERY]
    weighed = list(accumulate(map(holders.__getitem__, ranked)))
    return ranked[: max(1, bisect_right(weighed, HOLDERS))]


def is_copy(one: Counter[str], other: Sequence[str]) -> bool:
    """Whether one text holds nearly all words of the other and is not much longer: an earlier or a later version."""
    shorter, longer = sorted((one.total(), len(other)))
    if not 0 < longer <= _GROWN * shorter:
        return False
    # What stands in the other and not in this one at all is not shared, and quickly counted: soon too much, mostly.
    strange, most = 0, len(other) - _COPIED * shorter
    for start in range(0, len(other), _AT_ONCE):
        part = other[start : start + _AT_ONCE]
        strange += len(part) - sum(map(one.__contains__, part))
        if strange > most:
            return False
    return (one & Counter(other)).total() >= _COPIED * shorter
