"""late: what a program wrote into a draft that it still had open when the draft had long become a post.

A draft is retired by renaming it, so such a program goes on writing into the retired one. These bytes are nowhere else,
and nobody would look for them there: they come back as a draft.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blogmetad import files
from blogmetad.publish.names import numbered
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import DONE, DUPLICATE, WAITING, JobLike


@dataclass(frozen=True, slots=True)
class Late:
    """A retired draft that has changed: its job, where it is, and the hash and size it has now. ``name`` is the one it
    can have in the drafts folder."""

    job: JobLike
    path: Path
    name: str
    sha256: str
    size: int


class Retired:
    """The retired drafts, of which only those are looked at that have changed since the last time."""

    def __init__(self, placer: Placer) -> None:
        self._placer = placer
        self._seen: dict[str, tuple[int, int]] = {}

    def late(self) -> Iterator[Late]:
        """Those that are no longer what was published, and that nobody is writing at present. Raises OSError."""
        with os.scandir(self._placer.folders.retired) as entries:
            states = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
        seen = {name: (status.st_size, status.st_mtime_ns) for name, status in states.items()}
        changed = [name for name in sorted(seen) if self._seen.get(name) != seen[name]]
        self._seen = seen
        for name in changed:
            job = self._placer.ledger.get(name)
            if job is None or job.state not in (DONE, WAITING, DUPLICATE) or _untouched(job, states[name]):
                continue
            late = self._look(job)
            if late is not None:
                del self._seen[name]  # until it has been brought back
                if not self._placer.writing(late.path):
                    yield late

    def _look(self, job: JobLike) -> Late | None:
        path = self._placer.folders.retired / job.id
        if look(path, job.sha256) is not Found.OTHER:
            return None
        digest, size = files.digest(path), path.stat().st_size
        drafts = self._placer.folders.drafts
        name = next(name for name in numbered(job.name) if look(drafts / name, digest) is not Found.OTHER)
        return None if digest is None else Late(job, path, name, digest, size)


def _untouched(job: JobLike, status: os.stat_result) -> bool:
    """Whether a file is as long as it was and was not written since it was read, as far as its own times tell."""
    return status.st_size == job.size and status.st_mtime < job.settled.timestamp()
