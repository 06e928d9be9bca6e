"""Those who make the sentences that the pages show make none that is not known in Chinese."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad import liquid
from blogmetad.cli.review.page.edits import edited
from blogmetad.cli.review.page.form import FIELD, Form
from blogmetad.cli.review.page.judge import Judge
from blogmetad.intake import draft as intake
from blogmetad.journal import account, brief
from blogmetad.journal.page.sentences import in_tongue
from blogmetad.rules import terms, wording
from blogmetad.rules.check import check, check_body, cite, seen
from blogmetad.rules.document import Rules, parse
from blogmetad.rules.features import features
from blogmetad.rules.grounds import grounds
from blogmetad.rules.lint import law, lint
from blogmetad.rules.naming import hold, post_date
from blogmetad.rules.ranking import measured
from blogmetad.rules.renaming import new_name
from blogmetad.rules.schema import TermsRule, TextRule, When
from blogmetad.rules.signs import signs
from blogmetad.rules.vocabulary import build
from blogmetad.rules.wishes import understand
from blogmetad.site.jekyll import SiteConfig
from blogmetad.site.posts import read_post
from blogmetad.site.preflight import preflight
from blogmetad.values import (
    Choice,
    Directives,
    Draft,
    Language,
    Metadata,
    Neighbour,
    Neighbours,
    Opinion,
    Problem,
    Proposal,
    PublishedPost,
)
from tests.faults.corpus import matters, texts, values
from tests.faults.corpus.case import Case
from tests.stories import NEAR, NOON, RULES, TITLE, tell

HAN = re.compile("[\u4e00-\u9fff]")

FIELDS = parse(
    """---
rules: 测试
version: 3
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 10, max_length: 40}
  date: {type: date, time: true}
  description: {type: text, language: body, min_length: 10, max_length: 60, sentences: true}
  excerpt: {type: text, language: any, max_length: 60, usual_length: 30, quoted: true, need: recommended}
  tags: {type: terms, language: en, case: lower, min: 2, max: 3, new: forbid,
         vocabulary: [sqlite, {name: logs, aliases: [日志]}], rejected: [misc]}
  categories: {type: terms, language: zh, max: 1, new: queue, need: optional, vocabulary: [数据库]}
  toc: {type: constant, value: true, when: {headings: 2}}
  mermaid: {type: constant, value: true, when: {fence: mermaid}}
  math: {type: constant, value: true, when: {math: true}}
  lang: {type: constant, value: zh, when: {language: zh}}
  rating: {type: author, kind: number}
slug: {max_words: 2, max_length: 12}
min_body: {words: 5}
---
""".encode(),
    "rules.md",
)
BODY = "# 一\n\nSQLite 的预写日志先写下要做的事，再去改动页。\n\n# 二\n\n```mermaid\n图\n```\n\n$$x$$\n"
SITE = SiteConfig(Path("site"), "博客", dt.UTC, True, False)


def draft(body: str = BODY, name: str = "日志.md", **fields: str) -> Draft:
    return Draft(name, body.encode(), b"", fields, body.encode())


def rule(name: str) -> TextRule:
    found = FIELDS.fields[name]
    assert isinstance(found, TextRule)
    return found


def tags(rules: Rules = FIELDS, field: str = "tags") -> TermsRule:
    found = rules.fields[field]
    assert isinstance(found, TermsRule)
    return found


def form(texts: dict[str, str]) -> Form:
    return Form({FIELD + name: [text] for name, text in texts.items()})


def assert_in_chinese(*sentences: str) -> None:
    assert sentences
    for sentence in sentences:
        assert in_tongue(sentence, "zh") != sentence, sentence
        assert in_tongue(sentence, "en") == sentence


CASES = [
    case
    for cases in (
        *(texts.ENCODINGS, texts.SIZES, matters.SHAPES, matters.TRICKS, matters.FOREIGN),
        *(values.TITLES, values.DATES, values.TERMS, values.ADDRESSES),
    )
    for case in cases
    if case.outcome == "parked" and case.make is None and "braces" not in case.what
]


def refused(name: str, raw: bytes) -> Iterator[Problem]:
    """What keeps a draft from the model."""
    read = intake.read(name, raw)
    if not isinstance(read, Draft):
        yield from read
        return
    yield from (*check_body(read, FIELDS), *liquid.problems(read))
    dated = (post_date(read, NOON), hold(read, NOON.tzinfo))
    yield from (each for each in dated if isinstance(each, Problem))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_why_a_bad_input_is_parked_is_told_in_chinese(case: Case) -> None:
    assert_in_chinese(*(problem.message for problem in refused(case.file, case.raw)))


@pytest.mark.parametrize(
    "raw",
    [
        "---\nblogmetad: 好\n---\n正文。\n",
        "---\nblogmetad: {raedy: true, 准备: 1}\n---\n正文。\n",
        "---\nblogmetad: {ready: 1, language: de, leave: {a: 1}, hint: [x], hold: 7}\n---\n正文。\n",
        f"---\nblogmetad: {{hint: {'长' * 501}}}\n---\n正文。\n",
        "---\nblogmetad: {hold: 下周}\n---\n很长很长的一段正文。\n",
        "---\ndate: 下周\n---\n很长很长的一段正文。\n",
        "短。\n",
        "短\n",
        "很长很长的一段正文。{{ a }\n{% %}{% foo\n{% if %}{% endfor %}{% else %}\n{% highlight %}{% endhighlight %}\n",
        "---\nb: 2025-02-31\n---\n正文。\n",
        '---\na: "\\uD800"\n---\n正文。\n',
    ],
)
def test_what_is_wrong_with_a_draft_is_told_in_chinese(raw: str) -> None:
    assert_in_chinese(*(problem.message for problem in refused("草稿.md", raw.encode())))


@pytest.mark.parametrize(
    ("field", "proposed", "title"),
    [
        ("title", "# **Title: How SQLite Writes.**", ""),
        ("title", "How SQLite writes its log before anything else, and why that is fast", ""),
        ("title", "", ""),
        ("title", "短", ""),
        ("title", "关于预写日志的一切", ""),
        ("title", "Introduction.", ""),
        ("title", "the log the log the log the log", ""),
        ("title", "Another Post of Mine", ""),
        ("title", "Short", ""),
        ("description", "How SQLite writes", "How SQLite Writes"),
        ("description", "预写日志先写下要做的事", ""),
    ],
)
def test_what_is_done_to_a_line_and_why_it_is_refused_is_told_in_chinese(field: str, proposed: str, title: str) -> None:
    language: Language = "zh" if HAN.search(proposed) and field == "description" else "en"
    worded = wording.settle(proposed, field, rule(field), language, title, ("Another post of mine",))
    said = [*worded.changes, *([worded.text.reason] if isinstance(worded.text, wording.Refusal) else [])]
    assert_in_chinese(*said)


def test_why_a_term_is_left_out_or_waits_is_told_in_chinese() -> None:
    for name in ("misc", "rust"):
        reason = terms.refusal(name, build(tags(), {}, "en"), tags(), "en")
        assert_in_chinese(f"'{name}' was left out: {reason}.")
    queue, vocabulary = tags(field="categories"), build(tags(field="categories"), {}, "zh")
    for name in ("2025", "长" * 41, "一，二", "的", "Обучение"):
        reason = terms.refusal(name, vocabulary, queue, "zh")
        assert_in_chinese(f"'{name}' was left out: {reason}.")
    assert_in_chinese(*terms.settle([Choice("日志", 1.0, new=True)], vocabulary, queue).changes)
    allowed = tags().model_copy(update={"new": "allow"})
    assert_in_chinese(*terms.settle([Choice("Write Ahead", 1.0, new=True)], build(allowed, {}, "en"), allowed).changes)


def test_what_speaks_for_a_term_is_told_in_chinese() -> None:
    near = Neighbours(
        tuple(Neighbour(f"2024-01-0{n}-a, b.md", "甲", "", {"tags": ("sqlite",)}, 0.5) for n in (1, 2)),
        {"tags": {"sqlite": 3, "linux": 1}},
        7,
        {"tags": {"sqlite": 2}},
        5,
    )
    vocabulary = build(tags(), near.usage["tags"], "en")
    text = BODY + "SQLite, sqlite. 日志，日志，WAL WAL。\n"
    known = signs("tags", vocabulary, text, near)
    opinions = (Opinion("sqlite", 1.0), Opinion("页", 1.0), Opinion("WAL", -1.0, written=True))
    for found, _ in measured(known, opinions, vocabulary, text=text, title=TITLE):
        assert_in_chinese(", ".join(found.why), *found.why)
    for name in vocabulary.names:
        assert_in_chinese(", ".join(known[name].why))


def test_where_a_value_comes_from_is_told_in_chinese() -> None:
    dates = [
        post_date(draft(date="2025-04-29"), NOON),
        post_date(draft(name="2025-04-29-日志.md"), NOON),
        post_date(Draft("a.md", b"", b"", {}, b"", directives=Directives(hold="2026-12-01")), NOON),
        post_date(draft(), NOON),
    ]
    for date in dates:
        assert not isinstance(date, Problem)
        assert_in_chinese(date.origin, f"{date.origin} lies in the future")
    for when in (When(headings=2), When(fence="mermaid"), When(math=True), When(language="zh")):
        evidence = seen(when, features(BODY))
        assert evidence is not None
        assert_in_chinese(evidence)
    for line in ("How SQLite Writes", "先写下要做的事再去改动页", "Nothing Of That"):
        assert_in_chinese(*grounds(line, BODY))


@pytest.mark.parametrize("rules", [FIELDS, RULES])
def test_the_rule_of_every_field_is_cited_in_chinese(rules: Rules) -> None:
    for name in (*rules.fields, "mood"):
        cited = cite(rules, name).removeprefix(f"{name}: ").removesuffix(f" (rules: {rules.title})")
        assert_in_chinese(cited)


def test_what_the_check_decides_and_refuses_is_told_in_chinese() -> None:
    good = Proposal({"title": "How SQLite Writes.", "description": "预写日志先写下要做的事，再去改动页"})
    metadata = check(good, draft(), FIELDS, NEAR, arrived=NOON)
    assert isinstance(metadata, Metadata)
    assert {decision.source for decision in metadata.decisions} >= {"constant", "computed", "vocabulary", "generated"}
    for decision in metadata.decisions:
        for sentence in (*decision.changes, *decision.evidence):
            assert_in_chinese(sentence)
    bare = check(Proposal({"title": "短"}), draft("没有词的正文。"), FIELDS, Neighbours(), arrived=NOON)
    assert not isinstance(bare, Metadata)
    assert_in_chinese(*(problem.message for problem in bare))


def test_a_story_is_told_in_chinese_from_its_reading_to_its_end() -> None:
    for story in (
        tell("日志.md", {"title": "预写日志"}, {"title": TITLE, "description": "短。"}, {}, own=("预写日志", "2025")),
        tell("短.md", body="短"),
        tell("h.md", front="date: 2027-01-01\n"),
        tell("2027-01-01-h.md"),
        tell("坏.md", front="title: 甲: 乙\n标签: [\n"),
    ):
        told = account.read(story)
        for field in told.fields:
            for sentence in (field.rule, *field.changes, *field.evidence):
                assert_in_chinese(sentence)
        for attempt in told.attempts:
            for sentence in attempt.refused.values():
                assert_in_chinese(sentence)
        for reason in told.reasons:
            assert_in_chinese(reason)
        for step in story.steps:
            if step.name not in ("rules", "proposed", "composed", "published", "done"):  # names and numbers alone
                assert_in_chinese(brief.words(step.name, step.data))


@pytest.mark.parametrize(
    "words",
    [
        *("好一点", "title: “ ”", "tags: sqlite, quux", "删掉标题", "x" * 1001),
    ],
)
def test_why_a_post_is_not_revised_is_told_in_chinese(words: str) -> None:
    vocabularies = {name: build(each, {}) for name, each in FIELDS.fields.items() if isinstance(each, TermsRule)}
    problem = understand(words, FIELDS, vocabularies)
    assert isinstance(problem, Problem), problem
    assert_in_chinese(problem.message)


@pytest.mark.parametrize("said", ["a/b", "日志", "2026-01-01-日志.md"])
def test_why_a_post_is_not_renamed_is_told_in_chinese(said: str) -> None:
    problem = new_name(said, "2026-01-01-日志.md")
    assert isinstance(problem, Problem)
    assert_in_chinese(problem.message)


def test_what_is_found_in_a_post_that_waits_is_told_in_chinese() -> None:
    heads = (
        "title: 预写日志\ntags: [SQLite, sqlite, rust, 日志, 测试]\ndate: 2025-04-28 10:30\nexcerpt: <b>x</b>\n",
        "layout: page\ntitle: [甲]\ntags: sqlite, logs\ndate: 下周\ndescription: ''\ntoc: true\nmath: no\nrating: 好\n",
        "title: 'Short\u200b'\ntags: {a: b}\nexcerpt: '{{ site.title }}'\nlang: en\ndescription: Only English.\n",
        "title: A Title That Is Longer Than It May Be, By Far\ntags: write ahead logs\ncategories: [database, 词]\n",
    )
    judged = law(FIELDS, {})
    for name in ("2025-04-29-Write_Ahead.md", "2025-04-29-one-two-three-four-five.md", "x.md"):
        for head in heads:
            post = read_post(name, f"---\n{head}---\n{BODY}{{% if x %}}".encode(), (dt.date(2025, 4, 29), "x"))
            assert isinstance(post, PublishedPost)
            for finding in (*lint(post, judged), *preflight(post, SITE, NOON, NOON)):
                assert_in_chinese(finding.message)


@pytest.mark.parametrize(
    ("field", "text"),
    [("date", "[甲"), ("date", "2025-02-31"), ("math", "也许"), ("title", "{{ x }}"), ("rating", "!!x y")],
)
def test_what_cannot_be_filled_in_is_told_in_chinese(field: str, text: str) -> None:
    head = 'title: "How SQLite Writes Logs"\ndate: 2026-01-01\nmath: true\nrating: 3\n'
    post = intake.read("2026-01-01-日志.md", f"---\n{head}---\n{BODY}".encode())
    assert isinstance(post, Draft)
    problems = edited(post, form({field: text}), FIELDS, Judge(law(FIELDS, {}), SITE, NOON))
    assert isinstance(problems, tuple)
    assert_in_chinese(*(problem.message for problem in problems))
