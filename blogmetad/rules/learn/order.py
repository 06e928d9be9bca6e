"""The order of fields that most posts keep, from the orders of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations


def merged(orders: Iterable[Sequence[str]], names: Sequence[str]) -> tuple[str, ...]:
    """``names`` in one order that contradicts as few of ``orders`` as can be.

    The most used field comes first into the list; each further one takes the place that most pairs agree on, the last
    of those that do equally well.
    """
    wanted = set(names)
    before: Counter[tuple[str, str]] = Counter()
    for order in orders:
        before.update(combinations([name for name in order if name in wanted], 2))
    found: list[str] = []
    for name in names:
        gain, best, place = 0, 0, len(found)
        for i in range(len(found) - 1, -1, -1):
            gain += before[name, found[i]] - before[found[i], name]
            if gain > best:
                best, place = gain, i
        found.insert(place, name)
    return tuple(found)
