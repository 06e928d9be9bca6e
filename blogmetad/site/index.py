"""What is published: a disposable SQLite cache of the posts folder, in which only changed posts are read again.

Nothing is kept in memory between calls. Whatever is wrong with the cache, the posts have it all: it is built anew.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from blogmetad.errors import BlogmetadError
from blogmetad.site import search
from blogmetad.site.jekyll import post_name
from blogmetad.site.post import Facts, facts
from blogmetad.site.walk import Walk
from blogmetad.values import Neighbours, Problem, PublishedPost

T = TypeVar("T")

VERSION = 3
"""Of the schema and of what is read out of a post: another one means the cache is built anew."""

MAX_BYTES = 10 * 1024 * 1024
COMMIT_EVERY = 500
_IN_MEMORY = ":memory:"
BUSY_SECONDS = 10.0

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SCHEMA = (
    "CREATE TABLE origin (posts TEXT NOT NULL)",
    """CREATE TABLE posts (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, day TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, ino INTEGER NOT NULL,
        body TEXT, title TEXT NOT NULL, description TEXT NOT NULL, words BLOB NOT NULL, problem TEXT)""",
    "CREATE INDEX posts_day ON posts (day)",
    "CREATE INDEX posts_body ON posts (body)",
    """CREATE TABLE terms (
        field TEXT NOT NULL, term TEXT NOT NULL, post INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
        PRIMARY KEY (field, term, post)) WITHOUT ROWID""",
    "CREATE INDEX terms_post ON terms (post)",
    *search.SCHEMA,
)
_TERMS_OF = "SELECT field, term FROM terms JOIN posts ON posts.id = terms.post WHERE posts.path = ?"

LATEST = 5
"""How many of the newest posts tell what the blog is about at present."""

_Key = tuple[int, int, int, int]
"""Size, mtime_ns, ctime_ns and inode: a post that has them all unchanged is not read again."""


class CacheError(BlogmetadError):
    """The cache can be neither used nor rebuilt. ``file`` and ``reason`` in words."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"the index of published posts {file} cannot be used: {reason}")
        self.file, self.reason = file, reason
        self.hint = "check the folder's permissions and free space; the file itself may be deleted at any time"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh found: posts there are now, read anew and removed since, and every post that cannot be read
    in full (or folder that cannot be listed)."""

    posts: int
    read: int
    removed: int
    seconds: float
    problems: tuple[Problem, ...]


class Index:
    """The published posts of one folder. One thread at a time; another process may use the same cache."""

    def __init__(self, posts: Path, cache: Path) -> None:
        """Open the cache, or make it anew if it is another version's, another folder's or damaged.

        Raises CacheError.
        """
        self._posts, self._cache = posts, cache
        self._db = self._open()

    @classmethod
    def of(cls, posts: Iterable[PublishedPost]) -> Index:
        """An index in memory over posts that were read already; there is nothing to refresh."""
        index = cls(Path(), Path(_IN_MEMORY))
        with index._db:
            for post in posts:
                index._store(post.path, (len(post.raw), 0, 0, 0), facts(post.raw))
        return index

    def close(self) -> None:
        """Let go of the cache."""
        self._db.close()

    def refresh(self) -> Refreshed:
        """Bring the index up to date. Unreadable posts are problems, not a stop. Raises CacheError."""
        began = time.perf_counter()
        return self._healed(lambda: self._refresh(began))

    def twin(self, body_sha256: str) -> str | None:
        """The relative path of a post with the very same body (blank lines around it do not count), if any."""
        [(path,)] = self._rows("SELECT min(path) FROM posts WHERE body = ?", body_sha256)
        return path if path is None else str(path)

    def usage(self, field: str) -> dict[str, int]:
        """How many posts use each term of a field, the most used first. Terms are kept as they are written."""
        return self._healed(lambda: self._usage(field))

    def _usage(self, field: str) -> dict[str, int]:
        query = "SELECT term, count(*) FROM terms WHERE field = ? GROUP BY term ORDER BY count(*) DESC, term"
        return dict(self._db.execute(query, (field,)))

    def titles(self) -> dict[str, str]:
        """The title of every post that has one, by relative path."""
        return dict(self._rows("SELECT path, title FROM posts WHERE title != '' ORDER BY path"))

    def count(self) -> int:
        """How many posts there are."""
        return self._healed(self._count)

    def _count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM posts").fetchone()[0])

    def _has(self, path: str) -> bool:
        return self._db.execute("SELECT 1 FROM posts WHERE path = ?", (path,)).fetchone() is not None

    def names(self) -> set[str]:
        """The file names that are taken, without their folders."""
        return {path.rpartition("/")[2] for (path,) in self._rows("SELECT path FROM posts")}

    def recall(
        self, text: str, fields: Iterable[str], but: Collection[str] = (), before: dt.date | None = None
    ) -> Neighbours:
        """What the site knows that may help with ``text``: similar posts, and the terms in use in these fields.

        The paths in ``but`` are as if they were not there. ``before`` is the day of the text, if it is not the newest.
        """
        return self._healed(lambda: self._recall(text, tuple(fields), frozenset(but), before or dt.date.max))

    def _recall(self, text: str, fields: tuple[str, ...], but: frozenset[str], before: dt.date) -> Neighbours:
        usage = {field: Counter(self._usage(field)) for field in fields}
        for path in but:
            for field, term in self._db.execute(_TERMS_OF, (path,)).fetchall():
                if field in usage:
                    usage[field][term] -= 1
        newest = self._db.execute(
            "SELECT path FROM posts WHERE day <= ? ORDER BY day DESC, path DESC LIMIT ?",
            (before.isoformat(), LATEST + len(but)),
        )
        latest = [path for (path,) in newest.fetchall() if path not in but][:LATEST]
        recent: dict[str, Counter[str]] = {field: Counter() for field in fields}
        for path in latest:
            for field, term in self._db.execute(_TERMS_OF, (path,)).fetchall():
                if field in recent:
                    recent[field][term] += 1
        return Neighbours(
            posts=search.similar(self._db, text, but),
            usage={field: dict(+counts) for field, counts in usage.items()},
            count=self._count() - sum(self._has(path) for path in but),
            recent={field: dict(counts) for field, counts in recent.items()},
            latest=len(latest),
        )

    def _rows(self, query: str, *values: str) -> list[Any]:
        return self._healed(lambda: self._db.execute(query, values).fetchall())

    def _healed(self, work: Callable[[], T]) -> T:
        """Do this; where the cache proves damaged, build it anew and do it again."""
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not _is_corrupt(error):
                    raise
            self._db.close()
            self._discard()
            self._db = self._open()
            self._refresh(time.perf_counter())
            return work()
        except (sqlite3.Error, OSError) as error:
            raise CacheError(self._cache, str(error)) from error

    def _refresh(self, began: float) -> Refreshed:
        query = "SELECT path, size, mtime_ns, ctime_ns, ino FROM posts"
        known: dict[str, _Key] = {row[0]: row[1:] for row in self._db.execute(query)}
        walk, read = Walk(), 0
        with self._db:
            for path, status in walk.posts(self._posts):
                key = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                if known.get(path) != key:
                    post = self._read(path, status, walk)
                    if post is None:
                        continue
                    self._store(path, key, post)
                    read += 1
                    if read % COMMIT_EVERY == 0:
                        self._db.commit()
                known.pop(path, None)
            gone = [path for path in known if not path.startswith(tuple(walk.unseen))]
            for path in gone:
                self._forget(path)
        posts = self._db.execute("SELECT count(*) FROM posts").fetchone()[0]
        return Refreshed(posts, read, len(gone), time.perf_counter() - began, self._problems(walk))

    def _read(self, path: str, status: os.stat_result, walk: Walk) -> Facts | None:
        """What is in a post; None if it cannot be told this time."""
        if status.st_size > MAX_BYTES:
            return Facts(problem=f"it has {status.st_size} bytes, more than {MAX_BYTES}")
        try:
            return facts((self._posts / path).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            walk.unseen.append(path)
            message = f"The post {path} cannot be read: {error.strerror}. Correct its permissions."
            walk.problems.append(Problem("post.unreadable", message, path))
            return None

    def _store(self, path: str, key: _Key, post: Facts) -> None:
        self._forget(path)
        named = post_name(path.rpartition("/")[2])
        day = named[0].isoformat() if named else ""
        row = self._db.execute(
            "INSERT INTO posts (path, day, size, mtime_ns, ctime_ns, ino, body, title, description, words, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (path, day, *key, post.body, post.title, post.description, search.packed(post), post.problem),
        ).lastrowid
        assert row is not None
        search.add(self._db, row, post)
        terms = ((field, term, row) for field, term in post.terms)
        self._db.executemany("INSERT INTO terms (field, term, post) VALUES (?, ?, ?)", terms)

    def _forget(self, path: str) -> None:
        """Take a post out, if it is in."""
        for (row,) in self._db.execute("SELECT id FROM posts WHERE path = ?", (path,)).fetchall():
            search.forget(self._db, row)
            self._db.execute("DELETE FROM posts WHERE id = ?", (row,))

    def _problems(self, walk: Walk) -> tuple[Problem, ...]:
        rows = self._db.execute("SELECT path, problem FROM posts WHERE problem IS NOT NULL ORDER BY path")
        damaged = (
            Problem("post.damaged", f"The post {path} cannot be read in full: {problem}. Correct it.", path)
            for path, problem in rows
        )
        return (*walk.problems, *damaged)

    def _open(self) -> sqlite3.Connection:
        try:
            if str(self._cache) != _IN_MEMORY:
                self._cache.parent.mkdir(parents=True, exist_ok=True)
            db = self._connected()
            if db is None:
                self._discard()
                db = self._connected()
        except (sqlite3.Error, OSError) as error:
            raise CacheError(self._cache, str(error)) from error
        if db is None:
            raise CacheError(self._cache, "it is damaged again right after it was made anew")
        return db

    def _connected(self) -> sqlite3.Connection | None:
        """A connection to a usable cache, made if there is none; None if what is there must be thrown away."""
        db = sqlite3.connect(self._cache, timeout=BUSY_SECONDS, check_same_thread=False)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = NORMAL")
            if self._is_usable(db):
                return db
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                db.close()
                raise
        db.close()
        return None

    def _is_usable(self, db: sqlite3.Connection) -> bool:
        origin = os.fsencode(self._posts.absolute()).hex()
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

    def _discard(self) -> None:
        for suffix in ("", "-journal", "-wal", "-shm"):
            self._cache.with_name(self._cache.name + suffix).unlink(missing_ok=True)


def _is_corrupt(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _CORRUPT
