"""Names of files: the suffix, and what slugs look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from blogmetad.rules.learn.findings import DEFAULT_FILENAME, Deviation
from blogmetad.rules.learn.sample import FEW, HALF, Sample, of
from blogmetad.rules.schema import SlugRule

WITHIN = 0.95
"""Share of the slugs that a limit lets pass."""


@dataclass(frozen=True, slots=True)
class Named:
    """The pattern of file names and the rule of slugs, with what was counted."""

    filename: str
    slug: SlugRule
    filename_evidence: str
    slug_evidence: str
    deviations: tuple[Deviation, ...]


def learn_names(samples: Sequence[Sample]) -> Named:
    """What the names of the posts' files have in common."""
    if not samples:
        return Named(DEFAULT_FILENAME, SlugRule(), "the default", "the default", ())
    suffixes = Counter(_suffix(s) for s in samples)
    suffix = max((".md", ".markdown"), key=lambda each: suffixes[each])
    slugs = [s.post.slug for s in samples]
    raised = [any(c.isupper() for c in slug) for slug in slugs]
    keep = sum(raised) > HALF * len(slugs)
    words, lengths = [len(_words(slug)) for slug in slugs], [len(slug) for slug in slugs]
    defaults = SlugRule()
    few = len(samples) < FEW
    rule = SlugRule(
        case="keep" if keep else "lower",
        max_words=defaults.max_words if few else min(max(_at(words), 1), 20),
        max_length=defaults.max_length if few else min(max(_at(lengths), 8), 80),
    )
    kind = "with capitals" if keep else "in lower case"
    deviations = (
        Deviation(f"The slug is not {kind}.", _paths(samples, [each != keep for each in raised])),
        Deviation(f"The file does not end in {suffix}.", _paths(samples, [_suffix(s) != suffix for s in samples])),
    )
    return Named(
        f"{{date}}-{{slug}}{suffix}",
        rule,
        f"{suffix} in {of(suffixes[suffix], len(samples))}",
        f"{of(sum(each == keep for each in raised), len(slugs))} {kind}; 95 of 100 within these limits",
        tuple(each for each in deviations if each.paths),
    )


def _paths(samples: Sequence[Sample], deviating: Sequence[bool]) -> tuple[str, ...]:
    return tuple(s.post.path for s, deviates in zip(samples, deviating, strict=True) if deviates)


def _suffix(sample: Sample) -> str:
    return "." + sample.post.path.rpartition(".")[2].lower()


def _words(slug: str) -> list[str]:
    return [word for word in re.split(r"[-_.\s]", slug) if word]


def _at(numbers: Sequence[int]) -> int:
    """The number that ``WITHIN`` of all do not exceed."""
    ordered = sorted(numbers)
    return ordered[min(int(WITHIN * len(ordered)), len(ordered) - 1)]
