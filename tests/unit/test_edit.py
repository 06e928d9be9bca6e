"""Decisions on terms, written into a rules document of any layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.rules import edit
from blogmetad.rules.document import parse
from blogmetad.rules.edit import EditError
from blogmetad.rules.schema import TermsRule

DOCUMENT = """---
# 规则
rules: 测试
version: 1
fields:
  title: {type: text}   # 标题
  date: {type: date}
TAGS
  categories: {type: terms, max: 1}
min_body: {words: 5}
---
Prose: `tags: [a, b]` stays, 一字不改。
"""

FLOW = "  tags: {type: terms, new: queue, vocabulary: [llm, {name: wal, aliases: [预写日志]}]}  # 标签"
WRAPPED = (
    "  tags: {type: terms,\n         vocabulary: [llm,   # 大模型\n                      wal,],\n         new: queue}"
)
LINES = """  tags:
    type: terms
    vocabulary:  # 2 terms
      - llm  # 3 posts
      - name: wal
        aliases:
          - 预写日志  # 中文
    # the lane
    new: queue"""
INDENTLESS = "  tags:\n    new: queue\n    vocabulary:\n    - llm\n    - {name: wal}\n    type: terms"
BARE = "  tags:\n    type: terms\n    hint: |\n      words of\n      the author\n\n  # 分类"
EMPTY = "  tags: {type: terms, vocabulary: [], rejected: []}"
PLANNED = "  tags:\n    type: terms\n    vocabulary: [  # 还没有\n      # to come\n    ]\n    rejected: []"
LAYOUTS = (FLOW, WRAPPED, LINES, INDENTLESS, BARE, EMPTY, PLANNED)


def document(tags: str) -> bytes:
    return DOCUMENT.replace("TAGS", tags).encode()


def rule(data: bytes) -> TermsRule:
    found = parse(data, "rules.md").fields["tags"]
    assert isinstance(found, TermsRule)
    return found


def is_kept(before: bytes, after: bytes) -> bool:
    """Whether ``after`` is ``before`` with bytes put in between, and nothing taken out."""
    rest = iter(after)
    return all(byte in rest for byte in before)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_accepted_term_comes_last_in_the_vocabulary_whatever_the_layout(layout: str) -> None:
    before = document(layout)
    after = edit.accept(before, "rules.md", "tags", "向量 search")
    assert rule(after).vocabulary[:-1] == rule(before).vocabulary
    assert rule(after).vocabulary[-1].name == "向量 search"
    assert is_kept(before, after)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rejected_terms_are_listed_one_after_the_other_in_a_list_of_their_own(layout: str) -> None:
    before = document(layout)
    after = edit.reject(before, "rules.md", "tags", "blog")
    again = edit.reject(after, "rules.md", "tags", "杂谈")
    assert rule(again).rejected == ("blog", "杂谈")
    assert rule(again).vocabulary == rule(before).vocabulary
    assert is_kept(before, again)


@pytest.mark.parametrize("layout", [FLOW, WRAPPED, LINES, INDENTLESS])
@pytest.mark.parametrize("name", ["llm", "wal"])
def test_an_alias_joins_the_term_it_stands_for(layout: str, name: str) -> None:
    before = document(layout)
    after = edit.alias(before, "rules.md", "tags", "大: 模型", name)
    (term,) = (term for term in rule(after).vocabulary if term.name == name)
    assert term.aliases[-1] == "大: 模型"
    assert len(rule(after).vocabulary) == len(rule(before).vocabulary)
    assert is_kept(before, after)


def test_an_alias_of_a_term_only_posts_have_brings_that_term_into_the_vocabulary() -> None:
    after = edit.alias(document(FLOW), "rules.md", "tags", "数据库", "database")
    assert rule(after).vocabulary[-1].name == "database"
    assert rule(after).vocabulary[-1].aliases == ("数据库",)


def test_only_the_line_of_the_new_term_is_added_to_a_list_of_lines() -> None:
    after = edit.accept(document(LINES), "rules.md", "tags", "sqlite").decode()
    assert after == document(LINES).decode().replace("- 预写日志  # 中文\n", "- 预写日志  # 中文\n      - sqlite\n")


def test_a_list_with_an_item_a_line_in_brackets_is_continued_so() -> None:
    after = edit.accept(document(WRAPPED), "rules.md", "tags", "sqlite").decode()
    assert after == document(WRAPPED).decode().replace("wal,]", f"wal,\n{' ' * 22}sqlite,]")
    layout = "  tags: {type: terms, vocabulary: [\n    llm,\n    wal\n  ]}"
    after = edit.accept(document(layout), "rules.md", "tags", "sqlite").decode()
    assert "    llm,\n    wal,\n    sqlite\n  ]}" in after


@pytest.mark.parametrize("layout", LAYOUTS)
def test_windows_line_ends_are_used_for_new_lines_too(layout: str) -> None:
    before = document(layout).replace(b"\n", b"\r\n")
    after = edit.reject(edit.accept(before, "rules.md", "tags", "a"), "rules.md", "tags", "b")
    assert after.count(b"\n") == after.count(b"\r\n")
    assert rule(after).rejected == ("b",)


@pytest.mark.parametrize("term", ["LLM", "预写日志", "l-l-m"])
def test_a_term_that_is_known_in_another_spelling_is_refused(term: str) -> None:
    for decide in (edit.accept, edit.reject):
        with pytest.raises(EditError, match="already"):
            decide(document(FLOW), "rules.md", "tags", term)


def test_a_rejected_term_can_neither_be_accepted_nor_rejected_again() -> None:
    rejected = edit.reject(document(FLOW), "rules.md", "tags", "Blog")
    for decide in (edit.accept, edit.reject):
        with pytest.raises(EditError, match="rejected already"):
            decide(rejected, "rules.md", "tags", "blog")


def test_a_term_is_no_alias_of_itself() -> None:
    with pytest.raises(EditError, match="spelling"):
        edit.alias(document(FLOW), "rules.md", "tags", "Data-Base", "database")


def test_a_term_the_rules_cannot_have_is_refused_with_their_own_words() -> None:
    with pytest.raises(EditError, match="not in the field's language"):
        edit.accept(document("  tags: {type: terms, language: en}"), "rules.md", "tags", "数据库")


def test_a_field_without_terms_is_refused() -> None:
    with pytest.raises(EditError, match="no field of terms"):
        edit.accept(document(FLOW), "rules.md", "title", "llm")


@given(
    term=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40), layout=st.sampled_from(LAYOUTS)
)
def test_whatever_the_term_it_is_written_as_that_or_refused(term: str, layout: str) -> None:
    before = document(layout)
    try:
        after = edit.accept(before, "rules.md", "tags", term)
    except EditError:
        return
    assert rule(after).vocabulary[-1].name == term
    assert is_kept(before, after)
