"""place: a post gets its name, and the draft makes room, so that no crash loses or doubles anything.

Always true, at whatever instant the power goes: a complete copy of the author's bytes exists; there is at
most one post per draft and it overwrote nothing; the ledger says how far the job came. What the ledger says
is written after the disk has it, so that whoever comes back finds at least what is claimed:

    keep_original   originals/ID                                then the ledger: accepted
    place           stage/ID                                    then the ledger: staged, with hash and name
                    the draft is unchanged? link stage -> posts  then the ledger: published
                    draft -> retired/ID, and look again
    finish          the ledger: done, with the last step        then stage/ID is removed
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Any

from blogmetad import files
from blogmetad.outcomes import Published, Superseded
from blogmetad.publish import folders
from blogmetad.publish.folders import Folders
from blogmetad.publish.names import Taken, numbered, numbered_on
from blogmetad.publish.records import (
    ACCEPTED,
    DONE,
    FINISHED,
    PUBLISHED,
    STAGED,
    SUPERSEDED,
    WAITING,
    JobLike,
    LedgerLike,
)
from blogmetad.values import Post, Problem, sha256

__all__ = ["Folders", "Found", "Placer", "look"]

_NOT_A_FILE = frozenset({errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO})
_PLACED = (*FINISHED, WAITING)


class Found(Enum):
    """What stands under a name, compared with the bytes that were expected there."""

    GONE = auto()
    OURS = auto()
    OTHER = auto()


def look(path: Path, expected: str | None) -> Found:
    """Compare a file with a hash. A link, folder or device where a file should be is OTHER."""
    try:
        digest = files.digest(path)
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            return Found.OTHER
        raise
    if digest is None:
        return Found.GONE
    return Found.OURS if digest == expected else Found.OTHER


class Placer:
    """Places posts and takes them back; the caller holds the lock of the single instance.

    May be used from several threads, as long as each works on another job: posts get their names one after another.

    Every method raises OSError when a folder fails it (full, read-only, unmounted) and can then simply be
    called again later: it goes on from what the ledger and the disk say.
    """

    def __init__(
        self,
        places: Folders,
        ledger: LedgerLike,
        now: Callable[[], dt.datetime],
        writing: Callable[[Path], bool | None] = lambda _: None,
        taken: Callable[..., Taken] = Taken.of,
    ) -> None:
        """``writing`` tells whether a program has a draft open for writing, as far as that can be told; ``taken``,
        asked by one thread at a time, which names there are in some folders."""
        self.folders = places
        self.ledger = ledger
        self.now = now
        self.writing = writing
        self._taken = taken
        self._naming = threading.RLock()

    def probe(self) -> tuple[Problem, ...]:
        """Everything that would keep posts from being placed here; empty if all is well."""
        return folders.probe(self.folders)

    def source(self, job: JobLike) -> Path:
        """Where the author keeps, or kept, the draft."""
        return self.folders.drafts / job.name

    def keep_original(self, job_id: str, raw: bytes) -> None:
        """Keep the author's bytes. Call it inside the ledger's transaction that opens the job: then there is
        no job without an original, at whatever instant the power goes."""
        path = self.folders.originals / job_id
        found = look(path, sha256(raw))
        if found is Found.OTHER:  # a stranger from a lost ledger that happens to have this id
            self.quarantine(path)
        if found is Found.OURS:
            files.fsync_dir(path.parent)  # it may have got its name a moment before a crash
        else:
            files.write_new(path, raw, mode=0o600)

    def original(self, job_id: str) -> bytes:
        """The author's bytes as they were taken up. Raises FileNotFoundError once they are pruned."""
        return (self.folders.originals / job_id).read_bytes()

    def place(self, job: JobLike, post: Post, proposed: str | None = None) -> Published | Superseded:
        """Put the post into the posts folder, under its name or the next free one, and retire the draft. ``proposed``
        is the name before it was numbered, if it was.

        A job that was staged or published before a crash goes on with the post it has: then ``post`` is not
        looked at. Superseded if the draft is no longer what the post was made of (then nothing is published).
        """
        if PurePosixPath(post.filename).name != post.filename or post.filename.startswith(".") or not post.filename:
            raise ValueError(f"{post.filename!r} is not a file name")
        current = self._current(job.id)
        if current.state in _PLACED:
            raise ValueError(f"job {job.id} is {current.state} already")
        if current.state in (STAGED, PUBLISHED):
            outcome = self.resume(current)
            if outcome is not None:
                return outcome
        with self._naming:
            taken = self._taken(*self.folders.named_in)
            outcome = self._go_on(self._stage(current, post, proposed or post.filename, taken), taken)
        if outcome is None:
            raise OSError(errno.EIO, "the staged post was damaged", str(self.folders.stage / job.id))
        return outcome

    def folders_of(self, job: JobLike) -> Folders:
        """The folders as they were when the job's post was staged, if it was. A post that is half placed goes where it
        was going, whatever the configuration has come to say of the review."""
        staged = self._told(job, STAGED)
        return replace(self.folders, reviewed=bool(staged.get("reviewed")) if staged else self.folders.reviewed)

    def proposed(self, job: JobLike) -> str | None:
        """The name that was proposed for the job's post, whose own may have got a number; None if its author has given
        it another, or nothing is known of it."""
        return self._base(job) if self._told(job, PUBLISHED).get("filename") == job.target else None

    def resume(self, job: JobLike) -> Published | Superseded | None:
        """Carry on with a staged or published job. None if its staged post is damaged: the job is accepted
        again."""
        with self._naming:
            return self._go_on(job, self._taken(*self.folders_of(job).named_in))

    def _go_on(self, job: JobLike, taken: Taken) -> Published | Superseded | None:
        if job.state == STAGED:
            staged = self._link(job, taken)
            if not isinstance(staged, Published):
                return staged
            job = self._current(job.id)
        newer = self.retire(job)
        target, digest = job.target, job.post_sha256
        if target is None or digest is None:
            raise ValueError(f"job {job.id} is {job.state} without a post")
        facts = {"draft": job.name} | ({} if newer is None else {"newer version kept": newer})
        self.ledger.step(job.id, "retired", facts, self.now())
        return Published(target, digest)

    def finish(self, job: JobLike, step_name: str, data: Mapping[str, Any]) -> None:
        """The end of a published job: done (or waiting, in the review folder) and its last step are committed together,
        then the stage is cleared."""
        folders = self.folders_of(job)
        with self.ledger.transaction():
            self.ledger.step(job.id, step_name, data, self.now())
            self.ledger.move(job.id, WAITING if folders.reviewed else DONE, self.now())
        files.remove(folders.stage / job.id)

    def left(self, job: JobLike) -> bool:
        """Whether the draft is no longer there as it was taken up: removed, renamed, or saved again."""
        return self._look_at_draft(job) is not Found.OURS

    def supersede(self, job: JobLike, why: str | None = None) -> Superseded:
        """End a job whose draft is no longer what it was taken up as; a newer version is a job of its own."""
        if why is None:
            gone = self._look_at_draft(job) is Found.GONE
            why = "the draft was removed" if gone else "the draft was saved again"
        with self.ledger.transaction():
            self.ledger.step(job.id, "superseded", {"because": why}, self.now())
            self.ledger.move(job.id, SUPERSEDED, self.now(), target=None, post_sha256=None)
        files.remove(self.folders_of(job).stage / job.id)
        return Superseded()

    def retire(self, job: JobLike) -> str | None:
        """Set the draft aside without ever unlinking it. If the author saved a newer version, that one stays,
        and its name is returned: the draft's own, or the next free one if yet another took it."""
        source, retired = self.source(job), self.folders.retired / job.id
        found = self._look_at_draft(job)
        if files.same_file(source, retired):
            files.fsync_dir(source.parent)
            files.remove(retired)  # a crash came between the two halves of giving a newer version back
        elif look(retired, job.sha256) is Found.OTHER:
            return self._give_back(job)
        if found is Found.OTHER:
            return job.name
        if found is Found.OURS:
            files.move(source, retired)
            if look(retired, job.sha256) is Found.OTHER:
                return self._give_back(job)
        else:
            files.fsync_dir(retired.parent)
            with suppress(FileNotFoundError, NotADirectoryError):
                files.fsync_dir(source.parent)
        return None

    def quarantine(self, path: Path) -> Path:
        """Move something nobody can account for out of the way, on its own mount, under a name that is
        free."""
        folder = path.parent.parent / "quarantine"
        files.make_dir(folder)
        name = next(n for n in numbered(f"{path.parent.name}-{path.name}") if not os.path.lexists(folder / n))
        files.move(path, folder / name)
        return folder / name

    def give(self, file: Path, name: str) -> str:
        """Move ``file`` into the drafts folder as ``name``, or the next free name. Overwrites nothing; a file
        that is there already with the same bytes will do."""
        given = next(candidate for candidate in numbered(name) if self._has_or_gets(candidate, file))
        files.remove(file)
        return given

    def put_back(self, aside: Path, source: Path) -> None:
        """Have a file at ``source`` again that was moved ``aside`` and proves to be its author's; if another was saved
        in its place, both are kept."""
        try:
            files.link_new(aside, source)
        except FileExistsError:
            self.quarantine(aside)
        else:
            files.remove(aside)

    def _has_or_gets(self, name: str, file: Path) -> bool:
        """Whether a draft of this name has the bytes of ``file`` now."""
        draft = self.folders.drafts / name
        files.make_dir(draft.parent, 0o777)
        try:
            files.link_new(file, draft)
        except FileExistsError:
            if look(draft, files.digest(file)) is not Found.OURS:
                return False
            files.fsync_dir(draft.parent)
        return True

    def _stage(self, job: JobLike, post: Post, proposed: str, taken: Taken) -> JobLike:
        path = self.folders.stage / job.id
        files.remove(path)  # from an attempt that never got as far as the ledger
        files.write_new(path, post.content)
        names = numbered_on(post.filename, proposed)
        target = next(self._free(names, post.sha256, taken, self.folders.destination))
        with self.ledger.transaction():
            facts: dict[str, object] = {"filename": target, "bytes": len(post.content), "sha256": post.sha256}
            facts |= {"reviewed": True} if self.folders.reviewed else {}
            facts |= {"proposed": proposed} if proposed != target else {}
            self.ledger.step(job.id, STAGED, facts, self.now())
            return self.ledger.move(job.id, STAGED, self.now(), target=target, post_sha256=post.sha256)

    def _link(self, job: JobLike, taken: Taken) -> Published | Superseded | None:
        folders, target = self.folders_of(job), job.target
        staged = folders.stage / job.id
        if target is None or job.post_sha256 is None:
            raise ValueError(f"job {job.id} is staged without a post")
        if look(folders.destination / target, job.post_sha256) is not Found.OURS:
            if self.left(job):
                return self.supersede(job)
            if self.writing(self.source(job)):
                raise BlockingIOError(errno.EAGAIN, "a program still has the draft open for writing", job.name)
            if look(staged, job.post_sha256) is not Found.OURS:
                files.remove(staged)
                self.ledger.move(job.id, ACCEPTED, self.now(), target=None, post_sha256=None)
                return None
            target = self._link_free(job, staged, folders.destination / target, taken)
        files.fsync_dir(folders.destination)
        with self.ledger.transaction():
            self.ledger.step(job.id, "published", {"filename": target}, self.now())
            self.ledger.move(job.id, PUBLISHED, self.now(), target=target)
        return Published(target, job.post_sha256)

    def _link_free(self, job: JobLike, staged: Path, wanted: Path, taken: Taken) -> str:
        """Link, going on to the next name when somebody took it meanwhile; the ledger knows each name
        beforehand."""
        names = numbered_on(wanted.name, self._base(job) or wanted.name)
        free = self._free(names, job.post_sha256, taken, wanted.parent)
        return next(target for target in free if self._gets(wanted.with_name(target), job, staged))

    def _gets(self, target: Path, job: JobLike, staged: Path) -> bool:
        """Whether our post has this name now, and not somebody else's."""
        if target.name != job.target:
            self.ledger.move(job.id, STAGED, self.now(), target=target.name)
        try:
            files.link_new(staged, target)
        except FileExistsError:
            return look(target, job.post_sha256) is Found.OURS
        return True

    def _look_at_draft(self, job: JobLike) -> Found:
        """A folder that is away says nothing about its drafts. Raises FileNotFoundError then."""
        found = look(self.source(job), job.sha256)
        if found is Found.GONE and not self.folders.drafts.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the drafts folder is away", str(self.folders.drafts))
        return found

    def _free(self, names: Iterator[str], post_sha256: str | None, taken: Taken, home: Path) -> Iterator[str]:
        """The names no post has in any spelling, and the one our own post already has."""
        return (
            name
            for name in names
            if PurePosixPath(name).stem not in taken or look(home / name, post_sha256) is Found.OURS
        )

    def _give_back(self, job: JobLike) -> str:
        return self.give(self.folders.retired / job.id, job.name)

    def _base(self, job: JobLike) -> str | None:
        """The name that the names of the job's post are numbered on."""
        staged = self._told(job, STAGED)
        return staged.get("proposed") or staged.get("filename")

    def _told(self, job: JobLike, name: str) -> Mapping[str, Any]:
        """What the job's latest step of this name says; nothing if it has none."""
        return next((step.data for step in reversed(self.ledger.steps(job.id)) if step.name == name), {})

    def _current(self, job_id: str) -> JobLike:
        job = self.ledger.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job
