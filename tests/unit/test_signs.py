"""What speaks for a term before any model is asked: neighbours, mentions, use on the site."""

from __future__ import annotations

import time

import pytest

from blogmetad.rules.schema import TermsRule
from blogmetad.rules.signs import LEAD, Signs, named_in, new_signs, signs, top, usual
from blogmetad.rules.vocabulary import build
from blogmetad.values import Neighbour, Neighbours

ML = {"name": "machine-learning", "aliases": ["机器学习", "ml"]}


def rule(**keys: object) -> TermsRule:
    return TermsRule.model_validate({"type": "terms", "vocabulary": [ML, "go"], **keys})


def neighbour(path: str, share: float, *tags: str) -> Neighbour:
    return Neighbour(path, "", "", {"tags": tags}, share)


def signs_of(name: str, text: str = "无关的文字。", near: Neighbours | None = None) -> Signs:
    near = near or Neighbours()
    vocabulary = build(rule(), near.usage.get("tags", {}))
    return signs("tags", vocabulary, text, near)[name]


def test_every_term_of_the_vocabulary_has_its_signs_in_its_order() -> None:
    near = Neighbours(usage={"tags": {"qwen": 2, "moe": 7}}, count=9)
    found = signs("tags", build(rule(), near.usage["tags"]), "", near)
    assert list(found) == [each.name for each in found.values()] == ["machine-learning", "go", "moe", "qwen"]


def test_a_term_nothing_speaks_for_has_no_signs_and_says_where_it_is_from() -> None:
    assert signs_of("go") == Signs("go", why=("listed in the rules",))


def test_the_neighbours_that_carry_a_term_under_any_spelling_add_up_their_shares() -> None:
    posts = (neighbour("a.md", 0.6, "ML"), neighbour("b.md", 0.3, "go"), neighbour("c.md", 0.1, "机器学习", "ml"))
    found = signs_of("machine-learning", near=Neighbours(posts))
    assert found.nearest == pytest.approx(0.7)
    assert found.why[0] == "carried by the similar post a.md and 1 more"
    assert signs_of("go", near=Neighbours(posts)).why[0] == "carried by the similar post b.md"


def test_a_far_neighbour_counts_for_more_around_the_draft_than_nearest_to_it() -> None:
    posts = (neighbour("a.md", 0.9, "go"), neighbour("b.md", 0.1, "ml"))
    near, far = (signs_of(name, near=Neighbours(posts)) for name in ("go", "machine-learning"))
    assert near.nearest > near.around > far.around > far.nearest > 0
    assert near.around + far.around == pytest.approx(1.0)


def test_terms_of_another_field_say_nothing() -> None:
    post = Neighbour("a.md", "", "", {"categories": ("go",)}, 1.0)
    assert signs_of("go", near=Neighbours((post,), recent={"categories": {"go": 1}}, latest=1)).nearest == 0
    assert signs_of("go", near=Neighbours((post,), recent={"categories": {"go": 1}}, latest=1)).recent == 0


def test_all_spellings_in_the_text_count_as_mentions_and_are_cited() -> None:
    found = signs_of("machine-learning", "机器学习（Machine Learning）是什么？机器学习是……")
    assert found.mentions == 3
    assert found.why[0] == "written in the text as '机器学习' and 'Machine Learning' (3 times)"
    assert signs_of("go", "用 Go 写的").why[0] == "written in the text as 'Go'"


@pytest.mark.parametrize(
    ("text", "prominent"),
    [
        ("Go 是一门语言。" + "无关。" * LEAD, True),
        ("无关。" * LEAD + "\n\n## 用 Go 写服务\n\n正文", True),
        ("无关。" * LEAD + "用 Go 写服务", False),
        ("无关。" * LEAD + "\n\n#Go 不是标题", False),
    ],
)
def test_a_term_in_a_heading_or_at_the_beginning_is_prominent(text: str, prominent: bool) -> None:
    assert signs_of("go", text).mentions == 1
    assert signs_of("go", text).prominent is prominent


def test_use_on_the_site_and_in_its_latest_posts_is_counted_under_any_spelling() -> None:
    near = Neighbours((), {"tags": {"ML": 2, "机器学习": 3}}, 40, {"tags": {"ML": 1, "机器学习": 1}}, 5)
    found = signs_of("machine-learning", near=near)
    assert (found.carriers, found.posts, found.recent) == (5, 40, 0.4)
    assert found.why == ("carried by 2 of the 5 latest posts", "used in 5 posts")


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("R", "R and Ruby, for R users", 2),
        ("go", "google, ergo, Go.", 1),
        ("AI", "We maintain what AI-generated code contains", 1),
        ("向量", "向量检索与向量", 2),
        ("prompt craft", "Prompt-craft is a craft; prompt  craft, promptcraft", 2),
        ("C++", "C++ 和 C", 1),
    ],
)
def test_a_new_latin_term_is_counted_as_whole_words_and_a_chinese_one_anywhere(
    name: str, text: str, count: int
) -> None:
    (found,) = new_signs({name: "in the model's words"}, text)
    assert (found.mentions, found.known) == (count, False)
    told = (f"stands in the text {count} times",) if count > 1 else ()
    assert found.why == ("in the model's words", *told)


def test_a_new_term_the_text_does_not_have_is_not_mentioned() -> None:
    (found,) = new_signs({"Kubernetes": "in the model's words"}, "讲的是别的。")
    assert (found.mentions, found.why) == (0, ("in the model's words",))


@pytest.mark.parametrize(
    ("name", "title", "named"),
    [
        ("AI", "How to Maintain a Blog", False),
        ("AI", "写给 AI 的博客", True),
        ("ai", "AI写作", True),
        ("machine-learning", "Machine Learning in Production", True),
        ("machine learning", "On machine-learning", True),
        ("机器学习", "统计机器学习入门", True),
        ("R", "Rust for Beginners", False),
        ("Qwen 3", "Qwen3：新模型", True),
        ("", "Title", False),
        ("-", "A - B", False),
    ],
)
def test_a_title_names_a_latin_term_as_whole_words_and_a_chinese_one_anywhere(
    name: str, title: str, named: bool
) -> None:
    assert named_in(name, title) is named


def test_the_top_of_a_text_is_its_headings_and_its_lead() -> None:
    text = "开头。" + "x" * LEAD + "\n# 一\n正文\n   ### 三\n    # 代码\n####### 七"
    assert top(text).split("\n\n") == ["# 一", "   ### 三", text[:LEAD]]


def test_a_post_has_as_many_terms_as_the_rules_say_or_else_the_middle_of_what_they_allow() -> None:
    assert usual(rule(usual=3.4)) == 3.4
    assert usual(rule(min=2, max=6)) == 4.0
    assert usual(rule(min=0, max=1)) == 1.0


def test_a_long_text_and_a_text_of_nothing_but_hashes_take_a_fraction_of_a_second() -> None:
    near = Neighbours(usage={"tags": {f"term {n}": 1 for n in range(1000)}}, count=1000)
    vocabulary = build(rule(), near.usage["tags"])
    began = time.process_time()
    for text in ("# " * 50_000, "#" * 100_000, ("# term 7 与 Go\n" * 10_000)[:100_000]):
        assert len(signs("tags", vocabulary, text, near)) == 1002
        assert len(new_signs(dict.fromkeys(("R", "向量", "prompt craft"), ""), text)) == 3
    assert time.process_time() - began < 5.0, "0.7 s is usual; this is for a machine under load"
