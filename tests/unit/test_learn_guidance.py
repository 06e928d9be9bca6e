"""Prose about how posts are written: what is read from it, and that it goes before what the posts suggest."""

from __future__ import annotations

import datetime as dt

from blogmetad.rules.check import check
from blogmetad.rules.learn import read_guidance, render
from blogmetad.rules.learn.guidance import Guidance
from blogmetad.rules.learn.termlists import split_terms
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, TermsRule, TextRule, When
from blogmetad.values import Draft, Metadata, Neighbours, Opinion, Proposal
from tests.unit.learning import CHINESE, ENGLISH, blog, learned, rules_of, what_deviates

BILINGUAL = """# 写作规范 (How I write)

## 1. 文件命名

- 文件名为 `YYYY-MM-DD-kebab-case-title.md`，用小写字母。

## 2. 元数据

### 2.1 必填字段 (Required)

- `layout: post`
  - 固定写 `post`。
- `title: "Your Title"`
  - **值:** 必须使用英文标题。有冒号时请用英文双引号括起来。
- `date: YYYY-MM-DD` (或 `YYYY-MM-DD HH:MM:SS ZZZZ`)

### 2.2 推荐字段 (Recommended)

- `description: "A short summary"`
  - 必须是英文，一两句，不超过 180 个字符。
- `tags: tag1 tag2` (或 `tags: [tag1, tag2]`)
  - 必须是英文，小写，3 到 6 个。
- `categories: Category`
  - 必须是英文。通常只指定一个主要分类，但也可以是列表。
  - **示例:** `categories: Engineering`

### 2.3 可选字段 (Optional)

- `giscus_comments: true`
  - 一般设为 `true`。
- `featured: true`
  - 默认不写就是 `false`。
- `toc:`
  - 需要时写 `toc: { beginning: true }`。
- `cover: assets/cover.png`
- `related_posts: true` / `false`

### 2.4 示例 (Example)

FENCE_OPEN
layout: post
title: "Why the Cache Was Slow: A Small Measurement"
date: 2025-01-02 10:00:00 +0800
description: "Measuring a slow cache, and what one lock has to do with it."
tags: [cache, sql, lock, measurement]
categories: Engineering
giscus_comments: true
featured: false
toc:
INDENTbeginning: true
---

（正文）
FENCE_CLOSE

## 3. 心得

保持一致。
"""
WHOLE = BILINGUAL.replace("FENCE_OPEN", "```yaml\n---").replace("FENCE_CLOSE", "```").replace("INDENT", "  ")
ESCAPED = (
    BILINGUAL.replace("FENCE_OPEN", "\\`\\`\\`yaml\n---").replace("FENCE_CLOSE", "\\`\\`\\`").replace("INDENT", "  ")
)
DAMAGED = (
    BILINGUAL.replace("### 2.4 示例 (Example)\n\nFENCE_OPEN", "### 2.4 示例 (Example)\n\n## \\`\\`\\`yaml\n")
    .replace("FENCE_CLOSE", "\\`\\`\\`")
    .replace("INDENT", "")
)
FIELDS = [
    *("layout", "title", "date", "description", "tags", "categories", "giscus_comments", "featured", "toc"),
    *("cover", "related_posts"),
]


def test_fields_needs_languages_and_the_example_are_read_whole_escaped_and_damaged() -> None:
    for text in (WHOLE, ESCAPED, DAMAGED):
        guidance = read_guidance(text, "rules.md")
        assert [demand.name for demand in guidance.demands] == FIELDS
        assert [demand.need for demand in guidance.demands] == (
            ["required"] * 3 + ["recommended"] * 3 + ["optional"] * 5
        )
        assert {demand.name for demand in guidance.demands if demand.language == "en"} == {
            *("title", "description", "tags", "categories")
        }
        assert guidance.example["title"] == "Why the Cache Was Slow: A Small Measurement"
        assert guidance.example["toc"] == {"beginning": True}
        assert guidance.passed_over == ("3. 心得",)


def test_without_a_post_the_prose_alone_makes_the_rules() -> None:
    found = learned([], read_guidance(WHOLE, "rules.md"))
    rules = rules_of(found)
    assert list(rules.fields) == FIELDS
    written = [name for name, rule in rules.fields.items() if not isinstance(rule, AuthorRule)]
    assert written == [*FIELDS[:7], "toc"]
    toc, tags, categories = rules.fields["toc"], rules.fields["tags"], rules.fields["categories"]
    assert isinstance(toc, ConstantRule)
    assert (toc.value, toc.when) == ({"beginning": True}, When(headings=3))
    assert isinstance(tags, TermsRule)
    assert (tags.language, tags.case, tags.min, tags.max, tags.form) == ("en", "lower", 3, 6, "list")
    assert isinstance(categories, TermsRule)
    assert (categories.min, categories.max, categories.new) == (1, 2, "allow")
    assert [term.name for term in categories.vocabulary] == ["Engineering"]
    description = rules.fields["description"]
    assert isinstance(description, TextRule)
    assert (description.language, description.max_length, description.sentences) == ("en", 180, True)
    assert "one or two" in description.hint
    assert rules.examples[0].title == "Why the Cache Was Slow: A Small Measurement"
    assert rules.filename == "{date}-{slug}.md"


def test_the_prose_goes_before_the_posts_and_they_fill_in_the_rest() -> None:
    head = (
        "layout: page\ntitle: 缓存为什么慢 {n}\ndate: {date}\ndescription: 讲第 {n} 个问题。\n"
        "tags: [缓存, SQL]\nthread: {n}\ntoc: {beginning: true}\n"
    )
    plain = head.replace("toc: {beginning: true}\n", "")
    headings = ENGLISH + "## A\n\n## B\n\n## C\n\n## D\n\n## E\n\n"
    found = learned(blog([head, plain] * 10, [headings, CHINESE]), read_guidance(WHOLE, "rules.md"))
    fields = rules_of(found).fields
    assert list(fields)[:3] == ["layout", "title", "date"]
    assert list(fields).index("thread") == list(fields).index("tags") + 1, "a field of the posts keeps its place"
    layout, title, toc, tags = fields["layout"], fields["title"], fields["toc"], fields["tags"]
    assert isinstance(layout, ConstantRule)
    assert layout.value == "post"
    assert isinstance(title, TextRule)
    assert (title.language, title.max_length) == ("en", 90), "Chinese titles are no measure for English ones"
    assert isinstance(toc, ConstantRule)
    assert toc.when == When(headings=5), "the prose does not say when; the posts do"
    assert isinstance(tags, TermsRule)
    assert [(term.name, term.aliases) for term in tags.vocabulary] == [("cache", ("缓存",)), ("sql", ())]
    assert len(what_deviates(found, "'title' is not in the language the guidance asks for")) == 20


def test_the_document_says_what_it_took_from_whom() -> None:
    text = render(learned([], read_guidance(WHOLE, "我的规范.md")))
    assert "# Guidance: 我的规范.md; 11 fields were read from it." in text
    assert "Nothing was taken from these parts of it: '3. 心得'" in text
    assert "# 我的规范.md: recommended, in English, lower case, in its example" in text


def test_only_short_prose_is_shown_to_the_model() -> None:
    short = "Titles name the tool. 描述要具体。"
    assert rules_of(learned([], read_guidance(short, "a.md"))).guidance.endswith(short)
    assert "心得" not in rules_of(learned([], read_guidance(WHOLE, "a.md"))).guidance


def needs(guidance: Guidance) -> dict[str, str | None]:
    return {demand.name: demand.need for demand in guidance.demands}


def test_other_peoples_documents_are_read_too() -> None:
    bold = "## Required fields\n\n- **Title**: must be in English\n- **Tags** (optional): 2-4 tags\n"
    assert needs(read_guidance(bold, "a")) == {"title": "required", "tags": "optional"}
    table = "| Field | Need |\n|---|---|\n| `title` | required |\n| description | recommended, in English |\n"
    assert needs(read_guidance(table, "a")) == {"title": "required", "description": "recommended"}
    headings = "## 必填\n\n### 标题\n\n用中文。\n\n### 标签\n\n最多 4 个，小写。\n\n## 可选\n\n### toc\n"
    guidance = read_guidance(headings, "a")
    assert needs(guidance) == {"title": "required", "tags": "required", "toc": "optional"}
    assert [demand.language for demand in guidance.demands] == ["zh", None, None]
    labelled = "必须:\n\n* 标题：英文或中文均可\n\n可选:\n\n* 摘要 - 用英文写\n"
    guidance = read_guidance(labelled, "a")
    assert needs(guidance) == {"title": "required", "description": "optional"}
    assert [demand.language for demand in guidance.demands] == [None, "en"]


def test_limits_and_languages_of_other_documents_become_rules() -> None:
    text = "- title (required): in English, 20-70 characters\n- tags: lower case, up to 4 tags\n- date: required\n"
    fields = rules_of(learned([], read_guidance(text, "a"))).fields
    title, tags = fields["title"], fields["tags"]
    assert isinstance(title, TextRule)
    assert (title.language, title.min_length, title.max_length) == ("en", 20, 70)
    assert isinstance(tags, TermsRule)
    assert (tags.case, tags.max) == ("lower", 4)


def test_a_language_that_is_forbidden_is_not_asked_for() -> None:
    assert read_guidance("- title: 不要使用英文\n", "a").demands[0].language is None
    assert read_guidance("- title: never use English\n", "a").demands[0].language is None


def test_one_sentence_about_all_metadata_holds_for_every_field() -> None:
    text = "所有元数据必须使用英文。\n\n- title: 具体\n- tags: 3 个以上\n"
    assert {demand.language for demand in read_guidance(text, "a").demands} == {"en"}


def test_an_example_alone_gives_fields_and_forms() -> None:
    head = "title: Why Caches Are Slow\ndate: 2024-05-06\ntags:\n  - cache\n  - sql\nmath: true\n"
    text = f"Posts look like this:\n\n```yaml\n{head}```\n"
    fields = rules_of(learned([], read_guidance(text, "a"))).fields
    assert list(fields) == ["title", "date", "tags", "math"]
    tags, math, date = fields["tags"], fields["math"], fields["date"]
    assert isinstance(tags, TermsRule)
    assert (tags.form, tags.usual) == ("lines", 2.0)
    assert isinstance(math, ConstantRule)
    assert math.when == When(math=True)
    assert isinstance(date, DateRule)
    assert not date.time


def test_prose_without_a_field_changes_no_rule() -> None:
    posts = blog(["title: T {n}\ndate: {date}\n"] * 10)
    plain, advised = learned(posts), learned(posts, read_guidance("Be kind. 写得具体一点。", "a.md"))
    assert [field.rule for field in plain.fields] == [field.rule for field in advised.fields]
    assert "# Guidance: a.md; no field is named in it." in render(advised)


def test_a_chinese_draft_gets_the_fields_of_the_prose_in_its_order_and_in_english() -> None:
    rules = rules_of(learned([], read_guidance(WHOLE, "rules.md")))
    body = "大模型改变了写作的方式，这里说明如何改变。\n\n## 一\n\n## 二\n\n## 三\n"
    texts = {"title": "How Models Change Writing", "description": "What large models change in the way people write."}
    tags = tuple(Opinion(name, -0.5, written=True) for name in ("llm", "writing", "workflow"))
    found = check(
        Proposal(texts, {"tags": tags, "categories": (Opinion("Engineering", 2.0),)}),
        Draft("随笔.md", body.encode(), b"", {}, body.encode()),
        rules,
        Neighbours(),
        arrived=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    )
    assert isinstance(found, Metadata)
    assert list(found.fields) == [*FIELDS[:7], "toc"]
    assert found.fields["layout"] == "post"
    assert set(split_terms(found.fields["tags"])) == {"llm", "writing", "workflow"}
    assert found.fields["categories"] == ["Engineering"]
    assert found.fields["toc"] == {"beginning": True}
    assert found.filename == "2026-03-01-how-models-change-writing.md"
