"""Full-text search over the published posts, on the index's own connection: BM25 by SQLite's FTS5, which also knows
Chinese.

The words of title and description count three times those of the body.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from blogmetad.prose import words
from blogmetad.site.bag import is_copy, telling
from blogmetad.site.post import Facts
from blogmetad.values import Neighbour

NEIGHBOURS = 8

SCHEMA = (
    # Contentless: the words are kept once, compressed, in posts.
    """CREATE VIRTUAL TABLE search USING fts5 (
        head, body, content = '', tokenize = "unicode61 remove_diacritics 0 tokenchars '+#.'")""",
    # How many posts have a word. FTS5 could tell that too, but reads through all of them for it.
    "CREATE TABLE holders (word TEXT PRIMARY KEY, posts INTEGER NOT NULL) WITHOUT ROWID",
    # What has to be added to that: a post has words on nearly every page of a large table.
    "CREATE TABLE lately (word TEXT PRIMARY KEY, posts INTEGER NOT NULL) WITHOUT ROWID",
)

_COUNT = "INSERT INTO {table} {values} ON CONFLICT (word) DO UPDATE SET posts = posts + excluded.posts"
_HELD = "SELECT word, posts FROM {table} WHERE word IN (SELECT value FROM json_each(?))"
_LATELY = 100_000
"""Different words that are counted before the table of all words is written to."""

_HEAD_WEIGHT = 3.0
_SHARPNESS = 4
"""A neighbour's weight is the power of its score: of posts that are less like the draft, few should have a say."""

_ASKED = 800
"""Different words of a draft that are looked up, the most frequent ones."""


def packed(post: Facts) -> bytes:
    """The words of a post, to be kept: the search index has to be told them again when it is to forget the post."""
    return zlib.compress(f"{post.head}\n{post.words}".encode(), level=1)


def add(db: sqlite3.Connection, row: int, post: Facts, tally: Counter[str]) -> None:
    """Make a post findable under the number of its row. Its words are counted in ``tally``, for ``count``."""
    db.execute("INSERT INTO search (rowid, head, body) VALUES (?, ?, ?)", (row, post.head, post.words))
    tally.update(_distinct(post.head, post.words))


def forget(db: sqlite3.Connection, row: int, tally: Counter[str]) -> None:
    """Undo ``add``, while the row is still there."""
    for (kept,) in db.execute("SELECT words FROM posts WHERE id = ?", (row,)).fetchall():
        command = "INSERT INTO search (search, rowid, head, body) VALUES ('delete', ?, ?, ?)"
        db.execute(command, (row, *_unpacked(kept)))
        tally.subtract(_distinct(*_unpacked(kept)))


def count(db: sqlite3.Connection, tally: Counter[str]) -> None:
    """Add to how many posts have each word, in the transaction of their ``add``; the tally is empty afterwards."""
    changed = {word: posts for word, posts in tally.items() if posts}
    tally.clear()
    # As JSON in one statement: twice as fast as thousands of statements.
    told = json.dumps(changed, ensure_ascii=False)
    db.execute(_COUNT.format(table="lately", values="SELECT key, value FROM json_each(?) WHERE true"), (told,))
    if db.execute("SELECT count(*) FROM lately").fetchone()[0] > _LATELY:
        db.execute(_COUNT.format(table="holders", values="SELECT word, posts FROM lately WHERE true"))
        db.execute("DELETE FROM lately")


def similar(db: sqlite3.Connection, text: str, posts: int, but: Collection[str]) -> tuple[Neighbour, ...]:
    """Of all ``posts`` that are published those most like ``text``, the nearest first.

    Posts that hold nearly the same words are earlier copies of the text, and left out like those whose paths are in
    ``but``. A text without a telling word has no neighbours.
    """
    bag = Counter(words(text))
    holders = _holders(db, sorted(bag, key=bag.__getitem__, reverse=True)[:_ASKED], but)
    query = " OR ".join(f'"{word}"' for word in telling(bag, holders, posts))
    if not query:
        return ()
    ranked = db.execute(
        "SELECT posts.path, posts.title, posts.description, posts.words, posts.id, -found.score"
        f" FROM (SELECT rowid AS post, bm25(search, {_HEAD_WEIGHT}, 1.0) AS score FROM search WHERE search MATCH ?"
        " ORDER BY score LIMIT ?) AS found JOIN posts ON posts.id = found.post ORDER BY found.score, posts.path",
        (query, 2 * NEIGHBOURS + len(but)),
    ).fetchall()
    others = (
        row for row in ranked if row[5] > 0 and row[0] not in but and not is_copy(bag, _unpacked(row[3])[1].split())
    )
    near = list(islice(others, NEIGHBOURS))
    weights = [(score / near[0][5]) ** _SHARPNESS for *_, score in near]
    return tuple(
        Neighbour(path, title, description, _terms(db, post), weight / sum(weights))
        for (path, title, description, _, post, _), weight in zip(near, weights, strict=True)
    )


def _holders(db: sqlite3.Connection, asked: Sequence[str], but: Collection[str]) -> Mapping[str, int]:
    """How many posts have each of these words, those in ``but`` not counted: words only they have find nothing."""
    told = json.dumps(asked, ensure_ascii=False)  # as one value: of several there may be only so many
    found = dict(db.execute(_HELD.format(table="holders"), (told,)))
    for word, posts in db.execute(_HELD.format(table="lately"), (told,)):
        found[word] = found.get(word, 0) + posts
    for path in but:
        for (kept,) in db.execute("SELECT words FROM posts WHERE path = ?", (path,)):
            for word in found.keys() & _distinct(*_unpacked(kept)):
                found[word] -= 1
    return found


def _terms(db: sqlite3.Connection, post: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for field, term in db.execute("SELECT field, term FROM terms WHERE post = ?", (post,)):
        found[field] = (*found.get(field, ()), term)
    return found


def _distinct(head: str, body: str) -> set[str]:
    return {*head.split(), *body.split()}


def _unpacked(kept: bytes) -> list[str]:
    """Words of title and description, and of the body."""
    return zlib.decompress(kept).decode("utf-8").split("\n", 1)
