"""A post revised in its author's words: only what they speak of changes, and what they say exactly is taken exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from blogmetad import matter, pipeline
from blogmetad.revision import Change, Revised, revise
from blogmetad.rules.document import parse
from blogmetad.values import Neighbours, Opinion, Problem, Proposal, Request

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
RULES = parse(
    b"""---
rules: r
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 10, max_length: 90}
  date: {type: date}
  description: {type: text, language: en, min_length: 20, max_length: 220, sentences: true}
  tags: {type: terms, language: en, case: lower, min: 1, max: 4, form: lines, vocabulary: [llm, sqlite, go]}
  categories: {type: terms, language: en, max: 1, new: forbid, vocabulary: [Life, Work]}
  related_posts: {type: constant, value: true}
---
Be exact.
""",
    "rules.md",
)
HEAD = """layout: post  # 版式
title: "Writing with Large Models Every Day of the Week"
# 作者的话
date: 2026-02-01
description: 'How large models change the way one writes.'
tag: go
categories: [Life]
cover: /图.png
"""
BODY = "\n# 引言\n\n大模型改变了写作的方式，这里说明如何改变，以及为什么。  \n"
POST = f"---\n{HEAD}---\n{BODY}".encode()


class Scripted:
    """A Proposer with prepared texts, which likes the term sqlite."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts, self.requests = texts, list[Request]()

    def prepare(self, keep_going: object) -> None:
        """There is nothing to load."""

    def propose(self, request: Request, keep_going: object) -> Proposal:  # noqa: ARG002
        self.requests.append(request)
        return Proposal(
            {ask.field: self.texts[ask.field] for ask in request.asks if ask.kind == "text" and ask.given is None},
            {ask.field: (Opinion("sqlite", 9.0),) for ask in request.asks if ask.kind == "terms"},
        )


def revised(words: str, raw: bytes = POST, **texts: str) -> tuple[Revised, list[Request]]:
    proposer = Scripted(texts)
    found = revise("2026-02-01-writing.md", raw, words, desk(proposer), arrived=NOW)
    assert isinstance(found, Revised), found
    return found, proposer.requests


def desk(proposer: Scripted) -> pipeline.Desk:
    return pipeline.Desk(
        rules=RULES,
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=proposer,
        budget=200,
        hold_future=True,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )


def test_a_title_is_written_anew_and_no_other_line_changes() -> None:
    found, (request,) = revised("make the title shorter", title="Writing with Models")
    assert found.content.decode() == POST.decode().replace(
        '"Writing with Large Models Every Day of the Week"', '"Writing with Models"'
    )
    assert [change.field for change in found.changes] == ["title"]
    assert request.hint == "make the title shorter"


def test_the_model_is_asked_only_about_the_field_and_for_another_answer_in_the_length_that_is_wished_for() -> None:
    _, (request,) = revised("make the title shorter", title="Writing with Models")
    (ask,) = (ask for ask in request.asks if ask.given is None)
    assert (ask.field, ask.high) == ("title", 35)
    assert ask.refused == ("Writing with Large Models Every Day of the Week",)
    _, (request,) = revised("a longer title", title="Writing with Large Models Every Day of the Week and of the Year")
    assert next(ask.low for ask in request.asks if ask.given is None) == 58
    assert "How large models change" in next(ask.given for ask in request.asks if ask.given is not None)


def test_a_text_that_is_still_too_long_is_cut_to_what_was_wished_for() -> None:
    found, _ = revised("make the title shorter", title="Writing with Models, Week by Week, Year by Year")
    assert found.changes[0].after == "Writing with Models, Week by Week"


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("add the tag moe", ["go", "moe"]),
        ("标签加上 moe 和 llm", ["go", "moe", "llm"]),
        ("replace the tag go with rust", ["rust"]),
        ("add the tag Go", ["go"]),
    ],
)
def test_terms_that_are_named_are_added_and_taken_out_without_a_model(words: str, tags: list[str]) -> None:
    found, requests = revised(words)
    assert not requests
    assert found.changes == (Change("tag", "go", None), Change("tags", None, tags)) or tags == ["go"]
    head = matter.split(found.content).head
    assert head is not None
    assert (matter.parse(head) or {})["tags"] == tags
    assert b"tags:\n- " in head
    assert found.content.endswith(BODY.encode())
    assert b"# \xe4\xbd\x9c\xe8\x80\x85\xe7\x9a\x84\xe8\xaf\x9d\n" in head


@pytest.mark.parametrize("words", ["把分类改成 work", "set the category to Work", "categories: work"])
def test_a_term_that_is_set_takes_the_place_of_the_others_without_a_model(words: str) -> None:
    found, requests = revised(words)
    assert not requests
    assert found.changes == (Change("categories", ["Life"], ["Work"]),)
    was = POST.decode().splitlines()
    assert [line for line in found.content.decode().splitlines() if line != "categories: [Work]"] == [
        line for line in was if line != "categories: [Life]"
    ]


@pytest.mark.parametrize("words", ["delete the description", "删掉摘要"])
def test_a_field_that_may_be_missing_is_taken_out_and_no_other_line_changes(words: str) -> None:
    rule = RULES.fields["description"].model_copy(update={"need": "optional"})
    rules = replace(RULES, fields=MappingProxyType({**RULES.fields, "description": rule}))
    proposer = Scripted({})
    found = revise("2026-02-01-writing.md", POST, words, replace(desk(proposer), rules=rules), arrived=NOW)
    assert isinstance(found, Revised), found
    assert found.content == POST.replace(b"description: 'How large models change the way one writes.'\n", b"")
    assert not proposer.requests


def test_terms_that_are_only_disliked_are_chosen_anew() -> None:
    found, (request,) = revised("more specific tags")
    assert [ask.field for ask in request.asks if ask.given is None] == ["tags"]
    assert found.changes[-1].after == ["sqlite"]


def test_a_text_between_quotes_needs_no_model_and_may_break_the_rules() -> None:
    found, requests = revised("标题改成「写」；把描述改成“一句话。”")
    assert not requests
    assert found.changes == (
        Change("title", "Writing with Large Models Every Day of the Week", "写"),
        Change("description", "How large models change the way one writes.", "一句话。"),
    )


def test_several_wishes_are_granted_at_once() -> None:
    found, (request,) = revised("shorter title, and add the tag moe", title="Writing with Models")
    assert [ask.field for ask in request.asks if ask.given is None] == ["title"]
    assert {change.field for change in found.changes} == {"title", "tag", "tags"}
    assert request.hint == "shorter title"


def test_what_the_rules_want_and_the_post_has_not_is_not_added_on_the_way() -> None:
    found, _ = revised("add the tag moe")
    assert b"related_posts" not in found.content


def test_a_model_without_another_idea_changes_nothing() -> None:
    found, _ = revised("a better title", title="Writing with Large Models Every Day of the Week")
    assert found == Revised(POST, ())


def test_line_ends_of_windows_stay() -> None:
    found, _ = revised("add the tag moe; 标题改成「写作」", POST.replace(b"\n", b"\r\n"))
    assert found.content.count(b"\n") == found.content.count(b"\r\n")


@pytest.mark.parametrize(
    ("raw", "words", "told"),
    [
        (POST, "make it nicer", "Name one or more of: title, description, tags, categories"),
        (b"---\ntitle: [\n---\ntext\n", "a better title", "2026-02-01-writing.md"),
        (POST, "a better description", 'Say it between quotes (description: "..."), or write it in the post itself'),
        (POST, "分类改成 Life", "the post says so already"),
        (POST.replace(b"tag: go", b"tags:\n- wal"), "标签：WAL", "the post says so already"),
        (POST, "删掉摘要", "The rules require 'description'"),
        (BODY.encode(), "a better title", "has no front matter"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_made(raw: bytes, words: str, told: str) -> None:
    found = revise("2026-02-01-writing.md", raw, words, desk(Scripted({"description": "?"})), arrived=NOW)
    assert not isinstance(found, Revised)
    assert all(isinstance(problem, Problem) for problem in found)
    assert told in " ".join(problem.message for problem in found)
