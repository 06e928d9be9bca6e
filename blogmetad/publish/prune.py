"""prune: the kept copies of drafts that ended long ago are removed, however the clock was set meanwhile.

How long ago is told by the steps in the ledger, in the order they were written: what lies between two of them counts
for no more than a share of the time that copies are kept. So a clock set ahead by years ages a copy by that share, and
one that is set back again makes it younger by as much. Where little is published, copies stay longer than they have to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from blogmetad import files
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import FINISHED, UNDONE, JobLike
from blogmetad.publish.undo import INTENT, RESTORED

NEWEST = 20
"""So many jobs keep their copies whatever the clock says."""

SHARE = 4
"""Between two steps no more passes than this part of the time that copies are kept."""


def prune(placer: Placer, keep: dt.timedelta, now: dt.datetime) -> tuple[str, ...]:
    """Remove the originals, retired drafts and withdrawn posts of jobs that ended longer ago than ``keep``, but for the
    newest; tells their ids. Raises OSError."""
    kept: dict[str, list[Path]] = {}
    for folder in placer.folders.kept:
        for path in sorted(folder.iterdir()):
            kept.setdefault(path.name, []).append(path)
    known = ages(placer.ledger.latest_first(), now, keep / SHARE)
    ended = [job for job_id in known if job_id in kept and (job := placer.ledger.get(job_id)) and job.state in FINISHED]
    pruned = set()
    for job in ended[NEWEST:]:
        for path in kept[job.id]:
            if known[job.id] > keep and not _needed(placer, job, path):
                files.remove(path)
                pruned.add(job.id)
    return tuple(sorted(pruned))


def ages(steps: Iterable[tuple[str, dt.datetime]], now: dt.datetime, most: dt.timedelta) -> Mapping[str, dt.timedelta]:
    """How long ago the last step of each job was, the newest first; below zero where the clock was set back.

    ``steps`` are their jobs and times, the newest first; between two of them, and since then, at most ``most`` passed.
    """
    found: dict[str, dt.timedelta] = {}
    age, after = dt.timedelta(), now.astimezone(dt.UTC)
    for job_id, at in steps:
        age += min(max(after - at.astimezone(dt.UTC), -most), most)
        found.setdefault(job_id, age)
        after = at
    return found


def _needed(placer: Placer, job: JobLike, path: Path) -> bool:
    """Whether these bytes may exist nowhere else: an editor that kept the draft open wrote on after it was retired, or
    an undo has begun and not given the draft back."""
    if path.parent == placer.folders.retired and look(path, job.sha256) is Found.OTHER:
        return True
    names = [step.name for step in placer.ledger.steps(job.id) if step.name in (INTENT, RESTORED)]
    return job.state == UNDONE and names[-1:] != [RESTORED]
