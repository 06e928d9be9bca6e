"""Where the time of a draft went, from the times of its steps. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from blogmetad.journal.account import Account

Kind = Literal["waiting", "reading", "writing", "model", "placing"]


@dataclass(frozen=True, slots=True)
class Span:
    """So many seconds of one kind: waiting for the model (its turn, or its loading), the model reading and writing (or
    both, where a server does not tell them apart), placing (the check, and the way to the disk)."""

    kind: Kind
    seconds: float


def spans(account: Account) -> tuple[Span, ...]:
    """The parts of ``account.seconds``, in the order in which they passed; none of a draft that is under way."""
    total = account.seconds
    if total is None:
        return ()
    asked, answered = _last(account, "digest"), _last(account, "proposed", "refused")
    if asked is None or answered is None or answered < asked:
        return (Span("placing", total),)
    usage = [attempt.usage for attempt in account.attempts]
    reading, writing = sum(each.prefill_seconds for each in usage), sum(each.decode_seconds for each in usage)
    model = (answered - asked).total_seconds()
    waiting = max(0.0, (asked - account.begun).total_seconds())
    # Beside other drafts, the model's own seconds are fewer than those that passed until it had answered.
    if reading + writing > 0.0:
        waiting += max(0.0, model - reading - writing)
        shrink = min(1.0, model / (reading + writing))
        parts = [Span("reading", reading * shrink), Span("writing", writing * shrink)]
    else:
        parts = [Span("model", model)]
    placing = max(0.0, total - waiting - sum(part.seconds for part in parts))
    return (Span("waiting", waiting), *parts, Span("placing", placing))


def _last(account: Account, *names: str) -> dt.datetime | None:
    """When the last step of these names was taken in the work on the draft."""
    until = account.finished
    worked = [each.at for each in account.moments if each.name in names and (until is None or each.at <= until)]
    return worked[-1] if worked else None
