"""The posts as learning sees them, and the few numbers that sum many of them up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blogmetad.rules.features import Features, features
from blogmetad.values import PublishedPost, YamlValue

MOST, HALF, NEARLY_ALL = 0.8, 0.5, 0.95
"""Shares: what most posts do is their habit, what nearly all have is required."""

FEW = 6
"""Below this many posts there is no habit yet, and the defaults count as much as what was seen."""

RECENT = 20
"""How many of the newest posts show what is done today."""

TAIL = 0.02
"""Share of the posts at either end that bounds need not hold: at about 95 of 100 posts they do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A post with the features of its body, which are read once. ``filled`` has the fields that are not empty."""

    post: PublishedPost
    body: Features
    filled: dict[str, YamlValue]


def sample(post: PublishedPost) -> Sample:
    """Read what a post has to say: a key with nothing behind it says nothing."""
    return Sample(post, features(post.text), {name: value for name, value in post.fields.items() if is_filled(value)})


def is_filled(value: YamlValue) -> bool:
    """Whether there is a value at all: ``description:`` has none."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list | dict):
        return bool(value)
    return value is not None


def line_of(value: YamlValue) -> str | None:
    """A value as one line of text; None for a list, a map or a flag, which are none."""
    if isinstance(value, bool | list | dict) or value is None:
        return None
    return " ".join(str(value).split())


def of(part: int, whole: int, noun: str = "posts") -> str:
    """A share as people say it: ``58 of 60 posts``, ``all 60 posts``."""
    if part == whole and whole > 1:
        return f"all {whole} {noun}"
    return f"{part} of {count(whole, noun.removesuffix('s'))}"


def count(number: int, noun: str = "post") -> str:
    """A number with its noun: ``1 post``, ``7 posts``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def inner_range(values: Sequence[int]) -> tuple[int, int]:
    """The least and the greatest of ``values`` without the few at both ends."""
    ordered = sorted(values)
    cut = math.floor(TAIL * len(ordered))
    return ordered[cut], ordered[-1 - cut]


def median(values: Sequence[int]) -> int:
    """The value in the middle."""
    return sorted(values)[(len(values) - 1) // 2]
