"""The best of several lines: the one the others agree with most. Pure.

A small model's likeliest line is often an odd one; what several of its lines have in common is more often right
(minimum Bayes risk decoding, with the overlap of words as the measure of agreement).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from blogmetad.prose import agreement, words


def most_agreed(lines: Sequence[str], fit: Sequence[bool]) -> int:
    """The position of the line that shares most with all of them; the first of several such lines.

    Where some are ``fit``, it is one of those; the others still have a say.
    """
    bags = [Counter(words(line)) for line in lines]
    shared = [sum(agreement(bag, other) for other in bags) for bag in bags]
    return max(range(len(lines)), key=lambda i: (fit[i], round(shared[i], 6), -i))
