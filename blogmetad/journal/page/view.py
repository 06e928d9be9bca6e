"""An account as the page shows it: grouped, measured and worded, but without any HTML. Pure."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from blogmetad.journal import brief
from blogmetad.journal.account import Account, Attempt, Field
from blogmetad.journal.difference import Piece, pieces
from blogmetad.journal.entry import Story
from blogmetad.journal.statistics import PUBLISHED, count, week_of
from blogmetad.journal.timing import Span, spans

Group = Literal["published", "parked", "held", "other"]

WEEKS = 26
"""Weeks in the chart: half a year."""

_LABELS = {"done": "published", "accepted": "working", "staged": "working", "waiting": "approval"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a chart: from where to where, in thousandths of its width."""

    name: str
    start: float
    width: float
    value: float


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the post or of the model: what speaks for it, and whether the post has it."""

    name: str
    taken: bool
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that could not be used, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A field: what was proposed against what the post has. ``marked`` is the way from the one to the other, empty
    where nothing was changed; ``own`` are the terms the model thought of itself; ``asked`` is whether it was asked."""

    field: Field
    refused: tuple[Refused, ...]
    marked: tuple[Piece, ...]
    own: tuple[Term, ...]
    terms: tuple[Term, ...]
    evidence: tuple[str, ...]
    asked: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """A field that a revision changed, and the way from the one value to the other."""

    field: str
    marked: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Revised:
    """A revision: the author's words, and what they changed."""

    at: dt.datetime
    words: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step: when, which, and in a few words what."""

    at: dt.datetime
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do about a draft, as it is typed."""

    what: Literal["approve", "revise", "undo", "show"]
    line: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft on the page. ``label`` and ``group`` name its outcome in few and in very few words."""

    account: Account
    label: str
    group: Group
    arrived: dt.datetime
    until: dt.datetime | None
    seconds: float | None
    rows: tuple[Row, ...]
    revised: tuple[Revised, ...]
    bars: tuple[Bar, ...]
    steps: tuple[StepLine, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day and the drafts that arrived on it, the latest first."""

    date: dt.date
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Drafts in numbers. ``weeks`` has each of the last half year with its drafts, ``highest`` of them at most."""

    drafts: int
    groups: tuple[tuple[Group, int], ...]
    median: float | None
    weeks: tuple[tuple[str, int], ...]
    highest: int


def days(drafts: Sequence[Draft]) -> tuple[Day, ...]:
    """Drafts by the day of their arrival, in the order given."""
    grouped = itertools.groupby(drafts, key=lambda draft: draft.arrived.date())
    return tuple(Day(date, tuple(each)) for date, each in grouped)


def overview(accounts: Sequence[Account], now: dt.datetime) -> Overview:
    """Drafts in numbers, up to the week of ``now``, in its time zone."""
    counted = count(accounts, now.tzinfo or dt.UTC)
    groups: Counter[Group] = Counter(_group(account.outcome) for account in accounts)
    by_name = {week.name: week.drafts for week in counted.weeks}
    weeks = tuple((name, by_name.get(name, 0)) for name in _weeks(now))
    return Overview(
        drafts=len(accounts),
        groups=tuple((group, groups[group]) for group in ("published", "parked", "held", "other") if groups[group]),
        median=counted.seconds.median if counted.seconds else None,
        weeks=weeks,
        highest=max((number for _, number in weeks), default=0),
    )


def draft(story: Story, account: Account, zone: dt.tzinfo) -> Draft:
    """One draft as the page shows it."""
    return Draft(
        account=account,
        label=_LABELS.get(account.outcome, account.outcome),
        group=_group(account.outcome),
        arrived=account.arrived.astimezone(zone),
        until=account.until.astimezone(zone) if account.until else None,
        seconds=account.seconds,
        rows=tuple(_row(field, account) for field in account.fields) or _proposals(account.attempts),
        revised=tuple(
            Revised(
                each.at.astimezone(zone),
                each.words,
                tuple(Edit(edit.field, pieces(edit.before or "", edit.after or "")) for edit in each.changes),
            )
            for each in account.revisions
        ),
        bars=_bars(spans(account)),
        steps=tuple(
            StepLine(step.at.astimezone(zone), step.name, brief.words(step.name, step.data)) for step in story.steps
        ),
        commands=_commands(account),
    )


def _group(outcome: str) -> Group:
    if outcome in PUBLISHED:
        return "published"
    if outcome in ("parked", "waiting"):
        return "parked"
    return "held" if outcome == "held" else "other"


def _row(field: Field, account: Account) -> Row:
    own = tuple(part for part in (field.proposed or "").split(", ") if part) if field.terms else ()
    changed = not field.terms and field.proposed is not None and field.proposed != field.text
    by_term = {term: _evidence(term, field.evidence) for term in field.terms}
    return Row(
        field=field,
        refused=_refused(field.name, account.attempts),
        marked=pieces(field.proposed or "", field.text) if changed else (),
        own=tuple(Term(name, name in field.terms) for name in own),
        terms=tuple(Term(term, True, evidence) for term, evidence in by_term.items()),
        evidence=() if any(by_term.values()) else field.evidence,
        asked=field.proposed is not None or field.name in account.asked,
    )


def _proposals(attempts: Sequence[Attempt]) -> tuple[Row, ...]:
    """What was proposed for a draft that never got a decision."""
    names = dict.fromkeys(name for attempt in attempts for name in attempt.values)
    latest = {name: value for attempt in attempts for name, value in attempt.values.items()}
    return tuple(
        Row(Field(name, "", proposed=latest[name]), _refused(name, attempts), (), (), (), (), asked=True)
        for name in names
    )


def _refused(name: str, attempts: Sequence[Attempt]) -> tuple[Refused, ...]:
    return tuple(
        Refused(attempt.values.get(name, ""), attempt.refused[name]) for attempt in attempts if name in attempt.refused
    )


def _evidence(term: str, evidence: Sequence[str]) -> str:
    """What speaks for one term: the journal writes ``term: why``."""
    return next((line.removeprefix(f"{term}: ") for line in evidence if line.startswith(f"{term}: ")), "")


def _bars(parts: Sequence[Span]) -> tuple[Bar, ...]:
    total = sum(part.seconds for part in parts)
    if total <= 0.0:
        return ()
    starts = itertools.accumulate((part.seconds for part in parts), initial=0.0)
    return tuple(
        Bar(part.kind, 1000 * start / total, 1000 * part.seconds / total, part.seconds)
        for part, start in zip(parts, starts, strict=False)
    )


def _commands(account: Account) -> tuple[Command, ...]:
    id_, waits = account.id, account.outcome == "waiting"
    commands = [Command("approve", f"blogmetad approve {id_}")] if waits else []
    commands += [Command("revise", f'blogmetad revise {id_} "make the title shorter"')] if waits else []
    commands += [Command("undo", f"blogmetad undo {id_}")] if waits or account.outcome in ("done", "duplicate") else []
    return (*commands, Command("show", f"blogmetad journal {id_}"))


def _weeks(now: dt.datetime) -> tuple[str, ...]:
    """The weeks of half a year, the last one that of ``now``."""
    back = (now - dt.timedelta(weeks=number) for number in reversed(range(WEEKS)))
    return tuple(week_of(moment, now.tzinfo or dt.UTC) for moment in back)
