"""What an author fills in on the review page becomes exactly that in the file, and not a byte of anything else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest

from blogmetad import matter
from blogmetad.cli.review.page.edits import Edited, edited, filled_in
from blogmetad.cli.review.page.form import FIELD, KIND, MAX_BYTES, MAX_FIELDS, TERM, Form, FormError, read
from blogmetad.cli.review.page.inputs import Input, inputs
from blogmetad.cli.review.page.judge import Judge
from blogmetad.intake import draft as intake
from blogmetad.rules.document import parse
from blogmetad.rules.lint import law
from blogmetad.site.jekyll import SiteConfig
from blogmetad.values import Draft

RULES = parse(
    """---
rules: r
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, min_length: 1, max_length: 60}
  description: {type: text, language: any, max_length: 300, need: recommended}
  date: {type: date}
  categories: {type: terms, form: words, max: 3, need: optional}
  tags:
    {type: terms, min: 0, max: 6, new: forbid, need: optional, vocabulary: [ai, sqlite, 预写日志, write-ahead log]}
  keywords: {type: terms, max: 4, form: lines, need: optional}
  featured: {type: author, kind: flag}
  subtitle: {type: author, kind: text}
  related: {type: author, kind: list}
  order: {type: author, kind: number}
  math: {type: constant, value: true, when: {math: true}}
min_body: {words: 1}
---
Be exact.
""".encode(),
    "rules.md",
)
NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
SITE = SiteConfig(Path("site"), "博客", dt.UTC, True, False)
JUDGE = Judge(law(RULES, {"tags": {}, "categories": {}, "keywords": {}}), SITE, NOW)
NAME = "2026-02-01-wal.md"
BODY = "\n预写日志，先写日志再写页。\r\n---\n末行没有换行"
HEAD = """# 一行注释
layout: post
title: "预写日志"   # 为什么
date: 2026-02-01
tags: [ai, 'sqlite']  # 两个
toc:
  beginning: true
"""


def post(head: str = HEAD, body: str = BODY, name: str = NAME) -> Draft:
    found = intake.read(name, f"---\n{head}---\n{body}".encode())
    assert isinstance(found, Draft), found
    return found


def form(texts: Mapping[str, str] | None = None, terms: Mapping[str, Sequence[str]] | None = None) -> Form:
    """A form as a browser sends it."""
    pairs = [(FIELD + name, text) for name, text in (texts or {}).items()]
    pairs += [(TERM + name, each) for name, all_terms in (terms or {}).items() for each in all_terms]
    return read(KIND, urlencode(pairs).encode())


def head_after(before: Draft, sent: Form) -> str:
    """The front matter with the form obeyed; the rest of the file is found to be as it was."""
    found = edited(before, sent, RULES, JUDGE)
    assert isinstance(found, Edited), found
    head, body = matter.split(found.content).head, matter.split(found.content).body
    assert head is not None
    assert body == before.body
    assert found.content == before.raw.replace(before.head, head, 1)
    return head.decode()


def wrong(before: Draft, sent: Form, judge: Judge | None = JUDGE) -> dict[str | None, str]:
    found = edited(before, sent, RULES, judge)
    assert not isinstance(found, Edited), found
    return {problem.field: problem.message for problem in found}


def shown(before: Draft) -> dict[str, Input]:
    return {each.name: each for each in inputs(before, RULES)}


def test_fields_are_shown_as_the_file_has_them_and_behind_them_those_it_could_have() -> None:
    found = inputs(post(), RULES)
    assert [(each.name, each.kind, each.text, each.terms) for each in found if each.there] == [
        ("layout", "line", "post", ()),
        ("title", "line", "预写日志", ()),
        ("date", "yaml", "2026-02-01", ()),
        ("tags", "terms", "", ("ai", "sqlite")),
        ("toc", "yaml", "beginning: true", ()),
    ]
    assert [(each.name, each.kind) for each in found if not each.there] == [
        ("description", "text"),
        ("categories", "terms"),
        ("keywords", "terms"),
        ("featured", "flag"),
        ("subtitle", "line"),
        ("related", "terms"),
        ("order", "yaml"),
        ("math", "flag"),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ("x: 3.10", "yaml", "3.10"),
        ("x: yes", "flag", "true"),
        ("x: false", "flag", "false"),
        ("x: [a, 1.10, 博客]", "terms", ("a", "1.10", "博客")),
        ("x:\n- a b\n- c", "terms", ("a b", "c")),
        ("x: [a, [b]]", "yaml", "[a, [b]]"),
        ("x: [a, true]", "yaml", "[a, true]"),
        ('x: ["", a]', "yaml", '["", a]'),
        ("x:\n- |\n  a\n- b", "yaml", "- |\n  a\n- b"),
        ("x: {a: 1}", "yaml", "{a: 1}"),
        ("x: >\n  一行\n  又一行", "line", "一行 又一行"),
        ("x: |\n  一行\n  又一行", "text", "一行\n又一行"),
        ('x: "a\\tb"', "yaml", '"a\\tb"'),
        ("x: |\n  a\tb", "yaml", "|\n  a\tb"),
        ('x: "\\na"', "yaml", '"\\na"'),
        ("subtitle:", "line", ""),
        ("order:", "yaml", ""),
        ("keywords:", "terms", ()),
        ("tags: ai sqlite", "terms", ("ai", "sqlite")),
        ("tags: ai, write-ahead log", "terms", ("ai", "write-ahead log")),
        ("approve: true", None, None),
    ],
)
def test_a_value_is_shown_in_the_way_in_which_it_can_be_changed(line: str, kind: str | None, value: object) -> None:
    found = shown(post(f"title: t\n{line}\n")).get(line.partition(":")[0])
    if kind is None:
        assert found is None
    else:
        assert found is not None
        assert (found.kind, found.terms if kind == "terms" else found.text) == (kind, value)


def test_a_form_that_says_what_the_file_says_changes_nothing() -> None:
    before = post(HEAD.replace("\n", "\r\n"))
    sent = form({"title": "预写日志", "date": "2026-02-01", "toc": "beginning: true"}, {"tags": ["ai", " sqlite ", ""]})
    assert edited(before, sent, RULES, JUDGE) == Edited(before.raw, ())
    assert edited(before, form(), RULES, JUDGE) == Edited(before.raw, ())


@pytest.mark.parametrize(
    ("texts", "terms", "old", "new"),
    [
        ({"title": "检查点：两种"}, {}, '"预写日志"   # 为什么', '"检查点：两种"   # 为什么'),
        ({"title": 'Say "hi": #1'}, {}, '"预写日志"', '"Say \\"hi\\": #1"'),
        ({"date": "2026-02-02 10:00:00 +0800"}, {}, "2026-02-01", "2026-02-02 10:00:00 +0800"),
        ({"layout": "page"}, {}, "layout: post", "layout: page"),
        ({}, {"tags": ["ai", "sqlite", "预写日志"]}, "[ai, 'sqlite']", "[ai, 'sqlite', 预写日志]"),
        ({}, {"tags": ["sqlite"]}, "[ai, 'sqlite']", "['sqlite']"),
        ({}, {"tags": [""]}, "tags: [ai, 'sqlite']  # 两个\n", ""),
        ({"toc": "sidebar: left"}, {}, "toc:\n  beginning: true\n", "toc:\n  sidebar: left\n"),
        ({"toc": "{sidebar: left}"}, {}, "toc:\n  beginning: true\n", "toc: {sidebar: left}\n"),
        ({"toc": ""}, {}, "toc:\n  beginning: true\n", ""),
        ({"toc": "~"}, {}, "toc:\n  beginning: true\n", ""),
        (
            {"description": "第一行。\r\n第二行。"},
            {},
            "   # 为什么\n",
            '   # 为什么\ndescription: "第一行。\\n第二行。"\n',
        ),
        ({}, {"categories": ["ai", "db"]}, "date: 2026-02-01\n", "date: 2026-02-01\ncategories: ai db\n"),
        ({}, {"categories": ["write log"]}, "date: 2026-02-01\n", "date: 2026-02-01\ncategories: [write log]\n"),
        ({}, {"keywords": ["a", "2"]}, "  # 两个\n", "  # 两个\nkeywords:\n- a\n- '2'\n"),
        ({"featured": "true"}, {}, "  # 两个\n", "  # 两个\nfeatured: true\n"),
        ({"order": "7"}, {}, "  # 两个\n", "  # 两个\norder: 7\n"),
        ({}, {"related": ["甲", "乙"]}, "  # 两个\n", "  # 两个\nrelated: [甲, 乙]\n"),
    ],
)
def test_one_value_is_changed_and_all_else_stays(
    texts: dict[str, str], terms: dict[str, list[str]], old: str, new: str
) -> None:
    assert head_after(post(), form(texts, terms)) == HEAD.replace(old, new)


def test_several_fields_are_changed_together() -> None:
    before = post()
    sent = form({"title": "新的", "subtitle": "又一个", "toc": ""}, {"tags": ["sqlite", "ai"]})
    found = edited(before, sent, RULES, JUDGE)
    assert isinstance(found, Edited)
    assert found.fields == ("title", "tags", "toc", "subtitle")
    fields = matter.parse(matter.split(found.content).head or b"")
    assert fields is not None
    assert (fields["title"], fields["tags"], fields["subtitle"], "toc" in fields) == (
        *("新的", ["sqlite", "ai"], "又一个"),
        False,
    )


@pytest.mark.parametrize(
    ("head", "texts", "terms", "after"),
    [
        # A line a term, with comments that stay with their lines.
        (
            "title: t\nkeywords:\n  - a  # 甲\n  # 关于 b\n  - 'b'\n  - 1.10\n\nx: 1\n",
            {},
            {"keywords": ["1.10", "a", "c: d"]},
            "title: t\nkeywords:\n  - 1.10\n  - a  # 甲\n  # 关于 b\n  - 'c: d'\n\nx: 1\n",
        ),
        ("title: t\ntags:\n", {}, {"tags": ["ai"]}, "title: t\ntags: [ai]\n"),
        ("title: t\ntags: ai sqlite\n", {}, {"tags": ["ai"]}, "title: t\ntags: [ai]\n"),
        ("title: t\ncategories: ai db\n", {}, {"categories": ["ai", "c"]}, "title: t\ncategories: ai c\n"),
        ("title: t\ncategories: |\n  ai\n", {}, {"categories": ["ai", "c"]}, "title: t\ncategories: ai c\n"),
        ("title: |\n  一行\n  # 文字\nx: 1 # 注\n", {"title": "新"}, {}, 'title: "新"\nx: 1 # 注\n'),
        ("title: t\nx: 1 # 注\n", {"x": "2"}, {}, "title: t\nx: 2 # 注\n"),
        ("title: t\nx: 1\n", {"x": "[1, 2]"}, {}, "title: t\nx: [1, 2]\n"),
        ("title: t\n'x y': {a: 1}\n", {"x y": "|\n  两行\n  文字"}, {}, "title: t\n'x y': |\n  两行\n  文字\n"),
        ("title: t\nfeatured: no # 不\n", {"featured": "true"}, {}, "title: t\nfeatured: true # 不\n"),
        ("  title: t\n  x: 1\n", {"x": "a: 2\nb: 3"}, {}, "  title: t\n  x:\n    a: 2\n    b: 3\n"),
        ("{title: t, x: 1}\n", {"title": "新, 的"}, {}, "{title: '新, 的', x: 1}\n"),
        ("title: a\n  b\n", {"title": "c"}, {}, "title: c\n"),
        ("title: t\nblogmetad: {ready: true}\n", {"title": "c"}, {}, "title: c\nblogmetad: {ready: true}\n"),
    ],
)
def test_every_layout_keeps_what_is_not_the_value(
    head: str, texts: dict[str, str], terms: dict[str, list[str]], after: str
) -> None:
    assert head_after(post(head), form(texts, terms)) == after


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    raw = b"\xef\xbb\xbf---\r\ntitle: t\r\ntags:\r\n- ai\r\n---\r\n" + "正文\r\n".encode()
    before = intake.read(NAME, raw)
    assert isinstance(before, Draft)
    sent = form({"description": "两行\n的描述"}, {"tags": ["ai", "sqlite"]})
    found = edited(before, sent, RULES, None)
    assert isinstance(found, Edited)
    added = '\r\ndescription: "两行\\n的描述"\r\ntags:\r\n- ai\r\n- sqlite\r\n'.encode()
    assert found.content == raw.replace(b"\r\ntags:\r\n- ai\r\n", added)


@pytest.mark.parametrize(
    ("texts", "terms", "field", "words"),
    [
        ({"title": ""}, {}, "title", "There is no 'title'"),
        ({"title": "{{ site.secret }}"}, {}, "title", "Liquid"),
        ({"date": "gestern"}, {}, "date", "cannot be read"),
        ({"date": "2026-02-31"}, {}, "date", "cannot be read"),
        ({"date": "[1"}, {}, "date", "not valid YAML"),
        ({"date": "2026-02-01\ntitle: 夹带"}, {}, "date", "mapping values"),
        ({"date": "2026-02-01\nx"}, {}, "date", "date"),
        ({"toc": "beginning: true\n- x"}, {}, "toc", "cannot be read"),
        ({"toc": "!!python/object:os.system {}"}, {}, "toc", "YAML tag"),
        ({"toc": "\x00"}, {}, "toc", "not allowed"),
        ({"featured": "maybe"}, {}, "featured", "either true or false"),
        ({}, {"tags": ["猫"]}, "tags", "vocabulary has not"),
        ({"title": "x\u200by"}, {}, "title", "nobody can see"),
        ({"subtitle": "1" * 17000}, {}, "subtitle", "larger than 16 KiB"),
        ({"order": ":name"}, {}, "order", "Put it in quotes"),
    ],
)
def test_what_breaks_yaml_or_the_rules_is_told_beside_the_field_and_not_written(
    texts: dict[str, str], terms: dict[str, list[str]], field: str, words: str
) -> None:
    found = wrong(post(), form(texts, terms))
    assert set(found) == {field}
    assert words in found[field]


def test_a_value_that_was_wrong_before_does_not_keep_others_from_being_changed() -> None:
    before = post("title: t\ntags: [猫]\ndate: 2026-02-01\n")
    assert head_after(before, form({"title": "新"})) == "title: 新\ntags: [猫]\ndate: 2026-02-01\n"
    assert head_after(before, form({}, {"tags": ["猫", "ai"]})) == "title: t\ntags: [猫, ai]\ndate: 2026-02-01\n"


def test_front_matter_in_braces_gets_no_new_lines() -> None:
    assert "braces" in wrong(post("{title: t, x: 1}\n"), form({"description": "新"}))["description"]
    assert "braces" in wrong(post("{title: t, x: 1}\n"), form({"x": ""}))["x"]


def test_without_rules_the_fields_of_the_file_can_still_be_changed() -> None:
    before = post()
    assert [each.name for each in inputs(before, None)] == ["layout", "title", "date", "tags", "toc"]
    found = edited(before, form({"title": "新"}, {"tags": ["猫"]}), None, None)
    assert isinstance(found, Edited)
    assert matter.parse(matter.split(found.content).head or b"") == {
        **before.fields,
        "title": "新",
        "tags": ["猫"],
    }


def test_an_author_sees_again_what_they_typed() -> None:
    found = {
        each.name: each
        for each in filled_in(inputs(post(), RULES), form({"title": " a\r\nb\u2028c"}, {"tags": ["x", ""]}))
    }
    assert found["title"].text == " a b c"
    assert found["tags"].terms == ("x",)
    assert found["date"].text == "2026-02-01"


def test_a_post_that_no_name_dates_is_not_told_that_name_and_date_differ() -> None:
    raw = "---\ntitle: t\ndate: 2026-02-01\n---\n文\n".encode()
    assert [each.rule for each in JUDGE.findings("想法.md", raw)] == ["layout.missing", "description.missing"]
    assert "date.name" in [each.rule for each in JUDGE.findings("2026-02-02-x.md", raw)]
    assert JUDGE.findings(NAME, b"---\ntitle: [\n---\n") == ()


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("multipart/form-data; boundary=x", b"--x--", "not a form"),
        ("text/plain", b"a=b", "not a form"),
        ("", b"", "not a form"),
        (KIND, b"a=" + b"x" * MAX_BYTES, "too large"),
        (KIND, b"&".join([b"a=b"] * (MAX_FIELDS + 1)), "not a form"),
        (KIND, b"a=%ff", "not a form"),
        (KIND, "a=博客".encode(), "not a form"),
    ],
)
def test_what_is_no_form_of_ours_is_not_read(kind: str, body: bytes, words: str) -> None:
    with pytest.raises(FormError, match=words):
        read(kind, body)


def test_a_name_that_is_sent_twice_has_no_value() -> None:
    found = read(f"{KIND}; charset=utf-8", b"seal=a&seal=b&then=%E5%8D%9A")
    assert (found.one("seal"), found.one("then"), found.one("none")) == ("", "博", "")
