"""What the model is asked for, and with which evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blogmetad.rules.document import Rules, parse
from blogmetad.rules.plan import known, plan
from blogmetad.rules.ranking import SHORTLIST
from blogmetad.values import Ask, Draft, Neighbour, Neighbours, YamlValue

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
    return [ask.field for ask in plan(rules(language), replace(draft(), fields=fields), Neighbours())]


def ask_for(field: str, body: str = "大模型改变了写作。\n", near: Neighbours | None = None) -> Ask:
    return next(ask for ask in plan(rules(), draft(body), near or Neighbours()) if ask.field == field)


def candidates(body: str, near: Neighbours | None = None) -> list[str]:
    return [candidate.name for candidate in ask_for("tags", body, near).candidates]


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
    title, description, *_ = plan(rules(), draft(), Neighbours())
    assert (title.label, title.language, title.low, title.high, title.hint) == ("Title", "en", 10, 90, "be specific")
    assert (description.label, description.low, description.high) == ("Summary", 40, 220)
    tags = ask_for("tags")
    assert (tags.kind, tags.low, tags.high, tags.lower, tags.new) == ("terms", 2, 4, True, True)


def test_only_a_rule_that_forbids_new_terms_closes_their_lane() -> None:
    assert ask_for("categories").new is False
    queueing = parse(DOCUMENT.replace("new: forbid", "new: queue").replace("LANGUAGE", "en").encode(), "r")
    assert plan(queueing, draft(), Neighbours())[-1].new is True


@pytest.mark.parametrize(
    ("body", "language"),
    [("大模型改变了写作。", "zh"), ("Large models change how we write.", "en"), ("Сегодня хорошая погода", "any")],
)
def test_the_language_of_the_body_is_resolved(body: str, language: str) -> None:
    asks = plan(rules("body"), draft(body), Neighbours())
    assert [ask.language for ask in asks if ask.field in ("title", "description")] == [language, language]


def test_an_english_title_for_the_url_is_asked_for_behind_a_chinese_title() -> None:
    asks = plan(rules("body"), draft(), Neighbours())
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


def test_the_terms_that_most_speaks_for_are_the_first_candidates() -> None:
    assert candidates("谈谈大模型，即 LLM。Google 不算。") == ["llm", "go"]
    assert candidates("用 Go 写的服务。") == ["go", "llm"]
    posts = (Neighbour("2025-01-01-a.md", "", "", {"tags": ("Qwen",)}, 1.0),)
    assert candidates("无关的文字。", Neighbours(posts, {"tags": {"qwen": 1}}, 9))[0] == "qwen"


def test_a_candidates_prior_grows_with_what_speaks_for_it() -> None:
    silent, named = ask_for("tags", "无关。"), ask_for("tags", "大模型。")
    priors = [{candidate.name: candidate.prior for candidate in ask.candidates} for ask in (silent, named)]
    assert priors[1]["llm"] > priors[0]["llm"]
    assert priors[1]["go"] == priors[0]["go"]


def test_of_a_large_vocabulary_the_model_is_asked_about_a_short_list() -> None:
    usage = {"tags": {f"术语{n} t{n}": 1 for n in range(99)} | {f"term {n}": 1 for n in range(99)}}
    asked = candidates("这里讲 term 77。", Neighbours((), usage, 99))
    assert len(asked) == SHORTLIST
    assert asked[0] == "term 77"


def test_a_name_a_chinese_text_keeps_coming_back_to_is_a_candidate_even_if_no_post_carries_it() -> None:
    text = "用 Kubernetes 部署。Kubernetes 很复杂，Kubernetes 也很强。Docker 只提一次。"
    assert candidates(text) == ["go", "llm", "Kubernetes"]
    assert "Kubernetes" not in [candidate.name for candidate in ask_for("categories", text).candidates]
    assert candidates("Kubernetes here, Kubernetes there, Kubernetes is what we all use.") == ["go", "llm"]


def test_the_whole_text_is_searched_for_terms() -> None:
    assert candidates("无关的文字。" * 20_000 + "大模型") == ["llm", "go"]


def test_an_authors_text_fields_are_known_with_their_labels() -> None:
    wrote = draft(title=" 大模型与\n写作 ", description="", tags=["llm"])
    assert known(rules(), wrote) == (("Title", "大模型与 写作"),)


def test_nothing_is_asked_where_the_author_wrote_everything() -> None:
    assert asked(title="Writing with Models", description="d", tags="llm", categories="Life") == []


def test_a_rejected_term_is_not_asked_about_though_posts_carry_it() -> None:
    law = parse(
        DOCUMENT.replace("LANGUAGE", "en").replace("max: 4,", "max: 4, rejected: [Old-Tag],").encode(), "rules.md"
    )
    near = Neighbours(usage={"tags": {"old tag": 5, "redis": 1}}, count=6)
    (tags,) = [ask for ask in plan(law, draft(), near) if ask.field == "tags"]
    names = [candidate.name for candidate in tags.candidates]
    assert "redis" in names
    assert "old tag" not in names
