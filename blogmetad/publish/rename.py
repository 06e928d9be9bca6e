"""rename: a published post gets another name, in one step that replaces nothing.

The intent is in the ledger before the post's bytes are changed for it, so a crash in between is carried on with: the
post gets its name if it has its bytes already, else it is as if nothing had been said.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from blogmetad import files
from blogmetad.publish.names import Taken
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import DONE, JobLike

RENAMING, RENAMED = "renaming", "renamed"


def is_taken(placer: Placer, path: str, new: str) -> bool:
    """Whether another post is called so, in any spelling. Raises OSError."""
    old, wanted = PurePosixPath(path), PurePosixPath(new)
    if wanted.stem.casefold() == old.stem.casefold():
        return (
            not files.same_file(placer.folders.posts / path, placer.folders.posts / new)
            and (placer.folders.posts / new).exists()
        )
    return wanted.stem in Taken.of((placer.folders.posts / new).parent)


def intend(placer: Placer, job: JobLike, new: str, before: str, after: str) -> Mapping[str, Any]:
    """Write down that the job's published post is about to get the path ``new``, in the same folder. ``before`` and
    ``after`` are the hashes of its bytes as they are and as they will be then."""
    facts = {"from": job.target, "to": new, "before": before, "sha256": after}
    placer.ledger.step(job.id, RENAMING, facts, placer.now())
    return facts


def call_off(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> None:
    """Write down that nothing comes of an intent."""
    told = {"from": facts["from"], "to": facts["to"], "done": False}
    placer.ledger.step(job.id, RENAMED, told, placer.now())


def settle(placer: Placer, job: JobLike, facts: Mapping[str, Any]) -> bool:
    """Rename the post, if it has the bytes for it; every job with that post knows its new name then. Whether it was
    renamed. Raises OSError; called again, it goes on from there."""
    posts = placer.folders.posts
    old, new = posts / str(facts["from"]), posts / str(facts["to"])
    if not posts.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the posts folder is away", str(posts))
    if files.same_file(old, new) and str(old).casefold() != str(new).casefold():
        files.remove(old)  # a crash came between its two names
    elif look(old, facts["sha256"]) is Found.OURS:
        with suppress(FileExistsError, FileNotFoundError):
            files.rename_new(old, new)
    done = look(new, facts["sha256"]) is Found.OURS and look(old, None) is Found.GONE
    with placer.ledger.transaction():
        placer.ledger.step(job.id, RENAMED, {"from": facts["from"], "to": facts["to"], "done": done}, placer.now())
        for other in placer.ledger.jobs(DONE) if done else ():
            if other.target == facts["from"]:
                ours = other.post_sha256 == facts["before"]
                digest = facts["sha256"] if ours else other.post_sha256
                placer.ledger.move(other.id, DONE, placer.now(), target=facts["to"], post_sha256=digest)
    return done
