"""Reading the journal back: what its entries still tell when the ledger they were written from is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blogmetad import files, matter
from blogmetad.journal import entry
from blogmetad.journal.folder import MAX_ENTRY
from blogmetad.journal.job import leads_astray
from blogmetad.values import sha256


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry tells of its job, and where it is itself: the draft's name, the outcome, the post's file name."""

    draft: str
    outcome: str
    post: str | None
    entry: str
    entry_sha256: str


def told(folder: Path) -> Mapping[str, Told]:
    """By job, what the entries in the journal folder tell; nothing if it is not there. Other files are passed over.

    Raises OSError if the folder cannot be listed.
    """
    found = {}
    for path in sorted(folder.glob("*.md")):
        try:
            content = files.read_stable(path, MAX_ENTRY)[0]
        except OSError:
            continue
        job_id = entry.owner(content)
        if job_id is not None:
            found[job_id] = _told(path.name, content)
    return found


def _told(name: str, content: bytes) -> Told:
    fields = matter.parse(matter.split(content).head or b"") or {}
    draft, outcome, post = (_plain(fields.get(key)) for key in ("draft", "outcome", "post"))
    return Told(draft, outcome, post or None, name, sha256(content))


def _plain(value: object) -> str:
    """A value as text, or nothing: anybody may have written it."""
    return "" if not isinstance(value, str) or leads_astray(value) else value
