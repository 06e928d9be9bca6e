"""How proposals are compared with what authors wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.backtest import score


def test_terms_are_compared_as_sets_without_case_spaces_and_hyphens() -> None:
    found = score.terms(["AI", "machine-learning", "go", "数据库"], ["Machine Learning", "ai", "数据库"])
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(1.0)
    assert found.f1 == pytest.approx(6 / 7)


def test_a_term_proposed_twice_in_two_spellings_counts_once() -> None:
    assert score.terms(["AI", "ai"], ["ai", "go"]) == score.terms(["ai"], ["ai", "go"])


@pytest.mark.parametrize(("proposed", "wanted"), [([], ["ai"]), (["go"], ["ai"]), (["随笔"], ["技术"])])
def test_terms_without_a_common_one_score_nothing(proposed: list[str], wanted: list[str]) -> None:
    assert score.terms(proposed, wanted).f1 == 0


def test_the_first_term_is_a_hit_wherever_it_stands_in_the_authors_list() -> None:
    assert score.hit(["Deep Learning", "x"], ["随笔", "deep-learning"])
    assert not score.hit(["x", "deep-learning"], ["deep-learning"])
    assert not score.hit([], ["deep-learning"])


def test_the_units_of_a_text_are_words_in_the_singular_and_pairs_of_chinese_characters() -> None:
    assert list(score.units("Databases' Queries, SQLite 预写日志 与 WAL")) == [
        *("database", "query", "sqlite", "wal"),
        *("预写", "写日", "日志", "与"),
    ]


@pytest.mark.parametrize(("one", "other"), [("class", "clas"), ("gas", "ga"), ("series", "serie"), ("ties", "ty")])
def test_words_that_only_seem_to_be_plurals_keep_their_ending(one: str, other: str) -> None:
    assert score.text(one, other).f1 == 0


def test_plurals_possessives_width_and_case_make_no_difference() -> None:
    assert score.text("Agency’s policies and ＡＰＩs", "agency policy AND api").f1 == pytest.approx(1)


def test_a_text_with_half_of_the_words_has_full_precision_and_half_the_recall() -> None:
    found = score.text("预写日志", "预写日志的原理")
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert found.f1 == pytest.approx(2 / 3)


def test_a_word_repeated_counts_as_often_as_the_author_wrote_it() -> None:
    assert score.text("go go go go", "go fast").precision == 0.25


def test_markup_and_punctuation_are_no_text() -> None:
    assert score.text("The Developer Program!", 'The <a href="https://x.gov/the-x">/Developer Program</a>').f1 == 1


def test_chinese_and_english_agree_in_the_names_they_share() -> None:
    assert 0 < score.text("用 Docker 部署博客", "Deploying a blog with Docker").f1 < 0.5


@pytest.mark.parametrize(("proposed", "wanted"), [("", "标题"), ("Title", ""), ("", ""), ("……", "——")])
def test_nothing_agrees_with_nothing(proposed: str, wanted: str) -> None:
    assert score.text(proposed, wanted).f1 == 0


@given(st.text(alphabet="ab s'的数据库 -", max_size=30), st.text(alphabet="ab s'的数据库 -", max_size=30))
def test_similarity_lies_between_0_and_1_whichever_side_is_whose(one: str, other: str) -> None:
    assert score.text(one, other).f1 == pytest.approx(score.text(other, one).f1)
    assert 0 <= score.text(one, other).f1 <= 1
    if list(score.units(one)):
        assert score.text(one, one).f1 == 1


def test_the_language_is_right_if_every_value_is_in_it() -> None:
    assert score.right_language(["Writing Files"], "en")
    assert not score.right_language(["Writing Files", "写文件"], "en")
    assert not score.right_language(["Docker"], "zh")
    assert score.right_language(["Docker", "容器"], "zh", terms=True)
    assert score.right_language(["写文件", "Docker"], "any")
