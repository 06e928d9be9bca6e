"""The comparison of proposals with what authors wrote, as Markdown. Figures only: no word of a post is in it. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from blogmetad.backtest.result import Case, Measure

HEADINGS = ("tags P", "R", "F1", "category", "title", "summary", "language %", "rules %", "s a post")
GAINS = (
    "tag F1, times plain",
    "tag F1, times neighbours",
    "tag F1, above neighbours",
    "category",
    "title",
    "summary",
)
WANTED = 1.15
"""How many times the neighbours' tag F1 has to be reached. What is wanted of the plain way depends on the corpus."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one way made of the posts. ``model`` is empty for the one that needs none; ``writes``: also texts."""

    name: str
    model: str
    cases: tuple[Case, ...]
    writes: bool = True

    def mean(self, field: str, measure: Measure) -> float | None:
        """A measure's mean over the posts that have it."""
        found = [value for case in self.cases if (value := _value(case, field, measure)) is not None]
        return statistics.fmean(found) if found else None

    @property
    def right_language(self) -> float:
        """The share of posts in which everything proposed is in its language."""
        return statistics.fmean(
            all(scored.measures.get("language", 1.0) == 1.0 for scored in case.fields.values()) for case in self.cases
        )

    @property
    def rules_kept(self) -> float:
        """The share of posts that ``rules check`` has nothing against."""
        return statistics.fmean(not case.faults for case in self.cases)


@dataclass(frozen=True, slots=True)
class Compared:
    """All ways on the same posts of one corpus. ``posts`` it has; ``summary`` is the field that says what a post is
    about; ``timed`` are the posts by which seconds are told."""

    corpus: str
    posts: int
    summary: str
    sides: tuple[Side, ...]
    timed: frozenset[str]

    def side(self, name: str, model: str) -> Side:
        """The way of that name with that model."""
        return next(side for side in self.sides if (side.name, side.model) == (name, model))


@dataclass(frozen=True, slots=True)
class Gain:
    """How one way's tag F1 relates to another's on the same posts: ratio, mean difference and its standard error."""

    ratio: float
    difference: float
    error: float


def gain(ours: Side, theirs: Side) -> Gain:
    """By how much the first is better, post by post."""
    other = {case.post: _value(case, "tags", "f1") for case in theirs.cases}
    pairs = [
        (mine, yours)
        for case in ours.cases
        if (mine := _value(case, "tags", "f1")) is not None and (yours := other[case.post]) is not None
    ]
    differences = [mine - yours for mine, yours in pairs]
    best = statistics.fmean(mine for mine, _ in pairs)
    base = statistics.fmean(yours for _, yours in pairs)
    error = statistics.stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else 0.0
    return Gain(best / base if base else float("inf"), statistics.fmean(differences), error)


def table(compared: Compared) -> Iterator[str]:
    """The measures of every way on one corpus, a row each."""
    cases = len(compared.sides[0].cases)
    yield f"### {compared.corpus}: {cases} of {compared.posts} posts"
    yield ""
    yield _row(("way", "model", *HEADINGS))
    yield _row(("---", "---", *("---:" for _ in HEADINGS)))
    for side in compared.sides:
        yield _row((side.name, side.model or "none", *_figures(side, compared)))


def verdict(compared: Sequence[Compared]) -> Iterator[str]:
    """What blogmetad is against the others, and whether that is enough."""
    yield _row(("corpus", "model", *GAINS))
    yield _row(("---", "---", *("---:" for _ in GAINS)))
    for one in compared:
        for ours in one.sides:
            if ours.name == "blogmetad":
                yield _row((one.corpus, ours.model, *_verdict(one, ours)))


def ablation(corpus: str, summary: str, sides: Sequence[Side]) -> Iterator[str]:
    """What each part is worth: the same posts with one part taken away at a time."""
    yield f"### {corpus}, {sides[0].model}, {len(sides[0].cases)} posts"
    yield ""
    yield _row(("", *HEADINGS))
    yield _row(("---", *("---:" for _ in HEADINGS)))
    for side in sides:
        timed = frozenset(case.post for case in side.cases)
        yield _row((side.name, *_figures(side, Compared(corpus, 0, summary, (side,), timed))))


def conditions(facts: Mapping[str, object]) -> Iterator[str]:
    """What a reader needs to judge the figures."""
    for name, value in facts.items():
        yield f"- {name}: {value}"


def _verdict(compared: Compared, ours: Side) -> Iterator[str]:
    plain, near = compared.side("plain", ours.model), compared.side("neighbours", "")
    to_plain, to_near = gain(ours, plain), gain(ours, near)
    yield f"{to_plain.ratio:.2f}"
    yield f"{to_near.ratio:.2f}{_met(to_near.ratio >= WANTED)}"
    yield f"{to_near.difference:+.3f} ± {to_near.error:.3f}"
    hits = [side.mean("categories", "hit") for side in (ours, plain, near)]
    if hits[0] is None:
        yield ""
    else:
        other = max(hit or 0.0 for hit in hits[1:])
        yield f"{hits[0]:.2f} against {other:.2f}{_met(hits[0] >= other)}"
    for field in ("title", compared.summary):
        mine, yours = ours.mean(field, "similarity"), plain.mean(field, "similarity")
        yield "" if mine is None or yours is None else f"{mine:.2f} against {yours:.2f}{_met(mine > yours)}"


def _met(enough: bool) -> str:
    return "" if enough else " (missed)"


def _figures(side: Side, compared: Compared) -> Iterator[str]:
    for measure in ("precision", "recall", "f1"):
        yield _number(side.mean("tags", measure))
    yield _number(side.mean("categories", "hit"))
    yield _number(side.mean("title", "similarity") if side.writes else None)
    yield _number(side.mean(compared.summary, "similarity") if side.writes else None)
    yield f"{100 * side.right_language:.0f}"
    yield f"{100 * side.rules_kept:.0f}" if side.writes else ""
    seconds = statistics.median(case.seconds for case in side.cases if case.post in compared.timed)
    yield f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.2f}"


def _value(case: Case, field: str, measure: Measure) -> float | None:
    scored = case.fields.get(field)
    return None if scored is None else scored.measures.get(measure)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
