"""Record: a job's story from the ledger, written as its Markdown entry."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from blogmetad.journal import entry, folder
from blogmetad.journal.ledger import Job, Ledger

BOOKKEEPING = ("promised", "calling", "announced")
"""Steps by which blogmetad knows what others are still to be told. They tell people nothing."""


def story_of(job: Job, ledger: Ledger) -> entry.Story:
    """A job and its steps as the journal renders them."""
    return entry.Story(
        id=job.id,
        name=job.name,
        outcome=job.state.value,
        sha256=job.sha256,
        size=job.size,
        arrived=job.arrived,
        settled=job.settled,
        target=job.target,
        until=job.until,
        steps=tuple(
            entry.Happened(step.at, step.name, step.data)
            for step in ledger.steps(job.id)
            if step.name not in BOOKKEEPING
        ),
    )


def write_entry(journal: Path, ledger: Ledger, job_id: str, zone: dt.tzinfo, now: dt.datetime) -> None:
    """Render the entry of a job into the ``journal`` folder and remember where. Raises OSError, KeyError."""
    job = ledger.get(job_id)
    if job is None:
        raise KeyError(job_id)
    story = story_of(job, ledger)
    previous = folder.Written(job.entry, job.entry_sha256) if job.entry and job.entry_sha256 else None
    written = folder.write(journal, entry.filename(story, zone), entry.render(story, zone), job.id, previous)
    ledger.move(job.id, job.state, now, entry=written.name, entry_sha256=written.sha256)


def write_entry_or_leave_it(journal: Path, ledger: Ledger, job_id: str, zone: dt.tzinfo, now: dt.datetime) -> None:
    """The same, but a journal that cannot be written is no failure: the next start writes the entry."""
    try:
        write_entry(journal, ledger, job_id, zone, now)
    except (OSError, ValueError):
        job = ledger.get(job_id)
        if job is not None:
            ledger.move(job_id, job.state, now, entry=None, entry_sha256=None)
