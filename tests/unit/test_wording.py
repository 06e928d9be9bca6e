"""A line the model wrote, held against its rule."""

from __future__ import annotations

import pytest

from blogmetad.rules.schema import TextRule
from blogmetad.rules.wording import Refusal, settle

RULE = TextRule(type="text", max_length=60)


@pytest.mark.parametrize(
    "heading",
    [
        "零、前言",
        "前言",
        "一. 背景",
        "第一章 引言",
        "1. Introduction",
        "Introduction",
        "Conclusion",
        "12、总结",
        "TL;DR",
    ],
)
def test_a_title_is_no_section_that_every_post_may_have(heading: str) -> None:
    refusal = settle(heading, "title", RULE, "any").text
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "section"


@pytest.mark.parametrize(
    "title", ["Introduction to SQLite", "背景任务的调度", "2022年终总结", "1 2 3", "第一章的由来", "3. Prefaces"]
)
def test_a_title_with_a_subject_may_have_such_a_word(title: str) -> None:
    assert settle(title, "title", RULE, "any").text == title


def test_only_titles_are_held_to_that() -> None:
    assert settle("Introduction", "subtitle", RULE, "any").text == "Introduction"
