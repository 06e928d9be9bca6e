"""The options by which several commands choose drafts."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from blogmetad.journal.ledger import State
from blogmetad.journal.selection import OUTCOMES, Selection, since

SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="Only those that arrived since: 12h, 3d, 2w, or a day as 2026-11-24.", metavar="WHEN"),
]
OutcomeOption = Annotated[
    list[str] | None,
    typer.Option("--outcome", help="Only those with this outcome; may be repeated.", metavar="OUTCOME"),
]
TagOption = Annotated[
    str | None, typer.Option("--tag", help="Only those whose post got this tag or category.", metavar="TERM")
]
ChangedOption = Annotated[
    str | None,
    typer.Option(
        "--changed", help="Only those where the check changed what the model proposed for FIELD.", metavar="FIELD"
    ),
]


def selection(
    when: str | None,
    outcomes: list[str] | None,
    tag: str | None,
    changed: str | None,
    now: dt.datetime,
) -> Selection:
    """What the options ask for. Raises BadParameter, which names what can be said instead."""
    return Selection(_moment(when, now), _states(outcomes or []), tag or None, changed or None)


def _moment(when: str | None, now: dt.datetime) -> dt.datetime | None:
    if not when:
        return None
    try:
        return since(when, now)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"'{when}' is no time; say 12h, 3d, 2w, or a day as {now:%Y-%m-%d}", param_hint="--since"
        ) from None


def _states(outcomes: list[str]) -> tuple[str, ...]:
    states: list[str] = []
    for outcome in outcomes:
        known = OUTCOMES.get(outcome) or ((outcome,) if outcome in set(State) else None)
        if known is None:
            words = ", ".join(dict.fromkeys((*OUTCOMES, *State)))
            raise typer.BadParameter(f"'{outcome}' is no outcome; there are {words}", param_hint="--outcome")
        states += known
    return tuple(dict.fromkeys(states))
