"""The file behind the index: made, checked, and thrown away when it is of no use. Nothing in it is the only copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from blogmetad.errors import BlogmetadError
from blogmetad.site import search

VERSION = 4
"""Of the schema and of what is read out of a post: another one means the cache is built anew."""

IN_MEMORY = ":memory:"
BUSY_SECONDS = 10.0

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SCHEMA = (
    "CREATE TABLE origin (posts TEXT NOT NULL)",
    """CREATE TABLE posts (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, day TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, ino INTEGER NOT NULL,
        body TEXT, title TEXT NOT NULL, description TEXT NOT NULL, problem TEXT, words BLOB NOT NULL)""",
    "CREATE INDEX posts_day ON posts (day)",
    "CREATE INDEX posts_body ON posts (body)",
    "CREATE INDEX posts_problem ON posts (path) WHERE problem IS NOT NULL",
    """CREATE TABLE terms (
        field TEXT NOT NULL, term TEXT NOT NULL, post INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
        PRIMARY KEY (field, term, post)) WITHOUT ROWID""",
    "CREATE INDEX terms_post ON terms (post)",
    # How many posts carry a term: counted as they come and go, since every draft asks for all terms.
    """CREATE TABLE usage (
        field TEXT NOT NULL, term TEXT NOT NULL, posts INTEGER NOT NULL, PRIMARY KEY (field, term)) WITHOUT ROWID""",
    """CREATE TRIGGER terms_come AFTER INSERT ON terms BEGIN
        INSERT INTO usage VALUES (new.field, new.term, 1) ON CONFLICT DO UPDATE SET posts = posts + 1; END""",
    """CREATE TRIGGER terms_go AFTER DELETE ON terms BEGIN
        UPDATE usage SET posts = posts - 1 WHERE field = old.field AND term = old.term; END""",
    *search.SCHEMA,
)


class CacheError(BlogmetadError):
    """The cache can be neither used nor rebuilt. ``file`` and ``reason`` in words."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"the index of published posts {file} cannot be used: {reason}")
        self.file, self.reason = file, reason
        self.hint = "check the folder's permissions and free space; the file itself may be deleted at any time"


def connected(file: Path, posts: Path) -> sqlite3.Connection:
    """A connection to the cache for a posts folder; made anew if it is another version's, another folder's or damaged.

    Raises CacheError.
    """
    try:
        if str(file) != IN_MEMORY:
            file.parent.mkdir(parents=True, exist_ok=True)
        db = _usable(file, posts)
        if db is None:
            discard(file)
            db = _usable(file, posts)
    except (sqlite3.Error, OSError) as error:
        raise CacheError(file, str(error)) from error
    if db is None:
        raise CacheError(file, "it is damaged again right after it was made anew")
    return db


def discard(file: Path) -> None:
    """Throw the cache away. Raises OSError."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether an error tells of damage, and not of circumstances."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _CORRUPT


def _usable(file: Path, posts: Path) -> sqlite3.Connection | None:
    """A connection to a usable cache, made if there is none; None if what is there must be thrown away."""
    db = sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        # Whole after a power cut, if not the newest: what else could matter of a cache? Waiting for the disk after each
        # post would take longer than all the rest.
        with contextlib.suppress(sqlite3.OperationalError):  # a file system without shared memory
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if _is_ours(db, os.fsencode(posts.absolute()).hex()):
            return db
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            db.close()
            raise
    db.close()
    return None


def _is_ours(db: sqlite3.Connection, origin: str) -> bool:
    """Whether the cache is of this version and this folder; an empty one becomes so."""
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:
        db.execute("BEGIN IMMEDIATE")
        with db:
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute("INSERT INTO origin VALUES (?)", (origin,))
                db.execute(f"PRAGMA user_version = {VERSION}")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    return version == VERSION and db.execute("SELECT posts FROM origin").fetchall() == [(origin,)]
