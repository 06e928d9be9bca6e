"""The words a post is found by: Latin words in lower case, and pairs of neighbouring Chinese characters. Pure.

Pairs stand in for words, which Chinese does not mark; Latin names inside Chinese prose (a product, a protocol) carry a
match from one language to the other.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

QUERY = 40
"""How many words of a draft are looked for: the most telling ones."""

_RUN = re.compile(
    r"[a-z0-9][a-z0-9+#.]*[a-z0-9+#]|[a-z0-9]|[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
_COPIED = 0.85


def words(text: str) -> Iterator[str]:
    """The words of a text, in order and with repetitions."""
    for run in _RUN.findall(text.lower()):
        if run[0] < "\u3000" or len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))


def telling(bag: Counter[str], holders: Mapping[str, int], posts: int) -> list[str]:
    """The words to look for: often in this text, in few of the ``posts``; ``holders`` counts those that have a word."""

    def weight(word: str) -> float:
        rarity = math.log(1 + (posts - holders[word] + 0.5) / (holders[word] + 0.5))
        return (1 + math.log(bag[word])) * rarity

    known = (word for word in bag if holders.get(word))
    return sorted(known, key=lambda word: (-weight(word), word))[:QUERY]


def is_copy(one: Counter[str], other: Counter[str]) -> bool:
    """Whether one text holds nearly all of the other: an earlier or a later version of it."""
    shorter = min(one.total(), other.total())
    return shorter > 0 and (one & other).total() >= _COPIED * shorter
