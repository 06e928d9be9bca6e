"""What in a body explains that some posts have a field: headings, a kind of code block, math, or the language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from blogmetad.rules.features import Features
from blogmetad.rules.learn.sample import Sample
from blogmetad.rules.schema import When

PRECISION, OTHERS = 0.7, 0.35
"""At least this share of the posts that meet a condition have the field, at most that share of the others."""

FEWEST = 3
"""Fewer posts that meet a condition and have the field are a coincidence."""

MOST_HEADINGS = 12


@dataclass(frozen=True, slots=True)
class Explained:
    """A condition, how well it tells the posts with a field from those without, and whom it tells wrongly."""

    when: When
    evidence: str
    wrong: tuple[str, ...]


def explain(name: str, samples: Sequence[Sample], having: Sequence[bool]) -> Explained | None:
    """The condition that tells clearly better than chance which posts have a field; None if none does.

    Chance is to say of every post what holds for most of them; a condition has to be wrong half as often.
    """
    chance = min(sum(having), len(having) - sum(having))
    best: tuple[float, Explained] | None = None
    for when in _conditions(name, samples):
        meets = [met(when, s.body) for s in samples]
        explained = _held_against(when, samples, having, meets)
        if explained is None or len(explained.wrong) > chance / 2:
            continue
        # Of two that tell equally well the one named after the field was tried first.
        score = -float(len(explained.wrong))
        if best is None or score > best[0]:
            best = (score, explained)
    return best[1] if best else None


def met(when: When, body: Features) -> bool:
    """Whether a body meets a condition."""
    if when.headings is not None:
        return body.headings >= when.headings
    if when.fence is not None:
        return when.fence.lower() in body.fences
    return body.language == when.language if when.language is not None else body.math


def described(when: When) -> str:
    """A condition as it follows "posts"."""
    if when.headings is not None:
        return f"with {when.headings} or more headings"
    if when.fence is not None:
        return f"with a {when.fence} block"
    if when.language is not None:
        return f"in {'Chinese' if when.language == 'zh' else 'English'}"
    return "with math"


def _conditions(name: str, samples: Sequence[Sample]) -> Iterator[When]:
    """All conditions worth trying, those first that the name of the field suggests."""
    fences = sorted({fence for s in samples for fence in s.body.fences if fence in name.lower() or name in fence})
    counts = sorted({s.body.headings for s in samples})
    headings = [When(headings=n) for n in counts if 1 <= n <= MOST_HEADINGS]
    math = [When(math=True)]
    if "toc" in name.lower():
        yield from headings
    yield from (When(fence=fence) for fence in fences)
    if "toc" not in name.lower():
        yield from math
        yield from headings
    yield from (When(language="zh"), When(language="en"))


def _held_against(
    when: When, samples: Sequence[Sample], having: Sequence[bool], meets: Sequence[bool]
) -> Explained | None:
    meeting = sum(meets)
    others = len(samples) - meeting
    both = sum(a and b for a, b in zip(meets, having, strict=True))
    strays = sum(having) - both
    if both < FEWEST or others < FEWEST or both < PRECISION * meeting or strays > OTHERS * others:
        return None
    wrong = tuple(s.post.path for s, a, b in zip(samples, meets, having, strict=True) if a != b)
    return Explained(when, f"{both} of {meeting} posts {described(when)} have it, {strays} of {others} others", wrong)
