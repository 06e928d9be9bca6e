"""Two backtests side by side: what a change of rules or model did, on the posts that both have. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from blogmetad.backtest.result import Case, Means, Measure, Result, means


@dataclass(frozen=True, slots=True)
class Change:
    """A measure of a field before and after; None where one side has no value for it."""

    field: str
    measure: Measure
    old: float | None
    new: float | None

    @property
    def difference(self) -> float | None:
        """By how much it is better now."""
        return None if self.old is None or self.new is None else self.new - self.old


@dataclass(frozen=True, slots=True)
class Moved:
    """A post whose scores changed, and by how much on average over its fields."""

    old: Case
    new: Case

    @property
    def difference(self) -> float:
        """By how much it is better now."""
        return self.new.main - self.old.main


@dataclass(frozen=True, slots=True)
class Comparison:
    """``posts`` is how many both results have; ``moved`` are those that changed, the most changed first."""

    posts: int
    changes: tuple[Change, ...]
    rules_kept: tuple[float, float]
    seconds: tuple[float, float]
    moved: tuple[Moved, ...]


def compare(old: Result, new: Result) -> Comparison:
    """The second result against the first. Raises ValueError if they have no post in common."""
    before = {case.post: case for case in old.cases}
    after = [case for case in new.cases if case.post in before]
    if not after:
        raise ValueError("it has no post in common with this backtest")
    pairs = [Moved(before[case.post], case) for case in after]
    moved = [pair for pair in pairs if pair.old.fields != pair.new.fields or pair.old.faults != pair.new.faults]
    return Comparison(
        posts=len(pairs),
        changes=tuple(_changes(means([pair.old for pair in pairs]), means(after))),
        rules_kept=(_kept([pair.old for pair in pairs]), _kept(after)),
        seconds=(_median([pair.old for pair in pairs]), _median(after)),
        moved=tuple(sorted(moved, key=lambda pair: (-abs(pair.difference), pair.new.post))),
    )


def _changes(old: Means, new: Means) -> Iterator[Change]:
    for field in dict.fromkeys((*new, *old)):
        before, after = old.get(field, {}), new.get(field, {})
        for measure in dict.fromkeys((*after, *before)):
            yield Change(field, measure, before.get(measure), after.get(measure))


def _kept(cases: list[Case]) -> float:
    return statistics.fmean(not case.faults for case in cases)


def _median(cases: list[Case]) -> float:
    return statistics.median(case.seconds for case in cases)
