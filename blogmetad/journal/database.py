"""The file behind the ledger: opened, looked through, and SQLite's complaints in words.

``journal_mode=WAL`` with ``synchronous=FULL`` survived every simulated power cut, as DELETE with EXTRA does, and waits
for the disk once a commit where that one waits four times. Closed, the ledger is a single file that can be copied.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from blogmetad.errors import BlogmetadError
from blogmetad.journal.job import SCHEMA, VERSION

_BUSY_SECONDS = 5.0
_ASIDE = "Start blogmetad again: it keeps the damaged file and builds a new one from what it has kept; nothing is lost."
_RETRY = "Free space on the disk, check the permissions of the folder, and try again."
_UPGRADE = "Install the version of blogmetad that wrote it, or a newer one."
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_STRANGE_HEADER = "unsupported file format"


class LedgerError(BlogmetadError):
    """The ledger could not be read or written. ``corrupt`` tells a damaged file from a full disk or a
    lock."""

    def __init__(self, path: Path, reason: str, hint: str, *, corrupt: bool = False) -> None:
        super().__init__(f"The ledger {path} {reason}. {hint}")
        self.path = path
        self.reason = reason
        self.hint = hint
        self.corrupt = corrupt


class LedgerGone(LedgerError):
    """The file is no longer where it was opened: its folder was removed, replaced or unmounted."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is gone, or was replaced by another", "It is opened anew.")


def opened(file: Path, *, readonly: bool) -> sqlite3.Connection:
    """A connection that leaves transactions to its user, with the tables there and found to be ours.

    A reader never creates the file. Raises LedgerError.
    """
    # Not mode=ro for readers: after a crash even they have to roll back the half-written transaction first.
    uri = f"{file.absolute().as_uri()}?mode={'rw' if readonly else 'rwc'}"
    with guarded(file):
        db = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        with guarded(file), understood(file):
            db.text_factory = bytes.decode  # so that what is no text is a ValueError, like all that is damaged
            if not readonly:
                _prepare(db, file)
                return db
            if _tables(db):
                _check_tables(db, file)
            else:
                db.close()
                db = _empty()
            db.execute("PRAGMA query_only = ON")
            return db
    except BaseException:
        db.close()
        raise


def identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that took its name; None if there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def guarded(file: Path) -> Iterator[None]:
    """What SQLite complains about, as a LedgerError that tells damage from circumstances."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE or str(error) == _STRANGE_HEADER:
            raise LedgerError(file, f"is damaged ({error})", _ASIDE, corrupt=True) from error
        raise LedgerError(file, f"cannot be used ({error})", _RETRY) from error


@contextmanager
def understood(file: Path) -> Iterator[None]:
    """Values no ledger has written, as damage: a flipped bit need not break the file's structure."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise LedgerError(file, f"is damaged ({error})", _ASIDE, corrupt=True) from error


def _prepare(db: sqlite3.Connection, file: Path) -> None:
    """A look at the whole file, then durability, then the tables if it is new."""
    db.execute("PRAGMA foreign_keys = ON")
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise LedgerError(file, f"is damaged ({verdict})", _ASIDE, corrupt=True)
    if _tables(db):
        _check_tables(db, file)
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    # A file system without shared memory cannot have a log beside the file.
    db.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")
    # Under the lock, as another process may be at the same; closing the connection takes back what is not committed.
    db.execute("BEGIN IMMEDIATE")
    if not _tables(db):
        _create(db)
    _check_tables(db, file)
    db.execute("COMMIT")


def _empty() -> sqlite3.Connection:
    """For a reader, a file whose tables the writer is just about to create is an empty ledger."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _create(db)
    return db


def _check_tables(db: sqlite3.Connection, file: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if _tables(db) == _our_tables():
        if version != VERSION:
            raise LedgerError(file, f"is damaged (it says version {version})", _ASIDE, corrupt=True)
    elif version > VERSION:
        raise LedgerError(file, f"is of the newer version {version}", _UPGRADE)
    else:
        raise LedgerError(file, "is a database, but not a ledger of blogmetad", _ASIDE, corrupt=True)


def _create(db: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        db.execute(statement)


def _tables(db: sqlite3.Connection) -> tuple[tuple[str, ...], ...]:
    return tuple(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"))


@functools.cache
def _our_tables() -> tuple[tuple[str, ...], ...]:
    with closing(sqlite3.connect(":memory:")) as db:
        _create(db)
        return _tables(db)
