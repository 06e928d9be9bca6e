"""retry: a draft that needs its author, or was taken back, is tried once more as it is, without having been saved.

It becomes a job of its own, as if it had been saved, so that what went wrong before is not held against it.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from dataclasses import dataclass

from blogmetad import files, matter
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.offered import offered_post
from blogmetad.publish.place import Found, Placer, look

NO_DRAFTS = ("draft.kind", "draft.name", "draft.size", "draft.unreadable", "ledger.rebuilt")
"""Rules whose problems are not about a draft's text, so that there is nothing to try."""


@dataclass(frozen=True, slots=True)
class Again:
    """The job as which the draft is tried again, and the one it was before."""

    job: Job
    before: Job


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; ``reason`` is a whole sentence."""

    reason: str


def retry(placer: Placer, ledger: Ledger, job: Job, max_bytes: int, now: dt.datetime) -> Again | Refused:
    """Have a draft tried again by the daemon that runs, or at the next start. Raises OSError."""
    source = placer.source(job)
    refusal = _refusal(job, look(source, job.sha256))
    if refusal is not None:
        return Refused(refusal)
    raw, _ = files.read_stable(source, max_bytes)
    with ledger.transaction():
        if job.state is State.PARKED:
            placer.supersede(job, "it is tried again")
        hashes = job.sha256, matter.body_hash(raw)
        again = ledger.open_job(job.name, *hashes, len(raw), now, now, now)
        ledger.step(again.id, "retried", {"before": job.id, "it was": job.state.value}, now)
    # What closes is looked at: a daemon that watches the folder wakes up. Neither bytes nor times change.
    with suppress(OSError):
        os.close(os.open(source, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    return Again(again, job)


def _refusal(job: Job, found: Found) -> str | None:
    if (path := offered_post(job.name)) is not None:
        return f"{job.name} is no draft; to have fields proposed anew for it: blogmetad backfill --again {path}"
    if job.state not in (State.PARKED, State.UNDONE):
        return f"{job.name} is {job.outcome}; only a draft that needs you, or was taken back, is tried again."
    odd = next((problem for problem in job.problems if problem.rule in NO_DRAFTS), None)
    if odd is not None:
        return odd.message
    if found is Found.GONE:
        return f"{job.name} is no longer in the drafts folder."
    if found is Found.OTHER:
        return f"{job.name} was saved since it was looked at last, so it is tried again anyway."
    return None
