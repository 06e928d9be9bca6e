"""Descriptions that are a post's own first sentences."""

from __future__ import annotations

import datetime as dt

import pytest

from blogmetad.rules.check import check
from blogmetad.rules.document import parse
from blogmetad.rules.plan import plan
from blogmetad.rules.quoting import opening
from blogmetad.rules.schema import TextRule
from blogmetad.values import Draft, Metadata, Neighbours, Proposal

ARRIVED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CHINESE = (
    "# 缓存\n\n2026\n\n这个缓存很慢。原因是每个请求都要等待同一张表的锁。我们测量了它。\n\n"
    "## 结论\n\n加一个索引就好了。\n"
)
ENGLISH = "# Cache\n\nThe cache was [slow](https://example.org). Every request waited for one lock. We measured it.\n"


def rule(**keys: object) -> TextRule:
    return TextRule.model_validate({"type": "text", "quoted": True, "min_length": 5, **keys})


def rules(language: str = "body") -> bytes:
    return (
        "---\nrules: 引用\nversion: 1\nfields:\n  title: {type: text}\n  date: {type: date}\n"
        f"  excerpt: {{type: text, language: {language}, min_length: 5, max_length: 60, usual_length: 30,"
        " sentences: true, quoted: true}\n---\n"
    ).encode()


def draft(body: str) -> Draft:
    return Draft("草稿.md", body.encode(), b"", {}, body.encode())


@pytest.mark.parametrize(
    ("body", "usual", "quote"),
    [
        (CHINESE, 7, "这个缓存很慢。"),
        (CHINESE, 20, "这个缓存很慢。原因是每个请求都要等待同一张表的锁。"),
        (ENGLISH, 20, "The cache was slow."),
        (ENGLISH, 40, "The cache was slow. Every request waited for one lock."),
    ],
)
def test_as_many_whole_sentences_are_quoted_as_such_a_description_usually_has(
    body: str, usual: int, quote: str
) -> None:
    assert opening(body, rule(usual_length=usual, max_length=200)) == quote


def test_headings_labels_and_code_are_not_quoted() -> None:
    code = "```sh\nmake all, please.\n```"
    body = f"# 标题很长很长很长很长很长很长\n\n2026-03\n\n{code}\n\n正文从这里开始，而且足够长了。\n"
    assert opening(body, rule(max_length=100)) == "正文从这里开始，而且足够长了。"


@pytest.mark.parametrize("body", ["", "# 只有标题\n", "一个没有句号而且比规则允许的还要长得多的段落" * 5])
def test_a_text_without_a_sentence_that_fits_is_not_quoted(body: str) -> None:
    assert opening(body, rule(max_length=40)) == ""


def test_what_can_be_quoted_is_not_asked_of_the_model_and_cites_where_it_is_from() -> None:
    law = parse(rules(), "rules.md")
    assert [ask.field for ask in plan(law, draft(CHINESE), Neighbours())] == ["title", "slug"]
    found = check(
        Proposal({"title": "缓存为什么慢", "slug": "slow cache"}), draft(CHINESE), law, Neighbours(), arrived=ARRIVED
    )
    assert isinstance(found, Metadata)
    decision = next(d for d in found.decisions if d.field == "excerpt")
    assert decision.source == "computed"
    assert decision.value == "这个缓存很慢。原因是每个请求都要等待同一张表的锁。我们测量了它。"
    assert decision.evidence == ("the post's own first sentences",)


def test_a_description_in_another_language_than_the_post_is_asked_of_the_model() -> None:
    law = parse(rules("en"), "rules.md")
    assert "excerpt" in [ask.field for ask in plan(law, draft(CHINESE), Neighbours())]
    assert "excerpt" not in [ask.field for ask in plan(law, draft(ENGLISH * 3), Neighbours())]
