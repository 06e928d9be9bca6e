"""What the model is asked for, and with which evidence."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p

import pytest

from blogmetad.rules.document import Rules, parse
from blogmetad.rules.plan import known, plan
from blogmetad.values import Ask, Draft, YamlValue

DOCUMENT = """---
rules: 测试
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: LANGUAGE, min_length: 10, max_length: 90, hint: be specific}
  date: {type: date}
  description: {type: text, language: LANGUAGE, min_length: 40, max_length: 220, label: Summary}
  tags: {type: terms, language: en, case: lower, min: 2, max: 4, vocabulary: [{name: llm, aliases: [大模型]}, go]}
  categories: {type: terms, min: 1, max: 1, new: forbid, vocabulary: [Life, Workflow]}
---
"""


def rules(language: str = "en") -> Rules:
    return parse(DOCUMENT.replace("LANGUAGE", language).encode(), "rules.md")


def draft(body: str = "大模型改变了写作。\n", name: str = "随笔.md", **fields: YamlValue) -> Draft:
    return Draft(name, body.encode(), b"", fields, body.encode())


def asked(language: str = "en", **fields: YamlValue) -> list[str]:
    return [ask.field for ask in plan(rules(language), replace(draft(), fields=fields), {})]


def ask_for(field: str, body: str = "大模型改变了写作。\n", usage: dict[str, int] | None = None) -> Ask:
    return next(ask for ask in plan(rules(), draft(body), {field: usage or {}}) if ask.field == field)


def test_a_bare_draft_is_asked_every_text_and_terms_field_in_the_order_of_the_rules() -> None:
    assert asked() == ["title", "description", "tags", "categories"]


def test_what_the_author_wrote_is_not_asked_for() -> None:
    assert asked(title="Writing with Large Models", tags=["llm"]) == ["description", "categories"]


@pytest.mark.parametrize("value", [None, "", []])
def test_a_key_the_author_left_empty_is_a_choice_and_not_asked_for(value: YamlValue) -> None:
    assert "description" not in asked(description=value)


def test_the_singular_key_that_jekyll_reads_too_counts_as_the_authors_decision() -> None:
    assert asked(tag="llm", category="Life") == ["title", "description"]


def test_an_ask_carries_the_label_language_and_limits_of_its_rule() -> None:
    title, description, *_ = plan(rules(), draft(), {})
    assert (title.label, title.language, title.low, title.high, title.hint) == ("Title", "en", 10, 90, "be specific")
    assert (description.label, description.low, description.high) == ("Summary", 40, 220)
    tags = ask_for("tags")
    assert (tags.kind, tags.low, tags.high, tags.lower, tags.new) == ("terms", 2, 4, True, True)


def test_only_a_rule_that_forbids_new_terms_closes_their_lane() -> None:
    assert ask_for("categories").new is False
    queueing = parse(DOCUMENT.replace("new: forbid", "new: queue").replace("LANGUAGE", "en").encode(), "r")
    assert plan(queueing, draft(), {})[-1].new is True


@pytest.mark.parametrize(
    ("body", "language"),
    [("大模型改变了写作。", "zh"), ("Large models change how we write.", "en"), ("Сегодня хорошая погода", "any")],
)
def test_the_language_of_the_body_is_resolved(body: str, language: str) -> None:
    asks = plan(rules("body"), draft(body), {})
    assert [ask.language for ask in asks if ask.field in ("title", "description")] == [language, language]


def test_an_english_title_for_the_url_is_asked_for_behind_a_chinese_title() -> None:
    asks = plan(rules("body"), draft(), {})
    assert [ask.field for ask in asks][:2] == ["title", "slug"]
    assert (asks[1].label, asks[1].language) == ("English title", "en")


@pytest.mark.parametrize("title", ["大模型与写作", "AI 时代", "2025 年终总结", None])
def test_an_authors_title_without_a_telling_latin_part_needs_an_english_one_for_the_url(title: YamlValue) -> None:
    assert asked(title=title)[0] == "slug"


@pytest.mark.parametrize("title", ["Qwen 3: 新模型", "Go", "2048", "Größe zählt"])
def test_an_authors_title_with_a_telling_latin_part_needs_none(title: str) -> None:
    assert "slug" not in asked(title=title)


def test_the_authors_slug_makes_the_question_for_one_needless() -> None:
    assert "slug" not in asked("zh", slug="writing-with-models")
    assert "slug" in asked("zh", slug="大模型")


def test_a_term_in_the_text_has_a_prior_and_cites_the_spelling() -> None:
    llm, go = ask_for("tags", "谈谈大模型，即 LLM。Google 不算。").candidates
    assert (llm.name, llm.prior, llm.evidence) == ("llm", 2.0, ("written in the text as '大模型' and 'LLM'",))
    assert (go.name, go.prior, go.evidence) == ("go", -2.0, ())


def test_usage_on_the_site_adds_to_the_prior_with_its_logarithm() -> None:
    candidates = {c.name: c for c in ask_for("tags", usage={"LLM": 7, "qwen": 1}).candidates}
    assert candidates["llm"].prior == pytest.approx(2.0 + 0.3 * log1p(7))
    assert candidates["llm"].evidence[-1] == "used in 7 posts"
    assert candidates["qwen"].evidence == ("used in 1 post",)


def test_a_name_the_text_keeps_coming_back_to_is_a_candidate_even_if_no_post_carries_it() -> None:
    text = "用 Kubernetes 部署。Kubernetes 很复杂，Kubernetes 也很强。Docker 只提一次。"
    *listed, found = ask_for("tags", text).candidates
    assert [c.name for c in listed] == ["llm", "go"]
    assert (found.name, found.evidence) == ("kubernetes", ("stands in the text 3 times",))
    assert found.prior == pytest.approx(0.5 * log(3))
    assert "Kubernetes" not in [c.name for c in ask_for("categories", text).candidates]


def test_the_whole_text_is_searched_for_terms() -> None:
    assert ask_for("tags", "无关的文字。" * 20_000 + "大模型").candidates[0].prior == 2.0


def test_an_authors_text_fields_are_known_with_their_labels() -> None:
    wrote = draft(title=" 大模型与\n写作 ", description="", tags=["llm"])
    assert known(rules(), wrote) == (("Title", "大模型与 写作"),)


def test_nothing_is_asked_where_the_author_wrote_everything() -> None:
    assert asked(title="Writing with Models", description="d", tags="llm", categories="Life") == []
