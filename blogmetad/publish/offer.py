"""offer: a published post with fields that it lacked is put into the review folder, for its author to approve.

The post itself is not touched. The job is in the ledger before any file of it is made, so whatever a crash leaves
behind is known: it is carried on with if all is there, and dropped otherwise, since nothing of it is the author's.

    the ledger: staged, with hash and name
    originals/ID    the post's bytes, as long as it still has them
    stage/ID        the new version, on the mount of the review folder
    link stage/ID -> _review/NAME; fails if NAME exists: next name      then the ledger: waiting
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from blogmetad import files, matter
from blogmetad.offered import offer_for, offered_post
from blogmetad.publish.names import Taken, numbered
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import STAGED, SUPERSEDED, WAITING, JobLike
from blogmetad.values import sha256

STEP = "backfill"
DECLINED = "the file was taken out of the review folder"
CUT_OFF = "it was cut off before the file could be looked at"


@dataclass(frozen=True, slots=True)
class Offer:
    """A published post's path below the posts folder, its bytes and the new ones, and the fields that are new in them.
    ``steps`` are what led there, for the journal."""

    path: str
    raw: bytes
    content: bytes
    added: tuple[str, ...]
    steps: Sequence[tuple[str, Mapping[str, Any]]] = ()


def offering(placer: Placer) -> Placer:
    """The same placer, whose posts go into the review folder whatever the configuration says of drafts. Raises
    OSError."""
    if placer.folders.review is not None:
        files.make_dir(placer.folders.review, 0o777)
    return Placer(replace(placer.folders, reviewed=True), placer.ledger, placer.now, placer.writing)


def make(placer: Placer, offer: Offer, seconds: float = 0.0) -> JobLike | None:
    """Put an offer into the review folder, where it waits; None if the post has changed since it was read.

    ``seconds`` is how long the model took. ``placer`` is one that is ``offering``. Raises OSError: then nothing waits,
    or ``go_on`` finishes it.
    """
    ledger, now, name = placer.ledger, placer.now(), offer_for(offer.path)
    if look(placer.folders.posts / offer.path, sha256(offer.raw)) is not Found.OURS:
        return None
    wanted = PurePosixPath(offer.path).name
    target = next(_free(placer, wanted))
    with ledger.transaction():
        hashes = sha256(offer.raw), matter.body_hash(offer.raw)
        job = ledger.open_job(name, *hashes, len(offer.raw), now, now, now)
        for step, data in offer.steps:
            ledger.step(job.id, step, data, now)
        ledger.step(job.id, STEP, {"post": offer.path, "fields": list(offer.added)}, now)
        job = ledger.move(job.id, STAGED, now, target=target, post_sha256=sha256(offer.content))
    placer.keep_original(job.id, offer.raw)
    staged = placer.folders.stage / job.id
    files.remove(staged)
    files.write_new(staged, offer.content)
    return go_on(placer, job, {"seconds": round(seconds, 2)})


def go_on(placer: Placer, job: JobLike, facts: Mapping[str, Any] = MappingProxyType({})) -> JobLike | None:
    """Carry on with an offer that is staged; None if it had to be dropped. Raises OSError."""
    review, staged = placer.folders.destination, placer.folders.stage / job.id
    if look(review / str(job.target), job.post_sha256) is not Found.OURS:
        if look(staged, job.post_sha256) is not Found.OURS or not _is_kept(placer, job):
            drop(placer, job, CUT_OFF)
            return None
        job = _linked(placer, job)
    files.fsync_dir(review)
    with placer.ledger.transaction():
        placer.ledger.step(job.id, WAITING, {"post": job.target, **facts}, placer.now())
        job = placer.ledger.move(job.id, WAITING, placer.now())
    files.remove(staged)
    return job


def drop(placer: Placer, job: JobLike, why: str) -> None:
    """End an offer; the published post is as it was."""
    with placer.ledger.transaction():
        placer.ledger.step(job.id, SUPERSEDED, {"because": why}, placer.now())
        placer.ledger.move(job.id, SUPERSEDED, placer.now(), target=None, post_sha256=None)
    files.remove(placer.folders.stage / job.id)


def _linked(placer: Placer, job: JobLike) -> JobLike:
    """Link, going on to the next name when somebody took it meanwhile; the ledger knows each name beforehand."""
    tries = (_named(placer, job, name) for name in _free(placer, str(job.target)))
    return next(named for named in tries if named is not None)


def _named(placer: Placer, job: JobLike, name: str) -> JobLike | None:
    """The job with its file under this name; None if that is somebody else's."""
    if name != job.target:
        job = placer.ledger.move(job.id, STAGED, placer.now(), target=name)
    target = placer.folders.destination / name
    try:
        files.link_new(placer.folders.stage / job.id, target)
    except FileExistsError:
        return job if look(target, job.post_sha256) is Found.OURS else None
    return job


def _free(placer: Placer, wanted: str) -> Iterator[str]:
    taken = Taken.of(placer.folders.destination)
    return (name for name in numbered(wanted) if PurePosixPath(name).stem not in taken)


def _is_kept(placer: Placer, job: JobLike) -> bool:
    """Whether the post's bytes are kept; they are copied anew where only a crash kept them from being."""
    kept, post = placer.folders.originals / job.id, placer.folders.posts / str(offered_post(job.name))
    if look(kept, job.sha256) is Found.OURS:
        return True
    if look(post, job.sha256) is not Found.OURS:
        return False
    placer.keep_original(job.id, post.read_bytes())
    return True
