"""The evidence of a generated line: which of its words the text has too."""

from __future__ import annotations

import pytest

from blogmetad.rules.grounds import grounds


@pytest.mark.parametrize(
    ("line", "text", "told"),
    [
        ("SQLite WAL Explained", "用 sqlite 的 WAL 模式", "2 of its 3 words stand in the text (sqlite, wal)"),
        ("预写日志", "什么是预写日志？", "3 of its 3 words stand in the text (预写, 写日, 日志)"),
        ("What This Is About: the WAL with SQLite", "sqlite, what else", "1 of its 3 words stand in the text (sqlite)"),
        ("Something else", "完全无关", "0 of its 2 words stand in the text"),
    ],
)
def test_words_that_stand_in_the_text_are_counted_and_named(line: str, text: str, told: str) -> None:
    assert grounds(line, text) == (told,)


def test_at_most_five_words_are_named() -> None:
    (told,) = grounds("alpha bravo charlie delta eagle foxtrot", "alpha bravo charlie delta eagle foxtrot")
    assert told.endswith("(alpha, bravo, charlie, delta, eagle, ...)")


def test_a_line_without_a_word_has_no_evidence() -> None:
    assert grounds("?! of", "text") == ()
