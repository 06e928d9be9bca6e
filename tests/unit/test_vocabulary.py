"""Canonical names, aliases, usage on the site, and where a text writes a term."""

from __future__ import annotations

import time

import pytest

from blogmetad.rules.schema import TermsRule
from blogmetad.rules.vocabulary import Usage, Vocabulary, build, mentions


def vocabulary(*entries: object, usage: Usage | None = None, **keys: object) -> Vocabulary:
    return build(TermsRule.model_validate({"type": "terms", "vocabulary": list(entries), **keys}), usage or {})


ML = {"name": "machine-learning", "aliases": ["机器学习", "ML"]}


@pytest.mark.parametrize(
    "spelling",
    ["machine-learning", "Machine Learning", "machine_learning", "machinelearning", "机器学习", "ml", "ＭＬ"],
)
def test_every_spelling_and_alias_has_one_canonical_name(spelling: str) -> None:
    assert vocabulary(ML).canonical(spelling) == "machine-learning"


@pytest.mark.parametrize("term", ["learning", "c", "深度学习", ""])
def test_an_unknown_term_has_no_canonical_name(term: str) -> None:
    assert vocabulary(ML, "c++", "c#").canonical(term) is None


def test_terms_of_the_site_join_those_of_the_rules_behind_them_and_the_most_used_first() -> None:
    found = vocabulary("llm", usage={"qwen": 2, "moe": 7, "LLM": 3})
    assert found.names == ("llm", "moe", "qwen")
    assert found.counts == {"llm": 3, "moe": 7, "qwen": 2}


def test_the_spelling_most_posts_have_wins_unless_the_rules_name_one() -> None:
    usage = {"AI": 3, "ai": 5, "Deep-Learning": 9, "deep learning": 1}
    assert vocabulary(usage=usage).names == ("Deep-Learning", "ai")
    assert vocabulary("deep learning", "AI", usage=usage).names == ("deep learning", "AI")


def test_posts_under_an_alias_count_for_the_canonical_name() -> None:
    assert vocabulary(ML, usage={"机器学习": 4, "ml": 1}).counts == {"machine-learning": 5}


def test_lower_case_rules_lower_every_name() -> None:
    assert vocabulary("LLM", usage={"Qwen": 1}, case="lower").names == ("llm", "qwen")


def test_terms_in_another_language_are_left_out_unless_an_alias_maps_them() -> None:
    usage = {"深度学习": 9, "机器学习": 2, "python": 1}
    assert vocabulary(ML, usage=usage, language="en").names == ("machine-learning", "python")


def test_a_chinese_vocabulary_keeps_latin_names_and_leaves_japanese_out() -> None:
    assert set(vocabulary(usage={"Docker": 1, "容器": 1, "コンテナ": 1}, language="zh").names) == {"Docker", "容器"}


def test_the_language_of_the_body_can_be_given_where_the_rule_follows_it() -> None:
    rule = TermsRule.model_validate({"type": "terms", "language": "body"})
    assert build(rule, {"容器": 1, "docker": 1}, "en").names == ("docker",)


def test_a_list_that_forbids_new_terms_keeps_the_other_terms_of_the_site_out() -> None:
    usage = {"ml-engineering": 5, "life": 1}
    assert vocabulary("Life", usage=usage, new="forbid").names == ("Life",)
    assert vocabulary(usage=usage, new="forbid").names == ("ml-engineering", "life")


def test_the_comma_jekyll_leaves_on_a_tag_is_taken_off() -> None:
    assert vocabulary(usage={"book,": 2, "mind": 1}).names == ("book", "mind")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("go", "google and ego"),
        ("ai", "he said, mail"),
        ("c", "C++ 和 C# 语言"),
        ("mp", "an mp3 file"),
        ("s", "on k8s"),
        ("machine learning", "a machine\n\nlearning"),
        ("machine learning", "machine, learning"),
        ("node.js", "node js"),
    ],
)
def test_a_latin_term_is_not_found_inside_other_words(term: str, text: str) -> None:
    assert vocabulary(term).mentions(text) == {}


@pytest.mark.parametrize(
    ("term", "text", "spelling"),
    [
        ("go", "用Go写的服务", "Go"),
        ("c++", "学习 C++的第一天", "C++"),
        ("c#", "(C#)", "C#"),
        ("node.js", "Node.js 20", "Node.js"),
        ("machine-learning", "Machine\nlearning is", "Machine learning"),
        ("qwen 3", "Qwen3-8B", "Qwen3"),
        ("gpt-4", "GPT4", "GPT4"),
        ("机器学习", "统计机器学习方法", "机器学习"),
        ("AI绘画", "试试AI绘画吧", "AI绘画"),
        ("docker", "Ｄｏｃｋｅｒ 全角", "Docker"),
        (".net", "on .NET 8", ".NET"),
    ],
)
def test_a_term_is_found_as_the_text_spells_it(term: str, text: str, spelling: str) -> None:
    assert vocabulary(term).mentions(text) == {term: {spelling: 1}}


def test_mentions_gather_names_and_aliases_in_the_order_of_the_text() -> None:
    found = vocabulary(ML, "llm").mentions("机器学习（Machine Learning, ML）与 ml，再说机器学习；LLM")
    assert found == {"machine-learning": {"机器学习": 2, "Machine Learning": 1, "ML": 2}, "llm": {"LLM": 1}}
    assert list(found["machine-learning"]) == ["机器学习", "Machine Learning", "ML"]


@pytest.mark.parametrize(("term", "count"), [("r", 1), ("go", 0), ("machine-learning", 2), ("学习", 1), ("…", 0)])
def test_terms_of_no_vocabulary_are_found_the_same_way(term: str, count: int) -> None:
    found = mentions((term, "不在文中"), "We read R code: going for machine learning (Machine-Learning), 机器学习")
    assert found == ({term: found[term]} if count else {})
    assert sum(found.get(term, {}).values()) == count


def test_a_long_post_and_two_thousand_terms_take_a_fraction_of_a_second() -> None:
    found = vocabulary(*(f"term {n}" for n in range(1000)), *(f"术语{n}号" for n in range(1000)))
    text = ("这是一段介绍术语7号的文字，also about term 12 and more. " * 3000)[:100_000]
    began = time.process_time()
    assert set(found.mentions(text)) == {"term 12", "术语7号"}
    assert time.process_time() - began < 1.0, "0.1 s is usual; this is for a machine under load"


@pytest.mark.timeout(60)
def test_a_tag_as_long_as_a_text_holds_up_no_search() -> None:
    site = vocabulary(usage={"数据 a-" * 3000: 1, "数据": 1})
    assert site.mentions("数据 a-" * 20_000).keys() == {"数据"}
