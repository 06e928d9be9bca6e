"""What is published: which terms are in use, which bodies exist. Read from the posts, kept in a disposable cache.

The cache is keyed by path, size, time and inode, so a refresh reads only what changed; a damaged one is thrown away.
Nothing big stays in memory.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blogmetad import matter
from blogmetad.values import Problem, YamlValue, body_sha256

_SCHEMA_VERSION = 1
_SKIPPED = (".", "_", "#", "~")
_SUFFIXES = (".md", ".markdown", ".mkd", ".mkdn", ".mkdown")
_TERM_FIELDS = {"tags": "tags", "tag": "tags", "categories": "categories", "category": "categories"}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh saw: all posts, those read anew, those gone, and those that could not be read."""

    posts: int
    read: int
    removed: int
    seconds: float
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    stamp: str


class Index:
    """The published posts of one site. One connection; not thread-safe."""

    def __init__(self, posts: Path, cache: Path) -> None:
        self._posts, self._cache = posts, cache
        self._db = self._open()

    def close(self) -> None:
        """Close the cache."""
        self._db.close()

    def refresh(self) -> Refreshed:
        """Bring the cache up to date with the folder. A missing folder has no posts; unreadable posts are told."""
        began = time.perf_counter()
        known = dict(self._db.execute("SELECT path, stamp FROM post"))
        seen: set[str] = set()
        read = 0
        with self._db:
            for entry in _walk(self._posts):
                seen.add(entry.path)
                if known.get(entry.path) != entry.stamp:
                    self._read(entry)
                    read += 1
            gone = known.keys() - seen
            self._db.executemany("DELETE FROM term WHERE path = ?", [(path,) for path in gone])
            self._db.executemany("DELETE FROM post WHERE path = ?", [(path,) for path in gone])
        told = self._db.execute("SELECT path, problem FROM post WHERE problem IS NOT NULL ORDER BY path")
        problems = tuple(Problem("post.unreadable", f"{path}: {problem}") for path, problem in told)
        return Refreshed(len(seen), read, len(gone), time.perf_counter() - began, problems)

    def twin(self, body_sha256: str) -> str | None:
        """The path (below the posts folder) of a post with exactly this body."""
        row = self._db.execute("SELECT path FROM post WHERE body = ? ORDER BY path LIMIT 1", (body_sha256,)).fetchone()
        return str(row[0]) if row else None

    def usage(self, field: str) -> dict[str, int]:
        """How many posts carry each term of ``tags`` or ``categories``, as the posts spell it."""
        rows = self._db.execute("SELECT term, count(*) FROM term WHERE field = ? GROUP BY term ORDER BY term", (field,))
        return dict(rows)

    def count(self) -> int:
        """How many posts there are."""
        (count,) = self._db.execute("SELECT count(*) FROM post").fetchone()
        return int(count)

    def _read(self, entry: _Entry) -> None:
        terms: Counter[tuple[str, str]] = Counter()
        body, problem = "", None
        try:
            parts = matter.split((self._posts / entry.path).read_bytes())
            body = body_sha256(parts.body)
            fields = matter.parse(parts.head) if parts.head else None
            for key, field in _TERM_FIELDS.items():
                terms.update((field, term) for term in _terms((fields or {}).get(key)))
        except (OSError, matter.MatterError) as error:
            problem = " ".join(str(error).split())
        self._db.execute(
            "INSERT OR REPLACE INTO post (path, stamp, body, problem) VALUES (?, ?, ?, ?)",
            (entry.path, entry.stamp, body, problem),
        )
        self._db.execute("DELETE FROM term WHERE path = ?", (entry.path,))
        self._db.executemany(
            "INSERT INTO term (path, field, term) VALUES (?, ?, ?)", [(entry.path, *term) for term in terms]
        )

    def _open(self) -> sqlite3.Connection:
        """The cache, made anew if it is damaged or of another version: it holds nothing that is not in the posts."""
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        for attempt in (1, 2):
            db = sqlite3.connect(self._cache, timeout=5.0)
            try:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version not in (0, _SCHEMA_VERSION):
                    raise sqlite3.DatabaseError("another version")
                db.execute("PRAGMA synchronous = OFF")
                db.executescript(
                    f"""
                    CREATE TABLE IF NOT EXISTS post (
                        path TEXT PRIMARY KEY, stamp TEXT NOT NULL, body TEXT NOT NULL, problem TEXT
                    ) WITHOUT ROWID;
                    CREATE INDEX IF NOT EXISTS post_body ON post (body);
                    CREATE TABLE IF NOT EXISTS term (path TEXT NOT NULL, field TEXT NOT NULL, term TEXT NOT NULL);
                    CREATE INDEX IF NOT EXISTS term_field ON term (field, term);
                    CREATE INDEX IF NOT EXISTS term_path ON term (path);
                    PRAGMA user_version = {_SCHEMA_VERSION};
                    """
                )
                db.execute("PRAGMA quick_check(1)")
            except sqlite3.OperationalError:
                db.close()
                raise
            except sqlite3.DatabaseError:
                db.close()
                if attempt == 2:
                    raise
                with suppress(FileNotFoundError):
                    self._cache.unlink()
            else:
                return db
        raise AssertionError("unreachable")


def _walk(folder: Path) -> Iterator[_Entry]:
    """Every Markdown post below ``folder``, as Jekyll sees it: what begins with . _ # or ~ is passed over."""
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_SKIPPED))
        for name in sorted(names):
            if name.startswith(_SKIPPED) or not name.lower().endswith(_SUFFIXES):
                continue
            path = Path(top, name)
            try:
                state = path.stat()
                shown = str(path.relative_to(folder))
                shown.encode("utf-8")
            except (OSError, UnicodeEncodeError):
                continue  # gone meanwhile, a dangling link, or a name no site could link to
            yield _Entry(shown, json.dumps([state.st_size, state.st_mtime_ns, state.st_ino]))


def _terms(value: YamlValue) -> Iterator[str]:
    """Terms as Jekyll takes them: a list, or a string split on white space."""
    found = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    for term in found:
        if isinstance(term, str | int | float) and not isinstance(term, bool) and str(term).strip():
            yield str(term).strip()
