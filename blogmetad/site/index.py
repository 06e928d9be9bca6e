"""What is published: a disposable SQLite cache of the posts folder, in which only changed posts are read again.

Nothing is kept in memory between calls. Whatever is wrong with the cache, the posts have it all: it is built anew.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from blogmetad.errors import BlogmetadError
from blogmetad.site.bag import is_copy, telling, words
from blogmetad.site.post import Facts, facts
from blogmetad.site.walk import Walk
from blogmetad.values import Neighbour, Problem

T = TypeVar("T")

VERSION = 2
"""Of the schema and of what is read out of a post: another one means the cache is built anew."""

MAX_BYTES = 10 * 1024 * 1024
COMMIT_EVERY = 500
BUSY_SECONDS = 10.0

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SCHEMA = (
    "CREATE TABLE origin (posts TEXT NOT NULL)",
    """CREATE TABLE posts (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, ino INTEGER NOT NULL,
        body TEXT, title TEXT NOT NULL, description TEXT NOT NULL, words BLOB NOT NULL, problem TEXT)""",
    "CREATE INDEX posts_body ON posts (body)",
    """CREATE TABLE terms (
        field TEXT NOT NULL, term TEXT NOT NULL, post INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
        PRIMARY KEY (field, term, post)) WITHOUT ROWID""",
    "CREATE INDEX terms_post ON terms (post)",
    # Contentless: the words are kept once, compressed, in posts.
    """CREATE VIRTUAL TABLE search USING fts5 (
        head, body, content = '', tokenize = "unicode61 remove_diacritics 0 tokenchars '+#.'")""",
    "CREATE VIRTUAL TABLE holders USING fts5vocab (search, row)",
)

_HEAD_WEIGHT = 3.0
_STEEPNESS = 4
NEIGHBOURS = 8
_ASKED, _AT_ONCE = 1200, 400
"""Different words of a draft that are looked up, the most frequent ones, and how many in one query."""

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
        query = "SELECT term, count(*) FROM terms WHERE field = ? GROUP BY term ORDER BY count(*) DESC, term"
        return dict(self._rows(query, field))

    def titles(self) -> dict[str, str]:
        """The title of every post that has one, by relative path."""
        return dict(self._rows("SELECT path, title FROM posts WHERE title != '' ORDER BY path"))

    def count(self) -> int:
        """How many posts there are."""
        [(count,)] = self._rows("SELECT count(*) FROM posts")
        return int(count)

    def names(self) -> set[str]:
        """The file names that are taken, without their folders."""
        return {path.rpartition("/")[2] for (path,) in self._rows("SELECT path FROM posts")}

    def similar(self, text: str, but: Collection[str] = ()) -> tuple[Neighbour, ...]:
        """The published posts most like ``text``, the nearest first, by BM25 over words and pairs of Chinese signs.

        Posts that hold nearly the same words are earlier copies of the text, and left out like those whose paths are in
        ``but``. A text without a telling word has no neighbours.
        """
        return self._healed(lambda: self._similar(text, frozenset(but)))

    def _similar(self, text: str, but: frozenset[str]) -> tuple[Neighbour, ...]:
        bag = Counter(words(text))
        holders = self._holders([word for word, _ in bag.most_common(_ASKED)], but)
        query = " OR ".join(f'"{word}"' for word in telling(bag, holders, self.count()))
        if not query:
            return ()
        ranked = self._db.execute(
            "SELECT posts.path, posts.title, posts.description, posts.words, posts.id, -found.score"
            f" FROM (SELECT rowid AS post, bm25(search, {_HEAD_WEIGHT}, 1.0) AS score FROM search WHERE search MATCH ?"
            " ORDER BY score LIMIT ?) AS found JOIN posts ON posts.id = found.post ORDER BY found.score, posts.path",
            (query, 2 * NEIGHBOURS + len(but)),
        ).fetchall()
        near = [
            row
            for row in ranked
            if row[5] > 0 and row[0] not in but and not is_copy(bag, Counter(_unpacked(row[3])[1].split()))
        ][:NEIGHBOURS]
        weights = [(score / near[0][5]) ** _STEEPNESS for *_, score in near]
        return tuple(
            Neighbour(path, title, description, self._terms_of(post), weight / sum(weights))
            for (path, title, description, _, post, _), weight in zip(near, weights, strict=True)
        )

    def _holders(self, asked: Sequence[str], but: Collection[str]) -> Mapping[str, int]:
        """How many posts have each of these words, those in ``but`` not counted: words only they have find nothing."""
        found: Counter[str] = Counter()
        for start in range(0, len(asked), _AT_ONCE):
            part = asked[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            found.update(dict(self._db.execute(f"SELECT term, doc FROM holders WHERE term IN ({marks})", part)))
        for path in but:
            for (packed,) in self._db.execute("SELECT words FROM posts WHERE path = ?", (path,)):
                found.subtract(found.keys() & set(" ".join(_unpacked(packed)).split()))
        return found

    def _terms_of(self, post: int) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for field_name, term in self._db.execute("SELECT field, term FROM terms WHERE post = ?", (post,)):
            found[field_name] = (*found.get(field_name, ()), term)
        return found

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
        row = self._db.execute(
            "INSERT INTO posts (path, size, mtime_ns, ctime_ns, ino, body, title, description, words, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (path, *key, post.body, post.title, post.description, _packed(post.head, post.words), post.problem),
        ).lastrowid
        self._db.execute("INSERT INTO search (rowid, head, body) VALUES (?, ?, ?)", (row, post.head, post.words))
        terms = ((field, term, row) for field, term in post.terms)
        self._db.executemany("INSERT INTO terms (field, term, post) VALUES (?, ?, ?)", terms)

    def _forget(self, path: str) -> None:
        """Take a post out, if it is in. A contentless search index has to be told which words it loses."""
        for row, packed in self._db.execute("SELECT id, words FROM posts WHERE path = ?", (path,)).fetchall():
            command = "INSERT INTO search (search, rowid, head, body) VALUES ('delete', ?, ?, ?)"
            self._db.execute(command, (row, *_unpacked(packed)))
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


def _packed(head: str, body: str) -> bytes:
    return zlib.compress(f"{head}\n{body}".encode())


def _unpacked(packed: bytes) -> list[str]:
    """Words of title and description, and of the body."""
    return zlib.decompress(packed).decode("utf-8").split("\n", 1)


def _is_corrupt(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _CORRUPT
