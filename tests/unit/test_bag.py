"""The words a post is found by: Latin ones, pairs of Chinese characters, and which of them tell most."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.prose import words
from blogmetad.site.bag import HOLDERS, QUERY, is_copy, telling


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SQLite writes, SQLite reads", ["sqlite", "writes", "sqlite", "reads"]),
        ("预写日志", ["预写", "写日", "日志"]),
        ("用 Docker 部署", ["用", "docker", "部署"]),
        ("用Docker部署", ["用", "docker", "部署"]),
        ("C++ and C#, node.js. End.", ["c++", "and", "c#", "node.js", "end"]),
        ("日志，索引", ["日志", "索引"]),
        ("データ", ["デー", "ータ"]),
        ("…  —— !", []),
        ("", []),
    ],
)
def test_words_are_latin_words_in_lower_case_and_pairs_of_chinese_characters(text: str, found: list[str]) -> None:
    assert list(words(text)) == found


@given(st.text(max_size=80))
def test_a_word_needs_no_quoting_in_a_query_and_has_no_space_in_it(text: str) -> None:
    assert all(word and not set(word) & set("\" \t\n'()*:^") for word in words(text))


def test_a_rare_word_tells_more_than_one_most_posts_have() -> None:
    assert telling(Counter(["日志", "我们"]), {"日志": 1, "我们": 90}, 100) == ["日志", "我们"]


def test_a_word_the_text_repeats_tells_more_than_one_it_has_once() -> None:
    assert telling(Counter({"index": 1, "索引": 5}), {"index": 3, "索引": 3}, 100) == ["索引", "index"]


def test_a_word_no_post_has_is_not_looked_for() -> None:
    assert telling(Counter(["生词", "日志"]), {"日志": 1, "生词": 0}, 10) == ["日志"]


def test_the_number_of_words_looked_for_is_limited_and_ties_are_broken_by_the_alphabet() -> None:
    bag = Counter(f"w{n:03}" for n in range(3 * QUERY))
    assert telling(bag, dict.fromkeys(bag, 1), 10) == [f"w{n:03}" for n in range(QUERY)]


def test_a_large_blog_is_looked_through_for_fewer_words() -> None:
    bag = Counter(f"词{n}" for n in range(QUERY))
    assert telling(bag, dict.fromkeys(bag, HOLDERS // 4), 100 * HOLDERS) == ["词0", "词1", "词10", "词11"]


def test_a_word_that_very_many_posts_have_is_looked_for_if_there_is_no_other() -> None:
    assert telling(Counter(["日志"]), {"日志": 2 * HOLDERS}, 9 * HOLDERS) == ["日志"]


@pytest.mark.parametrize(
    "other", ["预写日志把提交写到别处。", "预写日志把提交写到别处。又加了一句", "预写日志把提交写到别处"]
)
def test_a_text_and_a_slightly_changed_version_of_it_are_copies(other: str) -> None:
    assert is_copy(Counter(words("预写日志把提交写到别处。")), list(words(other)))


@pytest.mark.parametrize("other", ["索引把提交写到别处。", "Something else", ""])
def test_texts_that_share_some_words_are_no_copies(other: str) -> None:
    assert not is_copy(Counter(words("预写日志把提交写到别处。")), list(words(other)))


@given(st.lists(st.sampled_from("甲乙丙丁戊己"), max_size=900), st.integers(0, 900), st.integers(0, 200))
def test_a_copy_shares_most_words_with_the_shorter_of_the_two_and_is_not_twice_as_long(
    one: list[str], kept: int, added: int
) -> None:
    other = one[:kept] + ["新"] * added
    shared = (Counter(one) & Counter(other)).total()
    shorter, longer = sorted((len(one), len(other)))
    expected = 0 < longer <= 2 * shorter and shared >= 0.85 * shorter
    assert is_copy(Counter(one), other) == expected


def test_a_text_that_only_repeats_the_words_of_another_is_no_copy_of_it() -> None:
    assert not is_copy(Counter("甲乙丙丁戊己庚辛"), ["甲"] * 8)


def test_the_longest_post_is_taken_apart_in_a_fraction_of_a_second() -> None:
    text = "a.+#" * 100_000 + "." * 100_000 + "字" * 100_000
    began = time.process_time()
    assert sum(1 for _ in words(text)) > 99_999
    assert time.process_time() - began < 2.0, "0.1 s is usual; this is for a machine under load"
