"""Posts held against the rules: what is found, how bad it is, and what can be repaired."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from blogmetad.rules.document import parse
from blogmetad.rules.lint import law, lint
from blogmetad.site.posts import read_post
from blogmetad.values import Finding, PublishedPost

DOCUMENT = """---
rules: 测试
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: LANGUAGE, min_length: 4, max_length: 40}
  date: {type: date}
  description: {type: text, language: en, max_length: 60, need: recommended}
  subtitle: {type: text, need: optional}
  tags: {type: terms, language: LANGUAGE, min: 1, max: 3, new: NEW,
         vocabulary: [LLM, {name: machine learning, aliases: [机器学习, ml]}, SQLite]}
  keywords: {type: terms, max: 3, need: optional}
  image: {type: author, kind: text}
  rating: {type: author, kind: number}
  seen: {type: author, kind: date}
  toc: {type: constant, value: {beginning: true}, when: {headings: 2}}
  related_posts: {type: constant, value: false, need: recommended}
  featured: {type: constant, value: false, need: optional}
slug: {max_words: 3, max_length: 20}
---
"""
SOUND = """layout: post
title: Notes on Models
date: 2025-04-29
description: What a model is, in one sentence.
tags: [LLM, SQLite]
related_posts: false
"""


def findings(
    head: str = SOUND,
    path: str = "2025-04-29-models.md",
    body: str = "Text.\n",
    language: str = "en",
    new: str = "allow",
    usage: Mapping[str, Mapping[str, int]] | None = None,
    addressed: frozenset[str] = frozenset(),
) -> dict[str, Finding]:
    rules = parse(DOCUMENT.replace("LANGUAGE", language).replace("NEW", new).encode(), "rules.md")
    post = read_post(path, f"---\n{head}---\n{body}".encode())
    assert isinstance(post, PublishedPost)
    found = lint(post, law(rules, usage or {}, addressed))
    assert all(finding.paths == (path,) for finding in found)
    return {finding.rule: finding for finding in found}


def changed(key: str, line: str) -> str:
    """The sound post with another line for a key, or none."""
    lines = SOUND.splitlines(keepends=True)
    return "".join(line if old.startswith(f"{key}:") else old for old in lines) if key in SOUND else SOUND + line


def test_a_post_as_the_rules_have_it_has_no_findings() -> None:
    assert findings() == {}


@pytest.mark.parametrize(
    ("key", "rule", "severity", "fixable"),
    [
        ("title", "title.missing", "error", False),
        ("date", "date.missing", "error", False),
        ("tags", "tags.missing", "error", False),
        ("description", "description.missing", "warning", False),
        ("layout", "layout.missing", "error", True),
        ("related_posts", "related_posts.missing", "warning", True),
    ],
)
def test_a_missing_field_is_as_bad_as_it_is_needed(key: str, rule: str, severity: str, fixable: bool) -> None:
    (finding,) = findings(changed(key, "")).values()
    assert (finding.rule, finding.severity, finding.field, finding.fixable) == (rule, severity, key, fixable)


def test_an_empty_field_is_missing_too_but_a_constant_left_empty_on_purpose_is_not_filled() -> None:
    assert findings(changed("title", "title:\n"))["title.missing"].message.startswith("'title' is empty")
    assert findings(changed("tags", "tags: []\n")).keys() == {"tags.missing"}
    assert not findings(changed("layout", "layout:\n"))["layout.value"].fixable


@pytest.mark.parametrize(
    ("key", "line", "rule", "severity"),
    [
        ("layout", "layout: distill\n", "layout.value", "warning"),
        ("related_posts", "related_posts: 0\n", "related_posts.value", "warning"),
        ("title", "title: 大模型笔记\n", "title.language", "error"),
        ("title", "title: LLM\n", "title.length", "warning"),
        ("title", "title: [甲, 乙]\n", "title.kind", "error"),
        ("title", "title: yes\n", "title.kind", "error"),
        ("title", "title: The <b>bold</b> one\n", "title.html", "warning"),
        ("title", 'title: "Notes\\u202e on Models"\n', "title.control", "error"),
        ("title", 'title: "Notes\\a on Models"\n', "title.control", "error"),
        ("description", f"description: {'long ' * 20}\n", "description.length", "warning"),
        ("date", "date: 昨天\n", "date.unreadable", "error"),
        ("date", "date: 2025-04-28\n", "date.name", "warning"),
        ("date", "date: 2025-04-29 10:30:00\n", "date.offset", "warning"),
        ("date", "date: 2025-04-29 10:30\n", "date.offset", "warning"),
        ("tags", "tags: [LLM, a, b, c]\n", "tags.count", "warning"),
        ("tags", "tags: {a: b}\n", "tags.kind", "error"),
        ("tags", "tags: true\n", "tags.kind", "error"),
        ("tags", "tags: [数据库]\n", "tags.language", "error"),
        ("image", "image: 3\n", "image.kind", "warning"),
        ("rating", "rating: true\n", "rating.kind", "warning"),
        ("seen", "seen: soon\n", "seen.kind", "warning"),
    ],
)
def test_a_value_that_is_not_as_the_rules_have_it_is_one_finding(key: str, line: str, rule: str, severity: str) -> None:
    (finding,) = findings(changed(key, line)).values()
    assert (finding.rule, finding.severity, finding.field, finding.fixable) == (rule, severity, key, False)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("title", "title: 20250\n"),
        ("title", "title: Café λ 10 > 9\n"),
        ("date", "date: 2025-04-29 10:30:00 +0800\n"),
        ("date", "date: 2025-04-29T10:30:00Z\n"),
        ("tags", "tags: LLM SQLite\n"),
        ("tag", "tag: rust\n"),
        ("keywords", "keywords: one, two\n"),
        ("rating", "rating: 4.5\n"),
        ("seen", "seen: 2024-01-01 10:00 +0800\n"),
        ("unknown", "unknown: {{}: 甲}\n".replace("{{}", "{x")),
    ],
)
def test_what_the_rules_leave_open_is_no_finding(key: str, line: str) -> None:
    assert findings(changed(key, line) if key != "tag" else changed("tags", line)) == {}


@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        ("tags: [llm]\n", "tags.case", "warning"),
        ("tags: [LLM, 'Machine-Learning']\n", "tags.spelling", "warning"),
        ("tags: ['SQLite,']\n", "tags.spelling", "warning"),
        ("tags: [机器学习]\n", "tags.alias", "warning"),
        ("tags: [LLM, SQLite, LLM]\n", "tags.duplicate", "warning"),
        ("tags: [machine learning, 机器学习]\n", "tags.duplicate", "warning"),
        ("tags: LLM, SQLite\n", "tags.comma", "error"),
    ],
)
def test_terms_in_another_form_can_be_repaired(line: str, rule: str, severity: str) -> None:
    (finding,) = findings(changed("tags", line)).values()
    assert (finding.rule, finding.severity, finding.fixable) == (rule, severity, True)


def test_a_term_of_several_words_in_text_is_an_error_that_only_its_author_can_repair() -> None:
    found = findings(changed("tags", "tags: machine learning SQLite\n"), usage={"tags": {"machine": 1, "learning": 1}})
    assert found.keys() == {"tags.split"}
    assert not found["tags.split"].fixable


def test_a_term_outside_a_closed_vocabulary_is_an_error_only_there() -> None:
    line = changed("tags", "tags: [LLM, rust]\n")
    assert findings(line, new="forbid").keys() == {"tags.unknown"}
    assert findings(line, new="queue") == {}


def test_the_spelling_most_posts_use_is_the_right_one_where_the_rules_name_none() -> None:
    usage = {"tags": {"Rust": 5, "rust": 2}}
    found = findings(changed("tags", "tags: [rust]\n"), usage=usage)
    assert "'Rust'" in found["tags.case"].message
    assert findings(changed("tags", "tags: [Rust]\n"), usage=usage) == {}


def test_terms_that_are_part_of_the_address_are_not_exchanged_but_their_case_is() -> None:
    addressed = frozenset({"tags"})
    assert not findings(changed("tags", "tags: [ml]\n"), addressed=addressed)["tags.alias"].fixable
    assert not findings(changed("tags", "tags: LLM, SQLite\n"), addressed=addressed)["tags.comma"].fixable
    assert findings(changed("tags", "tags: [llm]\n"), addressed=addressed)["tags.case"].fixable


def test_a_language_that_is_guessed_from_the_body_gives_warnings() -> None:
    chinese = "这是一篇关于大模型的文章。\n"
    found = findings(body=chinese, language="body")
    assert found["title.language"].severity == "warning"
    assert findings(changed("title", "title: 大模型笔记\n"), body=chinese, language="body") == {}


def test_a_constant_whose_condition_holds_is_missed_and_not_added() -> None:
    body = "# 一\n\n正文\n\n# 二\n"
    found = findings(body=body)
    assert (found["toc.missing"].severity, found["toc.missing"].fixable) == ("warning", False)
    assert "2 headings" in found["toc.missing"].message
    assert findings(SOUND + "toc: {beginning: true}\n", body=body) == {}
    assert findings(SOUND + "toc: {sidebar: left}\n", body=body).keys() == {"toc.value"}
    assert findings(SOUND + "toc: {sidebar: left}\n") == {}


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("2025-04-29-models.markdown", {"file.pattern"}),
        ("2025-4-29-models.md", {"file.pattern"}),
        ("2025-04-29-Models.md", {"file.slug"}),
        ("2025-04-29-大模型.md", {"file.slug"}),
        ("2025-04-29-one-two-three-four.md", {"file.slug"}),
        ("2025-04-29-one-two-three-2.md", set()),
        ("2025-04-29-one-two-three-99.md", set()),
        ("2025-04-29-one-two-three-1.md", {"file.slug"}),
        ("2025-04-29-one-two-three-02.md", {"file.slug"}),
        ("2025-04-29-one-two-three-100.md", {"file.slug"}),
        ("2025-04-29-one-two-three-2-2.md", {"file.slug"}),
        ("2025-04-29-one-two-three-four-2.md", {"file.slug"}),
        ("2025-04-29-大模型-2.md", {"file.slug"}),
        ("2025-04-29-longlonglonglonglong.md", set()),
        ("2025-04-29-longlonglonglonglong-2.md", set()),
        ("2025-04-29-longlonglonglonglonglong.md", {"file.slug"}),
        ("nested/2025-04-29-one-two-three.md", set()),
    ],
)
def test_names_that_are_not_the_rules_are_warnings(path: str, rules: set[str]) -> None:
    found = findings(path=path)
    assert found.keys() == rules
    assert all(finding.severity == "warning" for finding in found.values())


def test_a_post_without_front_matter_is_not_told_every_field_it_lacks() -> None:
    post = read_post("2025-04-29-a.md", "正文\n".encode())
    assert isinstance(post, PublishedPost)
    rules = parse(DOCUMENT.replace("LANGUAGE", "en").replace("NEW", "allow").encode(), "rules.md")
    assert lint(post, law(rules, {})) == ()
