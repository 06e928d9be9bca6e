"""The line that several lines agree on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.model.voting import most_agreed


@pytest.mark.parametrize(
    ("lines", "best"),
    [
        (["A cake", "SQLite WAL mode explained", "SQLite WAL explained", "How WAL mode works"], 1),
        (["今天的天气", "预写日志的原理", "预写日志是什么", "SQLite 预写日志的原理"], 1),
        (["one and only"], 0),
        (["", "", ""], 0),
    ],
)
def test_the_line_that_shares_most_with_the_others_is_taken(lines: list[str], best: int) -> None:
    assert most_agreed(lines, [True] * len(lines)) == best


def test_a_line_that_is_not_whole_is_taken_only_where_none_is() -> None:
    lines = ["预写日志的原理", "预写日志的原", "别的东西"]
    assert most_agreed(lines, [False, False, True]) == 2
    assert most_agreed(lines, [False, False, False]) == 0


@given(st.lists(st.text(alphabet="ab 缓存慢", max_size=8), min_size=1, max_size=6))
def test_of_equal_lines_the_first_is_taken(lines: list[str]) -> None:
    best = most_agreed(lines, [True] * len(lines))
    assert lines.index(lines[best]) == best
