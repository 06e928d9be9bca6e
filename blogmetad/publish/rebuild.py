"""rebuild: a new ledger is filled from what lies on the disk when the old one is lost or damaged.

Each draft that was ever taken up has left its original, each that was dealt with lies among the retired, under the id
of its job. What became of it is told by its entry in the journal, by where its bytes are now, and by the post that has
its body. Nothing is deleted, and nothing is published a second time; what tells nothing is left for recovery, which
sets it aside.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from blogmetad import files, matter
from blogmetad.offered import offered_post
from blogmetad.publish import undo
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Found, Placer, look
from blogmetad.publish.records import ACCEPTED, DONE, DUPLICATE, FINISHED, PUBLISHED, SUPERSEDED, UNDONE, WAITING
from blogmetad.values import sha256

_ID = re.compile(r"\d{8}-[0-9a-f]{6}(-\d{1,9})?")
STEP = "rebuilt"


class ToldLike(Protocol):
    """What the journal tells of a job."""

    @property
    def draft(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def post(self) -> str | None: ...
    @property
    def entry(self) -> str: ...
    @property
    def entry_sha256(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a job: its state, the draft's name, the post and the hash that was published, if it is known."""

    state: str
    name: str
    target: str | None = None
    post_sha256: str | None = None


def needed(placer: Placer) -> bool:
    """Whether the ledger knows of no job although there were some."""
    kept = placer.folders
    return not placer.ledger.jobs(limit=1) and any(
        _ID.fullmatch(path.name) for folder in (kept.originals, kept.retired) for path in folder.iterdir()
    )


def rebuild(placer: Placer, told: Mapping[str, ToldLike], twin: Callable[[str], str | None]) -> int:
    """Write down again what can be known of every job that left its draft. How many there were.

    ``told`` is what the journal tells, by job; ``twin`` finds the post with a body. Raises OSError; then nothing is
    written, and it can simply be called again.
    """
    kept = placer.folders
    ids = {path.name for folder in (kept.originals, kept.retired) for path in folder.iterdir()}
    known = [job_id for job_id in sorted(ids) if _ID.fullmatch(job_id)]
    drafts = _drafts(kept.drafts)
    for path in sorted(kept.stage.iterdir()):  # first: recovery would take them for left-overs of the jobs below
        if _linked(placer, path) is None and not files.is_temporary(path.name):
            placer.quarantine(path)
    with placer.ledger.transaction():
        return sum(_write(placer, job_id, told.get(job_id), drafts, twin) for job_id in known)


def _write(
    placer: Placer,
    job_id: str,
    told: ToldLike | None,
    drafts: Mapping[str, str],
    twin: Callable[[str], str | None],
) -> bool:
    """Whether what became of a job could be told, and was written down."""
    original, retired = placer.folders.originals / job_id, placer.folders.retired / job_id
    path = original if original.is_file() else retired
    raw, now = path.read_bytes(), placer.now()
    body = matter.body_hash(raw)
    fate = _fate(placer, job_id, raw, told, drafts, twin(body))
    if fate is None:
        return False
    arrived = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    ledger = placer.ledger
    ledger.open_job(fate.name, sha256(raw), body, len(raw), arrived, arrived, now, known_as=job_id)
    ledger.step(job_id, STEP, {"note": "the ledger was lost; this was found out from what was kept"}, now)
    if fate.state == UNDONE and look(retired, None) is not Found.GONE:  # interrupted between post and draft
        ledger.step(job_id, undo.INTENT, {"was": DONE, "post": None}, now)
    ledger.move(job_id, fate.state, now, target=fate.target, post_sha256=fate.post_sha256)
    if told is not None:
        ledger.move(job_id, fate.state, now, entry=told.entry, entry_sha256=told.entry_sha256)
    return True


def _fate(
    placer: Placer,
    job_id: str,
    raw: bytes,
    told: ToldLike | None,
    drafts: Mapping[str, str],
    twin: str | None,
) -> _Fate | None:
    if told is not None and offered_post(told.draft) is not None:
        return _Fate(told.outcome, told.draft, told.post) if told.outcome in (*FINISHED, WAITING) else None
    outcome = told.outcome if told else ""
    name = (told.draft if told else "") or f"{job_id}.md"
    post = (told.post if told else None) or twin
    draft = drafts.get(sha256(raw))
    linked = _linked(placer, placer.folders.stage / job_id)
    if outcome == UNDONE or _was_withdrawn(placer.folders, job_id):
        return _Fate(UNDONE, draft or name)
    if look(placer.folders.retired / job_id, None) is not Found.GONE:
        return _Fate(outcome if outcome in (DUPLICATE, WAITING) else DONE, name, post)
    if linked is not None:
        return replace(linked, name=draft or name)
    if draft is not None:
        return _Fate(ACCEPTED, draft)
    if outcome == SUPERSEDED:
        return _Fate(SUPERSEDED, name)
    return _Fate(DONE, name, post) if post is not None else None


def _was_withdrawn(folders: Folders, job_id: str) -> bool:
    return any(look(folders.withdrawn_from(home) / job_id, None) is not Found.GONE for home in folders.homes)


def _linked(placer: Placer, staged: Path) -> _Fate | None:
    """A post that is still one file with what was staged: its draft was not retired yet."""
    digest = files.digest(staged)
    if digest is None:
        return None
    posts = sorted(path for path in placer.folders.destination.iterdir() if files.same_file(path, staged))
    return _Fate(PUBLISHED, "", posts[0].name, digest) if posts else None


def _drafts(folder: Path) -> dict[str, str]:
    """The names of the files in the drafts folder, by their hashes."""
    found = {}
    for path in sorted(folder.iterdir(), reverse=True):
        if path.is_file() and not path.is_symlink() and (digest := files.digest(path)) is not None:
            found[digest] = path.name
    return found
