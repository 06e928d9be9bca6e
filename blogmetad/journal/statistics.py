"""Many drafts in numbers: outcomes, weeks, seconds, what the check changed, terms, models. Pure."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blogmetad.journal.account import Account
from blogmetad.journal.job import outcome_of

PUBLISHED = ("done", "published")


@dataclass(frozen=True, slots=True)
class Week:
    """A week (``2026-W47``, as ISO 8601 counts them), the drafts that arrived in it and the posts that became of
    them."""

    name: str
    drafts: int
    posts: int


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long drafts took for which a model was asked."""

    drafts: int
    median: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over drafts: by outcome, week, field that the check changed, field and term, and model. ``proposed`` has
    how often the model was asked for each field."""

    drafts: int
    outcomes: Mapping[str, int]
    weeks: tuple[Week, ...]
    seconds: Seconds | None
    proposed: Mapping[str, int]
    changed: Mapping[str, int]
    terms: Mapping[str, Mapping[str, int]]
    models: Mapping[str, int]


def count(accounts: Sequence[Account], zone: dt.tzinfo) -> Statistics:
    """``accounts`` in numbers, each kind with the most frequent first, weeks with the latest first."""
    terms: dict[str, Counter[str]] = {}
    for account in accounts:
        for field, term in account.terms if account.became_a_post else ():
            terms.setdefault(field, Counter())[term] += 1
    changed = Counter(name for account in accounts for name in account.changed)
    proposed = Counter(name for account in accounts for name in _proposed(account))
    return Statistics(
        drafts=len(accounts),
        outcomes=_sorted(Counter(outcome_of(account.outcome) for account in accounts)),
        weeks=_weeks(accounts, zone),
        seconds=_seconds([a.seconds for a in accounts if a.attempts and a.seconds is not None]),
        proposed=_sorted(proposed),
        changed=_sorted(changed),
        terms={field: _sorted(counter) for field, counter in sorted(terms.items())},
        models=_sorted(Counter(account.model for account in accounts if account.model)),
    )


def week_of(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """The week of a moment, as ISO 8601 writes it: ``2026-W47``."""
    year, week, _ = moment.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


def _weeks(accounts: Sequence[Account], zone: dt.tzinfo) -> tuple[Week, ...]:
    drafts = Counter(week_of(account.arrived, zone) for account in accounts)
    posts = Counter(week_of(account.arrived, zone) for account in accounts if account.became_a_post)
    return tuple(Week(name, drafts[name], posts[name]) for name in sorted(drafts, reverse=True))


def _seconds(took: Sequence[float]) -> Seconds | None:
    return Seconds(len(took), statistics.median(took), max(took)) if took else None


def _proposed(account: Account) -> set[str]:
    return {name for attempt in account.attempts for name in attempt.values}


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
