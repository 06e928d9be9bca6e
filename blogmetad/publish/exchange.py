"""exchange: a published post and the new version of it that its author approved change places, and back again.

The post's former bytes are kept beside those of withdrawn posts. The intent is in the ledger before anything moves, and
what came of it after the disk has it, so a crash in between is settled at the next start:

    withdrawn/ID    the new version                      after the ledger says: exchanging, with its hash
                    post <-> withdrawn/ID, in one step   then the ledger: exchanged

What comes out is looked at. If it is not the version the new one was made of, it goes back: its author saved it
meanwhile.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blogmetad import files
from blogmetad.outcomes import Published
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import DONE, INTENT, RESTORED, UNDONE, WAITING, JobLike, Refused
from blogmetad.values import offered_post, sha256

EXCHANGING, EXCHANGED, LEFT = "exchanging", "exchanged", "not exchanged"
_UNABLE = (errno.EOPNOTSUPP, errno.EXDEV)


@dataclass(frozen=True, slots=True)
class Reverted:
    """An offer was taken back. ``post`` is the published post, below the posts folder, which has its former bytes again
    if it was exchanged; ``withdrawn`` is the file that waited in the review folder, None if there was none any more."""

    post: str
    exchanged: bool
    withdrawn: str | None = None


def exchange_if(path: Path, digest: str, new: Path) -> bool:
    """Give the file at ``path`` and ``new`` each other's names, if the file is the one with this hash; else both stay
    as they are. Raises OSError: EOPNOTSUPP where the file system cannot."""
    placed = files.digest(new)
    try:
        files.exchange(new, path)
    except FileNotFoundError:
        return False
    if look(new, digest) is Found.OURS:
        return True
    _put_back(path, new, placed)
    return False


def _put_back(path: Path, new: Path, placed: str | None) -> None:
    """Have the author's version at ``path`` again, which an exchange with the one of hash ``placed`` brought to
    ``new``. What comes out there in turn was saved meanwhile if it is not what was put in, and goes back as well."""
    while True:
        back = files.digest(new)
        try:
            files.exchange(new, path)
        except FileNotFoundError:
            with suppress(FileExistsError):
                files.link_new(new, path)
                return
        else:
            if look(new, placed) is Found.OURS:
                return
            placed = back


def exchange(placer: Placer, job: JobLike, content: bytes) -> Published | Refused:
    """Put ``content`` in the place of the published post for which the job offered fields, if that is still the version
    they were made for. The caller holds the lock of the single instance.

    Called again after a crash, it goes on from there. Raises OSError; BlockingIOError while a program writes the post.
    """
    done = settle(placer, job)
    if done is not None:
        return done
    path, post, aside = _where(placer, job)
    reason = _unfit(placer, path, job.sha256)
    if reason is not None:
        return Refused(reason)
    with placer.ledger.transaction():
        current = placer.ledger.get(job.id)
        if current is None or current.state != WAITING:
            return Refused(f"The fields for {path} were taken back meanwhile.")
        placer.ledger.step(job.id, EXCHANGING, {"sha256": sha256(content)}, placer.now())
    if look(aside, None) is not Found.GONE:
        placer.quarantine(aside)
    try:
        with suppress(FileNotFoundError):
            files.write_new(aside, content, mode=stat.S_IMODE(post.stat().st_mode))
            if exchange_if(post, job.sha256, aside):
                _yield_to_writer(placer, post, aside, sha256(content))
    except OSError as error:
        settle(placer, job)
        if error.errno not in _UNABLE:
            raise
        return Refused(
            f"The file system of {post.parent} cannot exchange two files. Move the file over the post yourself: that "
            "counts as approved."
        )
    done = settle(placer, job)
    return Refused(f"The post {path} was changed just now. Look at it, and approve again.") if done is None else done


def _yield_to_writer(placer: Placer, post: Path, aside: Path, ours: str) -> None:
    """Give way to a program that opened the post just before it was exchanged: what it still writes is not to be lost.

    Raises BlockingIOError if there is one."""
    if placer.writing(aside) and exchange_if(post, ours, aside):
        raise BlockingIOError(errno.EAGAIN, "a program still has the post open for writing", str(post))


def settle(placer: Placer, job: JobLike) -> Published | None:
    """What became of an exchange, by what lies on the disk; one that a crash cut off is carried on with or put back.
    The post, if it was exchanged. Raises OSError."""
    last = _last(placer, job, EXCHANGING, EXCHANGED, LEFT)
    if last is None or last[0] != EXCHANGING:
        return exchanged(placer, job)
    path, post, aside = _where(placer, job)
    new = str(last[1]["sha256"])
    there, kept = look(post, new), look(aside, job.sha256)
    if kept is Found.OURS or (there is Found.OURS and kept is Found.GONE):
        _sync(post, aside)
        placer.ledger.step(job.id, EXCHANGED, {"post": path, "sha256": new}, placer.now())
        return Published(path, new)
    if kept is Found.OTHER and look(aside, new) is not Found.OURS:
        _give_back(placer, post, aside, new)
    files.remove(aside)
    placer.ledger.step(job.id, LEFT, {"because": "the post is no longer what the fields were made for"}, placer.now())
    return None


def _give_back(placer: Placer, post: Path, aside: Path, ours: str) -> None:
    """The author's version came out of an exchange, and a crash kept it from going back. What stands in its place now
    is kept as well, if it is not ours."""
    if look(post, ours) is Found.OURS:
        exchange_if(post, ours, aside)
    elif look(post, None) is Found.GONE:
        files.link_new(aside, post)
    if look(aside, ours) is not Found.OURS and not files.same_file(aside, post):
        placer.quarantine(aside)


def exchanged(placer: Placer, job: JobLike) -> Published | None:
    """The post, if the ledger says that it was exchanged."""
    last = _last(placer, job, EXCHANGING, EXCHANGED, LEFT)
    return Published(_where(placer, job)[0], str(last[1]["sha256"])) if last and last[0] == EXCHANGED else None


def is_under_way(placer: Placer, job: JobLike) -> bool:
    """Whether the post is being exchanged, or has been and the job is not done yet."""
    last = _last(placer, job, EXCHANGING, EXCHANGED, LEFT)
    return job.state == WAITING and last is not None and last[0] != LEFT


def refusal(placer: Placer, job: JobLike) -> str | None:
    """Why an offer cannot be taken back now, as whole sentences; None if it can."""
    path, post, aside = _where(placer, job)
    if job.state not in (DONE, WAITING):
        return f"Job {job.id} is {job.state}; only fields that wait for you or were approved can be taken back."
    if not placer.folders.posts.is_dir():
        return f"The folder {placer.folders.posts} is away, so nothing can be told or moved there; mount it first."
    if job.state == WAITING:
        if is_under_way(placer, job):
            return f"The post {path} is being exchanged just now. Start 'blogmetad once', and undo again."
        if job.target is not None and look(_waiting(placer, job.target), job.post_sha256) is Found.OTHER:
            return (
                f"The file {job.target} in the review folder was edited, and undoing would take those edits away. "
                "Take it out of there yourself if that is what you want: the post is as it was."
            )
        return None
    if job.target != path:
        return f"The post {path} was renamed to {job.target} since. Its former bytes are kept as {aside}."
    if look(post, job.post_sha256) is not Found.OURS:
        return (
            f"The post {path} is not as it was when its fields were approved; undoing would take edits away. "
            f"Its former bytes are kept as {aside}."
        )
    if look(aside, job.sha256) is not Found.OURS and look(_original(placer, job), job.sha256) is not Found.OURS:
        return f"The former bytes of the post {path} are no longer kept."
    return None


def take_back(placer: Placer, job: JobLike) -> Reverted | Refused:
    """Withdraw an offer that waits, or give the published post its former bytes back if it is still as it was approved.

    The caller sees to it that no other undo is under way. Raises OSError; called again, it goes on from there.
    """
    with placer.ledger.transaction():
        current = placer.ledger.get(job.id) or job
        reason = refusal(placer, current)
        if reason is not None:
            return Refused(reason)
        path, *_ = _where(placer, current)
        facts = {"was": str(current.state), "post": path if current.state == DONE else current.target}
        placer.ledger.step(job.id, INTENT, facts, placer.now())
        intended = placer.ledger.move(job.id, UNDONE, placer.now())
    return complete(placer, intended, facts)


def complete(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> Reverted | Refused:
    """Carry out what was intended, also after a crash. Raises OSError."""
    return _revert(placer, job) if facts["was"] == DONE else _withdraw(placer, job)


def _withdraw(placer: Placer, job: JobLike) -> Reverted | Refused:
    path, *_ = _where(placer, job)
    name, gone = str(job.target), None
    source = _waiting(placer, name)
    if source.parent.is_dir():
        aside = placer.folders.withdrawn_from(source.parent) / job.id
        if look(source, job.post_sha256) is Found.OURS:
            files.move(source, aside)
        if look(aside, job.post_sha256) is Found.OTHER:  # edited between the look and the move
            placer.put_back(aside, source)
            return _refused(placer, job, WAITING, f"The file {name} was edited just now, so it is left where it is.")
        gone = name if look(aside, job.post_sha256) is Found.OURS else None
    _restored(placer, job, {"post": path, "withdrawn": gone})
    return Reverted(path, exchanged=False, withdrawn=gone)


def _revert(placer: Placer, job: JobLike) -> Reverted | Refused:
    path, post, aside = _where(placer, job)
    ours = str(job.post_sha256)
    if look(post, job.sha256) is not Found.OURS:
        if look(aside, job.sha256) is not Found.OURS:
            if look(aside, None) is not Found.GONE:
                placer.quarantine(aside)
            files.write_new(aside, placer.original(job.id), mode=_mode(post))
        try:
            done = exchange_if(post, ours, aside)
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
            unable = f"The file system of {post.parent} cannot exchange two files; the former one is kept as {aside}."
            return _refused(placer, job, DONE, unable)
        if not done:
            return _refused(placer, job, DONE, f"The post {path} was edited just now, so it is left as it is.")
    elif look(aside, ours) is Found.OTHER and look(aside, job.sha256) is Found.OTHER:
        # It was edited just before it was exchanged, and a crash kept it from going back.
        exchange_if(post, job.sha256, aside)
        return _refused(placer, job, DONE, f"The post {path} was edited meanwhile, so it is left as it is.")
    _sync(post, aside)
    _restored(placer, job, {"post": path})
    return Reverted(path, exchanged=True)


def _refused(placer: Placer, job: JobLike, was: str, reason: str) -> Refused:
    with placer.ledger.transaction():
        placer.ledger.step(job.id, RESTORED, {"because": reason}, placer.now())
        placer.ledger.move(job.id, was, placer.now())
    return Refused(reason)


def _restored(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> None:
    with placer.ledger.transaction():
        placer.ledger.step(job.id, RESTORED, facts, placer.now())
        placer.ledger.move(job.id, UNDONE, placer.now())


def _unfit(placer: Placer, path: str, digest: str) -> str | None:
    """Why a post is not exchanged. Raises BlockingIOError while a program writes it, OSError if its folder is away."""
    post = placer.folders.posts / path
    found = look(post, digest)
    if found is Found.OURS:
        if placer.writing(post):
            raise BlockingIOError(errno.EAGAIN, "a program still has the post open for writing", str(post))
        return None
    if not placer.folders.posts.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the posts folder is away", str(placer.folders.posts))
    what = "is no longer there" if found is Found.GONE else "was changed since these fields were made for it"
    return (
        f"The post {path} {what}, so both are kept as they are. Take what you want over by hand and remove this file, "
        f"or have fields made anew: blogmetad backfill --again {path}"
    )


def _last(placer: Placer, job: JobLike, *names: str) -> tuple[str, Mapping[str, Any]] | None:
    steps = (step for step in reversed(placer.ledger.steps(job.id)) if step.name in names)
    return next(((step.name, step.data) for step in steps), None)


def _where(placer: Placer, job: JobLike) -> tuple[str, Path, Path]:
    """The path of the post below its folder, the post, and where its other version is kept."""
    path = offered_post(job.name)
    if path is None:
        raise ValueError(f"job {job.id} offers nothing for a published post")
    posts = placer.folders.posts
    return path, posts / path, placer.folders.withdrawn_from(posts) / job.id


def _waiting(placer: Placer, name: str) -> Path:
    return (placer.folders.review or placer.folders.posts) / name


def _original(placer: Placer, job: JobLike) -> Path:
    return placer.folders.originals / job.id


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0o666


def _sync(*paths: Path) -> None:
    """An exchange that was not ours to see: have its names on the disk."""
    for path in paths:
        with suppress(FileNotFoundError):
            files.fsync_dir(path.parent)
