"""exchange: a published post and the new version of it that its author approved change places.

The post's former bytes are kept beside those of withdrawn posts; revert.py brings them back. The intent is in the
ledger before anything moves, and what came of it after the disk has it, so a crash in between is settled at the next
start:

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
from pathlib import Path
from typing import Any

from blogmetad import files
from blogmetad.offered import offered_post
from blogmetad.outcomes import Published
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import WAITING, JobLike, Refused
from blogmetad.values import sha256

EXCHANGING, EXCHANGED, LEFT = "exchanging", "exchanged", "not exchanged"
UNABLE = (errno.EOPNOTSUPP, errno.EXDEV)
"""How a file system says that it cannot exchange two files."""


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
    path, post, aside = where(placer, job)
    reason = _unfit(placer, path, job.sha256)
    if reason is not None:
        return Refused(reason)
    if look(aside, None) is not Found.GONE:
        placer.quarantine(aside)
    with placer.ledger.transaction():
        current = placer.ledger.get(job.id)
        if current is None or current.state != WAITING:
            return Refused(f"The fields for {path} were taken back meanwhile.")
        placer.ledger.step(job.id, EXCHANGING, {"sha256": sha256(content)}, placer.now())
    try:
        with suppress(FileNotFoundError):
            files.write_new(aside, content, mode=stat.S_IMODE(post.stat().st_mode))
            if exchange_if(post, job.sha256, aside):
                _yield_to_writer(placer, post, aside, sha256(content))
    except OSError as error:
        settle(placer, job)
        if error.errno not in UNABLE:
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
    path, post, aside = where(placer, job)
    new = str(last[1]["sha256"])
    there, kept = look(post, new), look(aside, job.sha256)
    if kept is Found.OURS or (there is Found.OURS and kept is Found.GONE):
        sync(post, aside)
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
    return Published(where(placer, job)[0], str(last[1]["sha256"])) if last and last[0] == EXCHANGED else None


def is_under_way(placer: Placer, job: JobLike) -> bool:
    """Whether the post is being exchanged, or has been and the job is not done yet."""
    last = _last(placer, job, EXCHANGING, EXCHANGED, LEFT)
    return job.state == WAITING and last is not None and last[0] != LEFT


def _unfit(placer: Placer, path: str, digest: str) -> str | None:
    """Why a post is not exchanged. Raises BlockingIOError while a program writes it."""
    post = placer.folders.posts / path
    found = look(post, digest)
    if found is Found.OURS:
        if placer.writing(post):
            raise BlockingIOError(errno.EAGAIN, "a program still has the post open for writing", str(post))
        return None
    what = "is no longer there" if found is Found.GONE else "was changed since these fields were made for it"
    return (
        f"The post {path} {what}, so both are kept as they are. Take what you want over by hand and remove this file, "
        f"or have fields made anew: blogmetad backfill --again {path}"
    )


def _last(placer: Placer, job: JobLike, *names: str) -> tuple[str, Mapping[str, Any]] | None:
    steps = (step for step in reversed(placer.ledger.steps(job.id)) if step.name in names)
    return next(((step.name, step.data) for step in steps), None)


def where(placer: Placer, job: JobLike) -> tuple[str, Path, Path]:
    """The path of the post below its folder, the post, and where its other version is kept. Raises OSError if that
    folder is away."""
    path = offered_post(job.name)
    if path is None:
        raise ValueError(f"job {job.id} offers nothing for a published post")
    posts = placer.folders.posts
    return path, posts / path, placer.folders.withdrawn_from(posts) / job.id


def sync(*paths: Path) -> None:
    """Have the names of files on the disk, which a crash may have kept from getting there."""
    for path in paths:
        with suppress(FileNotFoundError):
            files.fsync_dir(path.parent)
