"""What of a text was kept, taken out and put in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from blogmetad.journal.difference import Piece, pieces


@given(some.text(max_size=60), some.text(max_size=60))
def test_the_pieces_give_both_texts_back(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.kind != "new") == before
    assert "".join(piece.text for piece in found if piece.kind != "gone") == after


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "", ()),
        ("A log. It waits.", "A log.", (Piece("same", "A log."), Piece("gone", " It waits."))),
        ("WAL mode", "wal mode", (Piece("gone", "WAL"), Piece("new", "wal"), Piece("same", " mode"))),
        ("预写日志", "预写的日志", (Piece("same", "预写"), Piece("new", "的"), Piece("same", "日志"))),
        ("SQLite日志", "SQLite 日志", (Piece("same", "SQLite"), Piece("new", " "), Piece("same", "日志"))),
    ],
)
def test_words_are_compared_and_chinese_characters_one_by_one(
    before: str, after: str, found: tuple[Piece, ...]
) -> None:
    assert pieces(before, after) == found
