"""recover: what a crash, a power cut or a lost ledger left half done is carried on, or told. Runs at every
start.

Nothing is decided by memory: each job's row in the ledger is held against what lies on the disk. A job that
was only accepted is for the caller to do again, from its original. With no ledger at all, nothing is deleted:
what cannot be accounted for goes into quarantine, and a draft whose text is already published is recognised
by its body's hash.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from blogmetad import files
from blogmetad.offered import offered_post
from blogmetad.outcomes import Published
from blogmetad.publish import undo
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import ACCEPTED, DUPLICATE, PUBLISHED, STAGED, UNDONE, JobLike

Action = Literal["redo", "finished", "superseded", "undone", "cleared", "quarantined", "failed"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one job or stray file; ``message`` is a whole sentence. ``redo`` asks the caller to do
    the job again; ``failed`` means a folder did not let us, and the next start tries again."""

    job_id: str
    action: Action
    message: str


def recover(placer: Placer) -> tuple[Recovered, ...]:
    """Bring every unfinished job to where it can stand, then account for files without a job.

    Jobs that come out ``finished`` are done in the ledger, but have no journal entry yet.
    """
    recovered: list[Recovered] = []
    files.fsync_dir(placer.folders.state)  # our folders may have been made a moment before a crash
    for job in placer.ledger.jobs(ACCEPTED, STAGED, PUBLISHED, UNDONE, newest_first=False):
        if offered_post(job.name) is not None:
            continue  # offer.py and exchange.py know how
        try:
            recovered += _job(placer, job)
        except OSError as error:
            recovered.append(Recovered(job.id, "failed", f"Job {job.id} could not be recovered: {error}."))
    return (*recovered, *_strays(placer))


def _job(placer: Placer, job: JobLike) -> Iterator[Recovered]:
    if job.state == UNDONE:
        if undo.unfinished(placer, job):
            yield _undone(placer, job)
    elif job.state == ACCEPTED:
        yield _accepted(placer, job)
    else:
        yield _placed(placer, job)


def _accepted(placer: Placer, job: JobLike) -> Recovered:
    twin = next((step.data.get("post") for step in placer.ledger.steps(job.id) if step.name == "duplicate"), None)
    if isinstance(twin, str) and placer.left(job) and look(placer.folders.retired / job.id, job.sha256) is Found.OURS:
        placer.retire(job)  # to have it synced: a crash may have come a moment after the draft was moved
        placer.ledger.move(job.id, DUPLICATE, placer.now(), target=twin)
        return Recovered(job.id, "finished", f"The draft {job.name} was set aside: {twin} has the same text.")
    if look(placer.folders.originals / job.id, job.sha256) is Found.OURS:
        return Recovered(job.id, "redo", f"The draft {job.name} had been taken up and is done again.")
    source = placer.source(job)
    if look(source, job.sha256) is Found.OURS:
        placer.keep_original(job.id, source.read_bytes())
        return Recovered(job.id, "redo", f"The draft {job.name} is done again; its original had to be copied anew.")
    placer.supersede(job)
    message = f"The draft {job.name} changed or left while its original was missing; a newer version is a new job."
    return Recovered(job.id, "superseded", message)


def _placed(placer: Placer, job: JobLike) -> Recovered:
    outcome = placer.resume(job)
    if outcome is None:
        return Recovered(job.id, "redo", f"The staged post of {job.name} was damaged, so it is made again.")
    if not isinstance(outcome, Published):
        message = f"The draft {job.name} changed or left before its post had a name, so nothing was published."
        return Recovered(job.id, "superseded", message)
    target = placer.folders_of(job).destination / outcome.filename
    message = f"The draft {job.name} is published as {outcome.filename}."
    if look(target, outcome.sha256) is Found.GONE:
        message = f"The post {outcome.filename} was removed again by hand, so it is not published a second time."
    placer.finish(job, "recovered", {"message": message})
    return Recovered(job.id, "finished", message)


def _undone(placer: Placer, job: JobLike) -> Recovered:
    result = undo.complete(placer, job)
    if isinstance(result, undo.Refused):
        return Recovered(job.id, "finished", result.reason)
    assert isinstance(result, undo.Undone)
    return Recovered(job.id, "undone", f"The draft {result.draft} is back; taking it back had been interrupted.")


def _strays(placer: Placer) -> tuple[Recovered, ...]:
    """Files of ours that no job, or no unfinished job, accounts for."""
    known = _Known(placer)
    folders = placer.folders
    recovered: list[Recovered] = []
    for path in folders.state.glob(".*.tmp-*"):
        files.remove(path)
    for folder in (*folders.kept, *folders.stages):
        for path in sorted(folder.iterdir()):
            if files.is_temporary(path.name):
                files.remove(path)
                continue
            job = placer.ledger.get(path.name)
            if job is None:
                recovered.append(_unknown(placer, known, path))
            elif folder in folders.stages and job.state not in (STAGED, PUBLISHED):
                files.remove(path)  # the post has its name, or is made again from the original
    return tuple(recovered)


def _unknown(placer: Placer, known: _Known, path: Path) -> Recovered:
    kind = path.parent.name
    if kind in ("originals", "stage") and not known.ledger_lost and files.digest(path) in known.hashes:
        files.remove(path)
        message = f"A left-over of {path.name} in {kind} was removed; the same bytes are a draft or a post."
        return Recovered(path.name, "cleared", message)
    kept = placer.quarantine(path)
    message = f"The file {path.name} in {kind} belongs to no job in the ledger; it is kept as {kept}."
    return Recovered(path.name, "quarantined", message)


class _Known:
    """The bytes that exist as drafts and posts, hashed only when a stray makes it necessary."""

    def __init__(self, placer: Placer) -> None:
        self._placer = placer

    @cached_property
    def ledger_lost(self) -> bool:
        return not self._placer.ledger.jobs(limit=1)

    @cached_property
    def hashes(self) -> frozenset[str]:
        folders = self._placer.folders
        return frozenset(chain(*map(_hashes, (folders.drafts, folders.posts, folders.destination))))


def _hashes(folder: Path) -> Iterator[str]:
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(top, name)
            if path.is_file() and not path.is_symlink():
                digest = files.digest(path)
                if digest is not None:
                    yield digest
