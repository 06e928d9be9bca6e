"""A ledger that is damaged makes way for a new one and is kept beside it: nobody need repair a file to have the next
draft published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from blogmetad import files
from blogmetad.journal.ledger import Ledger, LedgerError

_MARK = ".damaged-"
_LOG = "-wal"


def open_whole(file: Path, now: dt.datetime) -> Ledger:
    """The ledger in ``file``, all of which can be read; a new, empty one if that was damaged.

    Raises LedgerError if there is something else the matter with it.
    """
    try:
        return _read(file)
    except LedgerError as error:
        if not error.corrupt:
            raise
    put_aside(file, now)
    return _read(file)


def put_aside(file: Path, now: dt.datetime) -> Path:
    """Move a damaged ledger, and the log of what was not yet written into it, to a name that tells. Raises OSError."""
    stem = f"{file.name}{_MARK}{now.astimezone(dt.UTC):%Y%m%d-%H%M%S}"
    kept, count = file.with_name(stem), 1
    while kept.exists():
        count += 1
        kept = file.with_name(f"{stem}-{count}")
    log = file.with_name(file.name + _LOG)
    if log.exists():
        files.move(log, kept.with_name(kept.name + _LOG))
    files.move(file, kept)
    return kept


def damaged(file: Path) -> tuple[Path, ...]:
    """The damaged ledgers that are kept beside this one, the oldest first. Raises OSError."""
    return tuple(sorted(p for p in file.parent.glob(f"{file.name}{_MARK}*") if not p.name.endswith(_LOG)))


def _read(file: Path) -> Ledger:
    ledger = Ledger(file)
    try:
        ledger.read_all()
    except BaseException:
        ledger.close()
        raise
    return ledger
