"""Missing fields of published posts: what a post lacks, and that nothing but these fields is new in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest

from blogmetad import matter, pipeline
from blogmetad.backfill import Filled, fill, fillable, missing, read
from blogmetad.rules.document import Rules, parse
from blogmetad.values import Draft, Neighbours, Opinion, Problem, Proposal, Request

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
RULES = parse(
    """---
rules: 博客
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: any, min_length: 2, max_length: 90}
  date: {type: date}
  description: {type: text, language: any, min_length: 4, max_length: 60, need: recommended}
  tags: {type: terms, min: 1, max: 4, need: recommended, vocabulary: [备份, sqlite]}
  subtitle: {type: text, language: any, min_length: 2, max_length: 60, need: optional}
  toc: {type: constant, value: true, when: {headings: 2}}
  cover: {type: author}
min_body: {words: 3}
creation_note: end
---
Be exact.
""".encode(),
    "rules.md",
)
HEAD = "layout: post   # 版式\ntitle: '备份'\n# 作者的话\ncover: /图.png\n"
BODY = "\n三份数据，两种介质，一份放在别处。  \n"
POST = f"---\n{HEAD}---\n{BODY}"
PATH = "旧文/2024-01-01-备份.md"


class Scripted:
    """A Proposer with prepared texts, which likes the term 备份."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts, self.requests = texts, list[Request]()

    def prepare(self, keep_going: object) -> None:
        """There is nothing to load."""

    def propose(self, request: Request, keep_going: object) -> Proposal:  # noqa: ARG002
        self.requests.append(request)
        wanted = [ask for ask in request.asks if ask.given is None]
        return Proposal(
            {ask.field: self.texts[ask.field] for ask in wanted if ask.kind == "text" and ask.field in self.texts},
            {ask.field: (Opinion("备份", 9.0),) for ask in wanted if ask.kind == "terms"},
        )


def desk(proposer: Scripted, rules: Rules = RULES) -> pipeline.Desk:
    return pipeline.Desk(
        rules=rules,
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=proposer,
        budget=800,
        hold_future=False,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )


def post(text: str) -> Draft:
    found = read(PATH, text.encode())
    assert isinstance(found, Draft), found
    return found


def filled(text: str, texts: Mapping[str, str], *only: str) -> tuple[Filled, Scripted]:
    proposer, draft = Scripted(texts), post(text)
    found = fill(draft, missing(draft, RULES, only), desk(proposer), arrived=NOW)
    assert isinstance(found, Filled), found
    return found, proposer


def fields(content: bytes) -> dict[str, object]:
    return dict(matter.parse(matter.split(content).head or b"") or {})


def test_a_post_lacks_what_the_rules_require_or_recommend_and_it_has_not() -> None:
    assert missing(post(POST), RULES) == ("date", "description", "tags")
    assert missing(post(POST), RULES, ("subtitle", "title")) == ("subtitle",)


def test_a_field_that_is_empty_or_to_be_left_alone_is_its_authors_choice() -> None:
    assert missing(post(POST.replace("cover:", "description:\ntag: 随笔\ncover:")), RULES) == ("date",)
    told = POST.replace("cover:", "blogmetad: {leave: [date, tags]}\ncover:")
    assert missing(post(told), RULES) == ("description",)


def test_a_constant_is_lacking_only_where_its_condition_holds() -> None:
    long = POST + "\n## 一\n\n一些话。\n\n## 二\n\n更多的话。\n"
    assert "toc" in missing(post(long), RULES)


def test_what_can_be_filled_in_is_all_but_what_is_left_to_the_author() -> None:
    assert fillable(RULES) == ("layout", "title", "date", "description", "tags", "subtitle", "toc")


def test_only_what_is_missing_is_asked_for_and_every_other_byte_stays() -> None:
    found, proposer = filled(POST, {"description": "三份数据，两种介质。"})
    assert found.added == ("date", "description", "tags")
    assert found.left == ()
    (request,) = proposer.requests
    assert [ask.field for ask in request.asks if ask.given is None] == ["description", "tags"]
    new = found.content.decode()
    lines = POST.splitlines(keepends=True)
    assert [line for line in new.splitlines(keepends=True) if line in lines] == lines
    assert new.endswith(f"---\n{BODY}")  # and no note on how the post was made
    assert fields(found.content)["date"] == dt.date(2024, 1, 1)
    assert fields(found.content)["tags"] == ["备份"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_are_the_posts_own(newline: str) -> None:
    text = POST.replace("\n", newline)
    found, _ = filled(text, {"description": "三份数据，两种介质。"})
    assert found.content.count(b"\n") == found.content.count(newline.encode())


def test_where_nothing_fit_is_found_the_others_are_still_filled_in() -> None:
    bare = POST.replace("title: '备份'\n", "")
    found, _ = filled(bare, {"title": "", "description": "三份数据，两种介质。"})
    assert found.left == ("title",)
    assert found.added == ("date", "description", "tags")


def test_a_field_without_need_of_a_model_asks_none() -> None:
    found, proposer = filled(POST, {}, "date")
    assert (found.added, proposer.requests) == (("date",), [])
    short = "---\ntitle: 短\n---\n短。\n"
    assert filled(short, {}, "date")[0].added == ("date",)


def test_a_post_too_short_for_the_rules_is_not_put_to_a_model() -> None:
    draft = post("---\ntitle: 短\n---\n短。\n")
    (problem,) = fill(draft, ("description",), desk(Scripted({})), arrived=NOW)  # type: ignore[misc]
    assert isinstance(problem, Problem)
    assert problem.rule == "draft.short"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"\xef\xbb\xbf" + POST.encode(), "post.bom"),
        ("没有前言。\n".encode(), "post.matter"),
        ("---\ntitle: [坏\n---\n文。\n".encode(), "draft.frontmatter"),
        ("---\ntitle: 好\n---\n".encode() + b"\xff\xfe\n", "draft.encoding"),
    ],
)
def test_a_post_whose_front_matter_cannot_be_added_to_is_told_of(raw: bytes, rule: str) -> None:
    problems = read(PATH, raw)
    assert isinstance(problems, tuple)
    assert problems[0].rule == rule


def test_lines_of_the_authors_that_would_go_keep_a_post_from_being_filled_in() -> None:
    draft = post(POST.replace("cover:", "blogmetad: {language: zh}\ncover:"))
    problems = fill(draft, ("date",), desk(Scripted({})), arrived=NOW)
    assert isinstance(problems, tuple)
    assert problems[0].rule == "post.lines"
