"""Repairs: only what is safe, and no byte beside it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad import matter
from blogmetad.rules.document import parse
from blogmetad.rules.fix import Repaired, repair
from blogmetad.rules.lint import Law, law, lint
from blogmetad.site.posts import read_post
from blogmetad.values import Problem, PublishedPost

DOCUMENT = """---
rules: 测试
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text}
  date: {type: date}
  tags: {type: terms, max: 9,
         vocabulary: [LLM, {name: machine learning, aliases: [机器学习, ml]}, SQLite, C++, 'no']}
  categories: {type: terms, max: 2}
  toc: {type: constant, value: {sidebar: left}, need: recommended}
  math: {type: constant, value: true, when: {math: true}}
  featured: {type: constant, value: true, need: optional}
---
"""
WHOLE = "layout: post\ntitle: 甲\ntoc: {sidebar: left}\n"


def judge(usage: Mapping[str, Mapping[str, int]] | None = None, *addressed: str) -> Law:
    return law(parse(DOCUMENT.encode(), "rules.md"), usage or {}, frozenset(addressed))


def post_of(raw: bytes) -> PublishedPost:
    post = read_post("2025-04-29-jia.md", raw)
    assert isinstance(post, PublishedPost)
    return post


def repaired(raw: bytes, rules: Law | None = None) -> bytes | None:
    """The post's new bytes, None if there is nothing to do."""
    result = repair(post_of(raw), rules or judge())
    assert not isinstance(result, Problem), result
    return result.content if isinstance(result, Repaired) else None


def tags(written: str, rules: Law | None = None) -> str | None:
    """What becomes of the lines of tags in a post that is fine but for them."""
    before = f"---\n{WHOLE}{written}\n---\n正文\n".encode()
    after = repaired(before, rules)
    if after is None:
        return None
    assert after.startswith(f"---\n{WHOLE}".encode())
    assert after.endswith("\n---\n正文\n".encode())
    return after.decode()[len(f"---\n{WHOLE}") : -len("\n---\n正文\n")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tags: [llm, sqlite]  # 标签", "tags: [LLM, SQLite]  # 标签"),
        ("tags: [ 'llm' , \"sqlite\",rust ]", "tags: [ 'LLM' , \"SQLite\",rust ]"),
        ("tags: [机器学习, ml, LLM]", "tags: [machine learning, LLM]"),
        ("tags: [LLM, rust, LLM, Rust, ]", "tags: [LLM, rust, ]"),
        ("tags:\n- llm  # 大模型\n- 'No'\n# 之后", "tags:\n- LLM  # 大模型\n- 'no'\n# 之后"),
        ("tags:\n  - LLM\n\n  - llm\n  - ml\n  - 2018", "tags:\n  - LLM\n\n  - machine learning\n  - 2018"),
        ("tags: llm, sqlite # x", "tags: [LLM, SQLite] # x"),
        ("tags: 'llm，c++、rust'", "tags: [LLM, C++, rust]"),
        ("tags: llm sqlite", "tags: LLM SQLite"),
        ('tags: "llm rust"', 'tags: "LLM rust"'),
        ("tags: ml llm", "tags: [machine learning, LLM]"),
        ("tags:\n  llm,\n  sqlite", "tags:\n  [LLM, SQLite]"),
        ("tag: llm", "tag: LLM"),
        ("tags: ['SQLite,', LLM]", "tags: ['SQLite', LLM]"),
        ("tags: [LLM,\n  llm,\n  rust]", "tags: [LLM,\n  rust]"),
    ],
)
def test_terms_get_their_names_in_the_layout_they_have(before: str, after: str) -> None:
    assert tags(before) == after


@pytest.mark.parametrize(
    "written",
    [
        "tags: [LLM, 2018, rust]",
        "tags: LLM",
        "tags:",
        "tags: []",
        "tags: {a: b}",
        "tags: machine",
        "tag: a, b",
        "x: [llm]",
    ],
)
def test_what_is_fine_or_not_ours_stays(written: str) -> None:
    assert tags(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "tags:\n  - LLM\n  - llm  # why twice",
        "tags: [LLM, # one\n  llm]",
        "tags: |\n  llm, sqlite",
        "tags:\n  - LLM\n  - >\n    sqlite",
    ],
)
def test_a_layout_in_which_more_than_the_value_would_change_is_left_to_the_author(written: str) -> None:
    post = post_of(f"---\n{WHOLE}{written}\n---\n".encode())
    result = repair(post, judge())
    assert isinstance(result, Problem)
    assert result.rule == "fix.unsafe"
    assert "2025-04-29-jia.md is left as it is" in result.message


def test_missing_constants_come_in_the_order_of_the_rules_and_conditional_and_optional_ones_do_not() -> None:
    before = b"---\r\ntitle: x\r\n# note\r\ntags: [a]\r\n---\r\n$$x^2$$\r\n"
    assert repaired(before) == (
        b"---\r\nlayout: post\r\ntitle: x\r\n# note\r\ntags: [a]\r\ntoc:\r\n  sidebar: left\r\n---\r\n$$x^2$$\r\n"
    )


def test_a_constant_with_another_value_or_none_is_the_authors() -> None:
    assert repaired(b"---\nlayout: distill\ntitle: x\ntoc:\n---\n") is None


def test_front_matter_in_braces_gets_no_constants() -> None:
    assert isinstance(repair(post_of(b"---\n{title: x}\n---\n"), judge()), Problem)


def test_a_byte_order_mark_and_three_dots_at_the_end_stay() -> None:
    before = matter.BOM + f"---  \n{WHOLE}tags: [llm]\n...\n正文".encode()
    assert repaired(before) == before.replace(b"llm", b"LLM")


def test_categories_that_are_part_of_the_address_get_another_case_only() -> None:
    usage = {"categories": {"Data Science": 5, "data-science": 1, "Life": 3, "life": 1}}
    addressed = judge(usage, "categories")
    assert tags("categories: [data-science]", addressed) is None
    assert tags("categories: life, data", addressed) is None
    assert tags("categories: [life]", addressed) == "categories: [Life]"
    assert tags("categories: [data-science]", judge(usage)) == "categories: [Data Science]"


def test_a_post_without_front_matter_stays() -> None:
    assert repaired("正文\n".encode()) is None


TERMS = st.sampled_from(
    ["LLM", "llm", "L-L-M", "ml", "机器学习", "machine learning", "rust", "Rust", "C++", "no", "x: y", "甲"]
)
LISTS = st.lists(TERMS, min_size=1, max_size=5)
VALUES = st.one_of(
    LISTS.map(lambda terms: f"[{', '.join(map(matter.scalar, terms))}]"),
    LISTS.map(lambda terms: "".join(f"\n  - {matter.scalar(term, chr(39))}" for term in terms)),
    LISTS.map(lambda terms: matter.scalar(", ".join(terms), '"')),
    LISTS.map(lambda terms: matter.scalar(" ".join(terms))),
)
SIMPLE = st.one_of(st.text(max_size=20), st.integers(-9, 9), st.booleans(), st.none(), st.lists(st.integers(0, 9)))
OTHERS = st.dictionaries(st.sampled_from(["title", "layout", "toc", "date", "other", "作者"]), SIMPLE, max_size=5)


@given(value=VALUES, others=OTHERS, body=st.text(), newline=st.sampled_from(["\n", "\r\n"]), place=st.booleans())
def test_a_repair_changes_the_terms_and_adds_constants_and_nothing_else(
    value: str, others: dict[str, object], body: str, newline: str, place: bool
) -> None:
    lines = "".join(matter.render(name, other) for name, other in others.items())  # type: ignore[arg-type]
    terms = f"# 注\ntags: {value}\n"
    head = (terms + lines if place else lines + terms).replace("\n", newline)
    raw = f"---{newline}{head}---{newline}{body}".encode()
    before = read_post("2025-04-29-jia.md", raw)
    if not isinstance(before, PublishedPost):
        return
    result = repair(before, judge())
    assert not isinstance(result, Problem), result
    if result is None:
        assert not any(finding.fixable for finding in lint(before, judge()))
        return
    after = post_of(result.content)
    assert after.body == before.body
    assert result.content.count(b"# \xe6\xb3\xa8") == raw.count(b"# \xe6\xb3\xa8")
    kept = {name: repr(value) for name, value in before.fields.items() if name != "tags"}
    assert {name: repr(after.fields[name]) for name in kept} == kept
    assert after.fields.keys() - before.fields.keys() <= {"layout", "toc"}
    assert repair(after, judge()) is None
    assert not any(finding.fixable for finding in lint(after, judge()))
