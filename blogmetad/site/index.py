"""What is published: a disposable SQLite cache of the posts folder, in which only changed posts are read again.

No post is kept in memory between calls. Whatever is wrong with the cache, the posts have it all: it is built anew.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from blogmetad.changes import Changes
from blogmetad.site import cache, search
from blogmetad.site.cache import CacheError
from blogmetad.site.jekyll import post_name
from blogmetad.site.post import Facts, facts
from blogmetad.site.walk import Walk
from blogmetad.values import Neighbours, Problem, PublishedPost

__all__ = ["CacheError", "Index", "Refreshed"]

T = TypeVar("T")

MAX_BYTES = 10 * 1024 * 1024
COMMIT_EVERY = 500

_TERMS_OF = "SELECT field, term FROM terms JOIN posts ON posts.id = terms.post WHERE posts.path = ?"

LATEST = 5
"""How many of the newest posts tell what the blog is about at present."""

_Key = tuple[int, int, int, int]
"""Size, mtime_ns, ctime_ns and inode: a post that has them all unchanged is not read again."""

_KEY = "size, mtime_ns, ctime_ns, ino"

_Found = tuple[int, int, tuple[Problem, ...]]
"""Posts that were read anew and that are gone; what could not be looked at."""


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
    """The published posts of one folder. Several threads may ask, one after another; another process may use the same
    cache."""

    def __init__(self, posts: Path, file: Path) -> None:
        """Open the cache, or make it anew if it is another version's, another folder's or damaged.

        Raises CacheError.
        """
        self._posts, self._file = posts, file
        self._changes, self._elsewhere = Changes(), frozenset[str]()
        self._lock = threading.RLock()
        self._db = cache.connected(self._file, self._posts)

    @classmethod
    def of(cls, posts: Iterable[PublishedPost]) -> Index:
        """An index in memory over posts that were read already; there is nothing to refresh."""
        index, tally = cls(Path(), Path(cache.IN_MEMORY)), Counter[str]()
        with index._db:
            for post in posts:
                index._store(post.path, (len(post.raw), 0, 0, 0), facts(post.raw), tally)
            search.count(index._db, tally)
        return index

    def close(self) -> None:
        """Let go of the cache."""
        self._changes.stop()
        self._db.close()

    def refresh(self, at_each: Callable[[], object] = lambda: None) -> Refreshed:
        """Bring the index up to date. Unreadable posts are problems, not a stop. ``at_each`` is called before each post
        that is looked at: of many, that takes long. Raises CacheError."""
        began = time.perf_counter()
        return self._healed(lambda: self._refresh(began, at_each))

    def twin(self, body_sha256: str) -> str | None:
        """The relative path of a post with the very same body (blank lines around it do not count), if any."""
        [(path,)] = self._rows("SELECT min(path) FROM posts WHERE body = ?", body_sha256)
        return path if path is None else str(path)

    def usage(self, field: str) -> dict[str, int]:
        """How many posts use each term of a field, the most used first. Terms are kept as they are written."""
        return self._healed(lambda: self._usage(field))

    def _usage(self, field: str) -> dict[str, int]:
        query = "SELECT term, posts FROM usage WHERE field = ? AND posts > 0 ORDER BY posts DESC, term"
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
        count = self._count()
        return Neighbours(
            posts=search.similar(self._db, text, count, but),
            usage={field: dict(+counts) for field, counts in usage.items()},
            count=count - sum(self._has(path) for path in but),
            recent={field: dict(counts) for field, counts in recent.items()},
            latest=len(latest),
        )

    def _rows(self, query: str, *values: str) -> list[Any]:
        return self._healed(lambda: self._db.execute(query, values).fetchall())

    def _healed(self, work: Callable[[], T]) -> T:
        """Do this; where the cache proves damaged, build it anew and do it again."""
        with self._lock:
            try:
                try:
                    return work()
                except sqlite3.DatabaseError as error:
                    if not cache.is_corrupt(error):
                        raise
                self._rebuild()
                return work()
            except (sqlite3.Error, OSError) as error:
                raise CacheError(self._file, str(error)) from error

    def _rebuild(self) -> None:
        self._db.close()
        cache.discard(self._file)
        self._db = cache.connected(self._file, self._posts)
        self._changes.stop()
        self._refresh(time.perf_counter(), lambda: None)

    def _refresh(self, began: float, at_each: Callable[[], object]) -> Refreshed:
        named = self._changes.names()
        try:
            read, removed, problems = self._look_over(at_each) if named is None else self._look_at(named, at_each)
        except BaseException:
            self._changes.stop()  # what they told is not in the index
            raise
        if problems:
            self._changes.stop()  # to be told again next time, or to have gone by then
        return Refreshed(self._count(), read, removed, time.perf_counter() - began, (*problems, *self._damaged()))

    def _look_over(self, at_each: Callable[[], object]) -> _Found:
        """Look at every post there is, and begin to be told of changes."""
        self._changes.start(self._posts)
        known: dict[str, _Key] = {row[0]: row[1:] for row in self._db.execute(f"SELECT path, {_KEY} FROM posts")}
        walk, tally, read = Walk(self._changes.watch), Counter[str](), 0
        with self._db:
            for path, status in walk.posts(self._posts):
                at_each()
                if self._took(path, status, known.pop(path, None), walk, tally):
                    read += 1
                    if read % COMMIT_EVERY == 0:
                        search.count(self._db, tally)
                        self._db.commit()
            gone = [path for path in known if not path.startswith(tuple(walk.unseen))]
            for path in gone:
                self._forget(path, tally)
            search.count(self._db, tally)
        self._elsewhere = frozenset(walk.elsewhere)
        return read, len(gone), tuple(walk.problems)

    def _look_at(self, named: frozenset[str], at_each: Callable[[], object]) -> _Found:
        """Look at the posts that may have changed, and at those that change without being seen."""
        walk, tally, read, removed = Walk(), Counter[str](), 0, 0
        with self._db:
            for path in sorted(named | self._elsewhere):
                at_each()
                status = walk.look(self._posts, path)
                known = self._db.execute(f"SELECT {_KEY} FROM posts WHERE path = ?", (path,)).fetchone()
                if status is not None:
                    read += self._took(path, status, known, walk, tally)
                elif known is not None:
                    self._forget(path, tally)
                    removed += 1
            search.count(self._db, tally)
        self._elsewhere = frozenset(walk.elsewhere)
        return read, removed, tuple(walk.problems)

    def _took(self, path: str, status: os.stat_result, known: _Key | None, walk: Walk, tally: Counter[str]) -> bool:
        """Read a post anew, unless it is as it is known to be."""
        key = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if known == key:
            return False
        post = self._read(path, status, walk)
        if post is None:
            return False
        self._store(path, key, post, tally)
        return True

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

    def _store(self, path: str, key: _Key, post: Facts, tally: Counter[str]) -> None:
        self._forget(path, tally)
        named = post_name(path.rpartition("/")[2])
        day = named[0].isoformat() if named else ""
        row = self._db.execute(
            f"INSERT INTO posts (path, day, {_KEY}, body, title, description, words, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (path, day, *key, post.body, post.title, post.description, search.packed(post), post.problem),
        ).lastrowid
        assert row is not None
        search.add(self._db, row, post, tally)
        terms = ((field, term, row) for field, term in post.terms)
        self._db.executemany("INSERT INTO terms (field, term, post) VALUES (?, ?, ?)", terms)

    def _forget(self, path: str, tally: Counter[str]) -> None:
        """Take a post out, if it is in."""
        for (row,) in self._db.execute("SELECT id FROM posts WHERE path = ?", (path,)).fetchall():
            search.forget(self._db, row, tally)
            self._db.execute("DELETE FROM posts WHERE id = ?", (row,))

    def _damaged(self) -> Iterator[Problem]:
        for path, problem in self._db.execute(
            "SELECT path, problem FROM posts WHERE problem IS NOT NULL ORDER BY path"
        ):
            yield Problem("post.damaged", f"The post {path} cannot be read in full: {problem}. Correct it.", path)
