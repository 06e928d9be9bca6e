"""What an author wants changed, read off their own words: English and Chinese."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from blogmetad.rules.document import parse
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.vocabulary import build
from blogmetad.rules.wishes import Wish, understand
from blogmetad.values import Problem

RULES = parse(
    b"""---
rules: r
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 10, max_length: 90}
  date: {type: date}
  description: {type: text, language: en, min_length: 40, max_length: 220, sentences: true}
  tags: {type: terms, language: en, case: lower, min: 2, max: 6,
         vocabulary: [{name: llm, aliases: [\xe5\xa4\xa7\xe6\xa8\xa1\xe5\x9e\x8b]}, go, machine learning, sqlite]}
  categories: {type: terms, language: en, max: 1, new: forbid, vocabulary: [Life, AI-Research]}
---
""",
    "rules.md",
)
VOCABULARIES = {name: build(rule, {}) for name, rule in RULES.fields.items() if isinstance(rule, TermsRule)}


def wishes(words: str) -> Mapping[str, Wish]:
    found = understand(words, RULES, VOCABULARIES)
    assert not isinstance(found, Problem), found
    return {wish.field: wish for wish in found}


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("make the title shorter", ["title"]),
        ("Title and description are too long", ["title", "description"]),
        ("a better summary, please", ["description"]),
        ("标题太长了，摘要也精简一些", ["title", "description"]),
        ("换一个分类", ["categories"]),
        ("the tags are too general", ["tags"]),
        ("Better keywords. And a friendlier headline!", ["tags", "title"]),
    ],
)
def test_the_fields_are_those_that_are_named_in_their_order(words: str, fields: list[str]) -> None:
    found = understand(words, RULES, VOCABULARIES)
    assert not isinstance(found, Problem)
    assert sorted(wish.field for wish in found) == sorted(fields)
    assert not any(wish.added or wish.removed or wish.text for wish in found)


@pytest.mark.parametrize("words", ["", "shorter!", "make it better", "再短一点", "retitle it", "the layout is wrong"])
def test_words_that_name_no_field_are_a_problem_that_lists_the_fields(words: str) -> None:
    found = understand(words, RULES, VOCABULARIES)
    assert isinstance(found, Problem)
    assert "title, description, tags, categories" in found.message
    assert "rename it to" in found.message


@pytest.mark.parametrize(
    ("words", "length"),
    [
        ("make the title shorter", "shorter"),
        ("the title is too long", "shorter"),
        ("shorten the title", "shorter"),
        ("标题太长了", "shorter"),
        ("标题短一点", "shorter"),
        ("标题太短", "longer"),
        ("a longer title with more detail", "longer"),
        ("标题再详细些", "longer"),
        ("the title is dull", None),
    ],
)
def test_a_length_is_understood(words: str, length: str | None) -> None:
    assert wishes(words)["title"].length == length


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('change the title to "Backups, and Why They Fail"', "Backups, and Why They Fail"),
        ("标题改成《备份为什么失败》", "备份为什么失败"),
        ("把标题改为「备份，与恢复」", "备份，与恢复"),
        ("title: 'Don't Panic'", "Don't Panic"),
        ("标题叫“备份”", "备份"),
        ('add "SQLite" to the title', None),
        ("make the title about backups", None),
    ],
)
def test_a_text_between_quotes_is_taken_as_it_stands(words: str, text: str | None) -> None:
    assert wishes(words)["title"].text == text


@pytest.mark.parametrize(
    ("words", "added", "removed"),
    [
        ("add the tag moe", ["moe"], []),
        ("add moe to the tags", ["moe"], []),
        ("please add the tags moe, rust and 大模型", ["moe", "rust", "llm"], []),
        ("加上标签 moe", ["moe"], []),
        ("标签加上 moe、量化", ["moe", "量化"], []),
        ("添加一个标签：Mixture of Experts", ["Mixture of Experts"], []),
        ('add the tag "write and read"', ["write and read"], []),
        ("remove the tag go", [], ["go"]),
        ("drop machine-learning from the tags", [], ["machine learning"]),
        ("去掉标签里的 go 和 sqlite", [], ["go", "sqlite"]),
        ("不要 go 这个标签", [], ["go"]),
        ("replace the tag go with rust", ["rust"], ["go"]),
        ("把标签 go 换成 rust", ["rust"], ["go"]),
        ("add the tag moe and remove the tag go", ["moe"], ["go"]),
        ("标签加上 moe，去掉 go", ["moe"], ["go"]),
        ("add more tags", [], []),
        ("标签再加几个", [], []),
        ("tags without duplicates", [], ["duplicates"]),
    ],
)
def test_terms_to_add_and_to_take_out_are_read_off_the_words(words: str, added: list[str], removed: list[str]) -> None:
    wish = wishes(words)["tags"]
    assert list(wish.added) == added
    assert list(wish.removed) == removed
    assert wish.is_exact == bool(added or removed)


@pytest.mark.parametrize(
    ("words", "field", "only"),
    [
        ("把分类改成 life", "categories", ["Life"]),
        ("分类设为 AI-Research", "categories", ["AI-Research"]),
        ("set the category to AI-Research", "categories", ["AI-Research"]),
        ("please change the category to Life", "categories", ["Life"]),
        ("categories: life", "categories", ["Life"]),
        ("分类：Life。", "categories", ["Life"]),
        ("tags: go, sqlite", "tags", ["go", "sqlite"]),
        ("标签：大模型、go", "tags", ["llm", "go"]),
        ("把标签改成 go 和 machine learning", "tags", ["go", "machine learning"]),
        ("replace the tags with go and sqlite", "tags", ["go", "sqlite"]),
        ("标签改成「预写日志」、go", "tags", ["预写日志", "go"]),
        ("change the tags to be more specific", "tags", []),
        ("把标签改成更具体的", "tags", []),
        ("tags: too general", "tags", []),
    ],
)
def test_terms_that_are_known_or_quoted_take_the_place_of_all_others(words: str, field: str, only: list[str]) -> None:
    wish = wishes(words)[field]
    assert (list(wish.only), wish.added, wish.removed) == (only, (), ())
    assert wish.is_exact == bool(only)


@pytest.mark.parametrize(
    "words",
    ["change the category from Life to AI-Research", "把分类从 Life 改成 AI-Research", "分类 life 换成 ai research"],
)
def test_a_term_takes_the_place_of_the_one_that_is_named_before_it(words: str) -> None:
    wish = wishes(words)["categories"]
    assert (wish.removed, wish.added, wish.only) == (("Life",), ("AI-Research",), ())


@pytest.mark.parametrize("words", ["tags: go, write-ahead logs", "把标签改成 go、预写日志"])
def test_a_term_that_is_not_known_among_others_that_are_is_asked_back(words: str) -> None:
    found = understand(words, RULES, VOCABULARIES)
    assert isinstance(found, Problem)
    assert "put it between quotes" in found.message


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("title: How Tags Work, and Why: Add Them", "How Tags Work, and Why: Add Them"),
        ("标题：备份为什么失败，以及怎么办", "备份为什么失败，以及怎么办"),
        ("title: It, tags: go", "It"),
        ('Title: The "Go" Problem', 'The "Go" Problem'),
        ("add the tag go; title: A Brief History of Backups", "A Brief History of Backups"),
        ("标题：日志与《检查点》；标签：go", "日志与《检查点》"),
        ("title: shorter, please", None),
        ("标题：太长了，短一点", None),
        ("title: make it about backups", None),
        ("title:", None),
    ],
)
def test_a_text_behind_the_fields_name_and_a_colon_is_taken_exactly(words: str, text: str | None) -> None:
    assert wishes(words)["title"].text == text


OPTIONAL = replace(
    RULES,
    fields=MappingProxyType(
        {name: rule.model_copy(update={"need": "recommended"}) for name, rule in RULES.fields.items()}
    ),
)


@pytest.mark.parametrize(
    ("words", "deleted"),
    [
        ("delete the description", ["description"]),
        ("删掉摘要", ["description"]),
        ("请把摘要删掉", ["description"]),
        ("add the tag go, remove the whole summary", ["description"]),
        ("删除所有标签和摘要", ["description", "tags"]),
        ("remove the jargon from the description", []),
        ("不要删掉摘要", []),
        ("do not delete the description", []),
        ("better tags, not the title", []),
        ("remove a tag", []),
        ("去掉几个标签", []),
    ],
)
def test_a_field_is_taken_out_if_that_is_all_that_is_said_of_it(words: str, deleted: list[str]) -> None:
    found = understand(words, OPTIONAL, VOCABULARIES)
    assert not isinstance(found, Problem)
    assert sorted(wish.field for wish in found if wish.deleted) == deleted


@pytest.mark.parametrize(("words", "name"), [("delete the description", "description"), ("删掉标题", "title")])
def test_a_field_that_the_rules_require_is_not_taken_out(words: str, name: str) -> None:
    found = understand(words, RULES, VOCABULARIES)
    assert isinstance(found, Problem)
    assert f"The rules require '{name}'" in found.message


def test_one_sentence_may_wish_something_of_several_fields() -> None:
    found = wishes("make the title shorter, add the tag moe; 摘要改成「一句话。」, and the category should be Life")
    assert found["title"] == Wish("title", "make the title shorter", length="shorter")
    assert found["tags"] == Wish("tags", "add the tag moe", added=("moe",))
    assert found["description"].text == "一句话。"
    assert not found["categories"].is_exact


def test_a_word_that_is_a_fields_own_name_means_that_field_alone() -> None:
    text = "{type: text, language: en, min_length: 1, max_length: 90}"
    rules = parse(
        f"---\nrules: r\nversion: 1\nfields:\n  title: {text}\n  date: {{type: date}}\n  excerpt: {text}\n"
        f"  description: {text}\n---\n".encode(),
        "rules.md",
    )
    named = {
        words: understand(words, rules, {}) for words in ("a shorter description", "a shorter excerpt", "摘要太长")
    }
    assert {words: [w.field for w in found] for words, found in named.items() if not isinstance(found, Problem)} == {
        "a shorter description": ["description"],
        "a shorter excerpt": ["excerpt"],
        "摘要太长": ["excerpt", "description"],
    }


def test_what_goes_on_without_a_field_is_about_the_one_before() -> None:
    found = wishes("The title is too long, and dull. It hides the point")
    assert found["title"].words == "The title is too long, and dull, It hides the point"


@pytest.mark.parametrize(
    "words",
    [
        "title " + "'a " * 330,
        "tags add " + "的" * 990,
        "tags " + "请" * 990,
        '"' * 1000,
        "set " * 250,
        "tags:" * 200,
        "title: " + "太长" * 490,
    ],
)
def test_a_long_sentence_is_understood_at_once(words: str) -> None:
    began = time.process_time()
    understand(words, RULES, VOCABULARIES)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("words", ["标题改成「 」", 'the title should be "  "', "add the tag go; description: “　”"])
def test_what_stands_between_the_quotes_has_to_be_something(words: str) -> None:
    found = understand(words, RULES, VOCABULARIES)
    assert isinstance(found, Problem)
    assert "Nothing stands between the quotes" in found.message


def test_a_sentence_that_is_no_sentence_any_more_is_refused() -> None:
    found = understand("title " * 500, RULES, VOCABULARIES)
    assert isinstance(found, Problem)
    assert "1000" in found.message
