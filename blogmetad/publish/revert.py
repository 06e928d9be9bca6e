"""revert: what was offered for a published post is taken back. While it waits, the file is withdrawn; once it was
approved, the post has its former bytes again.

As with a draft, the intent stands in the ledger before anything moves.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blogmetad import files
from blogmetad.publish.exchange import UNABLE, exchange_if, is_under_way, sync, where
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import DONE, INTENT, RESTORED, UNDONE, WAITING, JobLike, Refused


@dataclass(frozen=True, slots=True)
class Reverted:
    """An offer was taken back. ``post`` is the published post, below the posts folder, which has its former bytes again
    if it was exchanged; ``withdrawn`` is the file that waited in the review folder, None if there was none any more."""

    post: str
    exchanged: bool
    withdrawn: str | None = None


def refusal(placer: Placer, job: JobLike) -> str | None:
    """Why an offer cannot be taken back now, as whole sentences; None if it can."""
    if job.state not in (DONE, WAITING):
        return f"Job {job.id} is {job.state}; only fields that wait for you or were approved can be taken back."
    if not placer.folders.posts.is_dir():
        return f"The folder {placer.folders.posts} is away, so nothing can be told or moved there; mount it first."
    path, post, aside = where(placer, job)
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
        path, *_ = where(placer, current)
        facts = {"was": str(current.state), "post": path if current.state == DONE else current.target}
        placer.ledger.step(job.id, INTENT, facts, placer.now())
        intended = placer.ledger.move(job.id, UNDONE, placer.now())
    return complete(placer, intended, facts)


def complete(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> Reverted | Refused:
    """Carry out what was intended, also after a crash. Raises OSError."""
    return _revert(placer, job) if facts["was"] == DONE else _withdraw(placer, job)


def _withdraw(placer: Placer, job: JobLike) -> Reverted | Refused:
    path, *_ = where(placer, job)
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
    path, post, aside = where(placer, job)
    ours = str(job.post_sha256)
    if look(post, job.sha256) is not Found.OURS:
        if look(aside, job.sha256) is not Found.OURS:
            if look(aside, None) is not Found.GONE:
                placer.quarantine(aside)
            files.write_new(aside, placer.original(job.id), mode=_mode(post))
        try:
            done = exchange_if(post, ours, aside)
        except OSError as error:
            if error.errno not in UNABLE:
                raise
            unable = f"The file system of {post.parent} cannot exchange two files; the former one is kept as {aside}."
            return _refused(placer, job, DONE, unable)
        if not done:
            return _refused(placer, job, DONE, f"The post {path} was edited just now, so it is left as it is.")
    elif look(aside, ours) is Found.OTHER and look(aside, job.sha256) is Found.OTHER:
        # It was edited just before it was exchanged, and a crash kept it from going back.
        exchange_if(post, job.sha256, aside)
        return _refused(placer, job, DONE, f"The post {path} was edited meanwhile, so it is left as it is.")
    sync(post, aside)
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


def _waiting(placer: Placer, name: str) -> Path:
    return (placer.folders.review or placer.folders.posts) / name


def _original(placer: Placer, job: JobLike) -> Path:
    return placer.folders.originals / job.id


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0o666
