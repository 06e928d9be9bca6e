"""undo: the post is withdrawn and the draft is back, byte for byte, as if nothing had happened.

The intent stands in the ledger before anything moves, so a crash in the middle is finished at the next start.
The draft's row says undone with its name and hash: the scanner leaves it alone until the author saves it
again.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blogmetad import files
from blogmetad.offered import offered_post
from blogmetad.publish import revert
from blogmetad.publish.names import numbered
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import DONE, DUPLICATE, INTENT, RESTORED, UNDONE, WAITING, JobLike, Refused
from blogmetad.publish.revert import Reverted
from blogmetad.values import sha256

__all__ = ["INTENT", "RESTORED", "Refused", "Reverted", "Undone", "complete", "refusal", "undo", "unfinished"]


@dataclass(frozen=True, slots=True)
class Undone:
    """The draft is back as ``draft`` (its name below the drafts folder); ``withdrawn`` is the post that was
    taken away, None if there was none any more. ``aside`` is where the retired draft is kept if it had been changed."""

    draft: str
    withdrawn: str | None
    aside: Path | None = None


def undo(placer: Placer, job: JobLike) -> Undone | Reverted | Refused:
    """Take a job back: restore its draft and withdraw its post, if that is still exactly what was
    published; or give a published post its former bytes back. One that was interrupted is carried on with.

    The caller sees to it that no other undo is under way. Raises OSError; called again, it goes on from there.
    """
    current = placer.ledger.get(job.id)
    if current is None:
        raise KeyError(job.id)
    if unfinished(placer, current):
        return complete(placer, current)
    if offered_post(current.name) is not None:
        return revert.take_back(placer, current)
    reason = refusal(placer, current)
    if reason is not None:
        return Refused(reason)
    facts = {"was": str(current.state), "post": None if current.state == DUPLICATE else current.target}
    with placer.ledger.transaction():
        placer.ledger.step(job.id, INTENT, facts, placer.now())
        intended = placer.ledger.move(job.id, UNDONE, placer.now())
    return _carry_out(placer, intended, facts)


def unfinished(placer: Placer, job: JobLike) -> bool:
    """Whether an undone job's draft is not back yet: a crash came in between."""
    return _open_intent(placer, job) is not None


def complete(placer: Placer, job: JobLike) -> Undone | Reverted | Refused:
    """Carry out what a crash interrupted."""
    facts = _open_intent(placer, job)
    if facts is None:
        return Refused(f"Job {job.id} is not being undone.")
    carry_out = revert.complete if offered_post(job.name) is not None else _carry_out
    return carry_out(placer, job, facts)


def _open_intent(placer: Placer, job: JobLike) -> Mapping[str, Any] | None:
    last = next((s for s in reversed(placer.ledger.steps(job.id)) if s.name in (INTENT, RESTORED)), None)
    return last.data if last is not None and last.name == INTENT and job.state == UNDONE else None


def refusal(placer: Placer, job: JobLike) -> str | None:
    """Why a job cannot be taken back now, as whole sentences; None if it can."""
    if offered_post(job.name) is not None:
        return revert.refusal(placer, job)
    if job.state not in (DONE, WAITING, DUPLICATE):  # a published job is still in the daemon's hands
        return f"Job {job.id} is {job.state}; only what was published, waits for review or was set aside can be undone."
    away = next((f for f in (placer.folders.drafts, placer.folders.home(job.state)) if not f.is_dir()), None)
    if away is not None:
        return f"The folder {away} is away, so nothing can be told or moved there; mount or create it, and undo again."
    if not _has_original(placer, job):
        return f"The original of job {job.id} is no longer kept; the post itself still has the author's text."
    published = job.state != DUPLICATE and job.target is not None
    if published and job.post_sha256 is None and (placer.folders.home(job.state) / str(job.target)).exists():
        return (
            f"The ledger was rebuilt, so it cannot be told whether the post {job.target} is as it was published; "
            "undoing could take edits away. Move the post yourself if you want it gone, and undo again."
        )
    if published and look(placer.folders.home(job.state) / str(job.target), job.post_sha256) is Found.OTHER:
        return (
            f"The post {job.target} was edited after it was published; undoing would take those edits away. "
            "Move the post yourself if that is what you want."
        )
    return None


def _has_original(placer: Placer, job: JobLike) -> bool:
    kept = (placer.folders.originals / job.id, placer.folders.retired / job.id)
    return any(look(path, job.sha256) is Found.OURS for path in kept)


def _free_draft(placer: Placer, job: JobLike) -> str:
    drafts = placer.folders.drafts
    return next(name for name in numbered(job.name) if look(drafts / name, job.sha256) is not Found.OTHER)


def _carry_out(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> Undone | Refused:
    post = facts["post"]
    withdrawn = post is not None and _withdraw(placer, job, placer.folders.home(facts["was"]) / post)
    if withdrawn is None:
        with placer.ledger.transaction():
            placer.ledger.step(job.id, RESTORED, {"draft": None, "because": "the post was edited"}, placer.now())
            placer.ledger.move(job.id, facts["was"], placer.now())
        return Refused(f"The post {post} was edited while it was being withdrawn, so it was left where it is.")
    name, kept = _restore(placer, job)
    facts_now = {"draft": name, "withdrawn": post if withdrawn else None}
    with placer.ledger.transaction():
        # Moved once more: the row must be younger than the file it brought back, or the scanner takes that
        # for saved.
        placer.ledger.step(job.id, RESTORED, facts_now, placer.now())
        placer.ledger.move(job.id, UNDONE, placer.now())
    files.remove(placer.folders.stage / job.id)
    return Undone(name, post if withdrawn else None, kept)


def _withdraw(placer: Placer, job: JobLike, source: Path) -> bool | None:
    """Whether our post was taken away: False if it was gone before, None if it has been edited and stays."""
    aside = placer.folders.withdrawn_from(source.parent) / job.id
    found = look(source, job.post_sha256)
    if found is Found.OURS:
        files.move(source, aside)
    if look(aside, job.post_sha256) is Found.OTHER:  # edited between the look and the move
        placer.put_back(aside, source)
        return None
    if found is Found.OTHER:
        return None
    return look(aside, job.post_sha256) is Found.OURS


def _restore(placer: Placer, job: JobLike) -> tuple[str, Path | None]:
    """Put the author's bytes back into the drafts folder; the ledger knows the name beforehand. The name, and where a
    retired draft is kept that has other bytes by now."""
    draft, aside = placer.source(job), placer.folders.retired / job.id
    if look(draft, job.sha256) is Found.OURS:
        if files.same_file(draft, aside):
            files.fsync_dir(draft.parent)
            files.remove(aside)
        return job.name, None
    kept = None if look(aside, job.sha256) is Found.OURS else _renew(placer, job, aside)
    name = _free_draft(placer, job)
    if name != job.name:
        placer.ledger.move(job.id, UNDONE, placer.now(), name=name)
    given = placer.give(aside, name)
    if given != name:
        placer.ledger.move(job.id, UNDONE, placer.now(), name=given)
    return given, kept


def _renew(placer: Placer, job: JobLike, aside: Path) -> Path | None:
    """A fresh copy of the original on the mount of the drafts, from where it can be linked; where the copy that was
    there is kept, if there was one."""
    raw = placer.original(job.id)
    if sha256(raw) != job.sha256:
        raise OSError(errno.EIO, f"the original of job {job.id} is damaged")
    kept = None if look(aside, None) is Found.GONE else placer.quarantine(aside)
    files.write_new(aside, raw)
    return kept
