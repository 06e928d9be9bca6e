"""How far a draft has come that is being worked on: told from the ledger alone, so that any process can tell it (pure).

What a draft's steps say reaches the disk with the next change that matters, so the ledger tells when the model was
asked, and not what it has written so far.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from blogmetad.journal.ledger import Job, State, Step
from blogmetad.trials import ENDED, LOST

Stage: TypeAlias = Literal["waiting", "proposing", "placing", "put off"]

WORDS: dict[Stage, str] = {
    "waiting": "waits for the model",
    "proposing": "the model reads and writes",
    "placing": "is being put into its place",
    "put off": "is tried again later",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """The ``stage``, ``since`` when, and the number of the try; ``reason`` why the last one came to nothing."""

    stage: Stage
    since: dt.datetime
    attempt: int
    reason: str = ""

    def seconds(self, now: dt.datetime) -> float:
        """How long the stage has lasted."""
        return max(0.0, (now - self.since).total_seconds())


def progress(job: Job, steps: Sequence[Step]) -> Progress:
    """How far a job has come that has not ended."""
    if job.state in (State.STAGED, State.PUBLISHED):
        return Progress("placing", job.updated, job.attempts)
    ends = [step for step in steps if step.name in (*ENDED, LOST)]
    reason = next((str(step.data.get("reason", "")) for step in reversed(ends) if step.name != "composed"), "")
    if job.attempts > len(ends):
        return Progress("proposing", job.updated, job.attempts, reason)
    if steps and steps[-1].name == "composed":
        return Progress("placing", steps[-1].at, job.attempts)
    if steps and steps[-1].name == "unavailable":
        return Progress("put off", steps[-1].at, job.attempts, reason)
    return Progress("waiting", job.updated, job.attempts + 1, reason)


def usual(done: Sequence[Step]) -> float | None:
    """Seconds a draft took in the middle of these ``done`` steps; None if there is none that tells."""
    told = [step.data.get("seconds") for step in done]
    took = [float(seconds) for seconds in told if isinstance(seconds, int | float)]
    return statistics.median(took) if took else None
