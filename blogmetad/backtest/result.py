"""What came of a backtest: a case for every post and their summary, and how both are read back from JSON. Pure."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from blogmetad.backtest import score
from blogmetad.values import Language

Measure: TypeAlias = Literal["precision", "recall", "f1", "hit", "similarity", "language"]
"""``hit``: the first term is one of the author's. ``similarity``: the F1 of two texts. ``language``: 1 if it is the one
the rules ask for."""

Means: TypeAlias = Mapping[str, Mapping[Measure, float]]
"""Field -> measure -> its mean."""

MAIN: tuple[Measure, ...] = ("f1", "similarity")
"""The measures by which cases are put in order."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One field of one post, each side a tuple of terms or of a single text, empty where there is none.

    ``measures`` has only those that say something: nothing agrees or disagrees with an author who wrote nothing, and
    what was not proposed is in no language.
    """

    author: tuple[str, ...]
    proposed: tuple[str, ...]
    measures: Mapping[Measure, float]

    @property
    def main(self) -> float | None:
        """The F1 of terms or the similarity of texts, if the author wrote any."""
        return next((self.measures[measure] for measure in MAIN if measure in self.measures), None)


@dataclass(frozen=True, slots=True)
class Case:
    """One post replayed. ``faults`` says why its proposal does not keep the rules; none: it does."""

    post: str
    fields: Mapping[str, Scored]
    faults: tuple[str, ...]
    seconds: float

    @property
    def main(self) -> float:
        """The mean of its fields' main measures; 1 if there is nothing to compare with."""
        found = [main for scored in self.fields.values() if (main := scored.main) is not None]
        return statistics.fmean(found) if found else 1.0


@dataclass(frozen=True, slots=True)
class About:
    """What a backtest was made with. ``rules`` is name and version, or how they were learned."""

    site: str
    posts: int
    rules: str
    model: str


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a post took."""

    median: float
    mean: float
    longest: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The means over all cases: each field's measures, the share of cases that keep the rules, the time a post took."""

    about: About
    cases: int
    fields: Means
    rules_kept: float
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Result:
    """Every case and their summary."""

    cases: tuple[Case, ...]
    summary: Summary


def score_terms(proposed: Sequence[str], author: Sequence[str], language: Language) -> Scored:
    """A list of terms against the author's."""
    measures: dict[Measure, float] = {}
    if author:
        agreement = score.terms(proposed, author)
        measures = {"precision": agreement.precision, "recall": agreement.recall, "f1": agreement.f1}
        measures["hit"] = float(score.hit(proposed, author))
    if proposed and language != "any":
        measures["language"] = float(score.right_language(proposed, language, terms=True))
    return Scored(tuple(author), tuple(proposed), measures)


def score_text(proposed: str, author: str, language: Language) -> Scored:
    """A line of text against the author's."""
    measures: dict[Measure, float] = {}
    if author:
        measures["similarity"] = score.text(proposed, author).f1
    if proposed and language != "any":
        measures["language"] = float(score.right_language((proposed,), language))
    return Scored(_line(author), _line(proposed), measures)


def _line(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def summarise(cases: Sequence[Case], about: About) -> Summary:
    """The means over at least one case."""
    seconds = [case.seconds for case in cases]
    return Summary(
        about=about,
        cases=len(cases),
        fields=means(cases),
        rules_kept=statistics.fmean(not case.faults for case in cases),
        seconds=Seconds(statistics.median(seconds), statistics.fmean(seconds), max(seconds)),
    )


def means(cases: Sequence[Case]) -> Means:
    """The mean of each measure over the cases that have it, fields in the order of the first case."""
    found: dict[str, dict[Measure, list[float]]] = {}
    for case in cases:
        for field, scored in case.fields.items():
            for measure, value in scored.measures.items():
                found.setdefault(field, {}).setdefault(measure, []).append(value)
    return {
        field: {measure: statistics.fmean(values) for measure, values in measures.items()}
        for field, measures in found.items()
    }


_CASE = TypeAdapter(Case)
_SUMMARY = TypeAdapter(Summary)


def parse(text: str) -> Result:
    """The result in lines of JSON; a comparison that stands behind it is passed over. Raises ValueError, which says
    what is wrong and in which line."""
    cases: list[Case] = []
    summary: Summary | None = None
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        try:
            values = json.loads(line)
            if isinstance(values, dict) and "summary" in values:
                summary = _SUMMARY.validate_python(values["summary"])
            elif not (isinstance(values, dict) and "comparison" in values):
                cases.append(_CASE.validate_python(values))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"line {number} is no line of a backtest: {place}: {first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number} is not JSON: {error}") from None
    if summary is None or not cases:
        raise ValueError("it has no summary at its end, or no posts; a backtest that was stopped writes none")
    return Result(tuple(cases), summary)
