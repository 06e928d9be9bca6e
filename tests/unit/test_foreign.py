"""Front matter where Jekyll finds none, and fields that it cannot read."""

from __future__ import annotations

import pytest

from blogmetad.intake.draft import read
from blogmetad.intake.fields import unfit
from blogmetad.intake.foreign import LOOKED_AT, misplaced
from blogmetad.matter import parse
from blogmetad.values import Draft


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "\ufeff", "正文\n", "---\n", "---\ntitle: 春\n---\n正文\n", "---\r\ntitle: 春\r\n---\r\n正文"),
        *(
            "+++\n正文\n+++\n",
            "+++ \n",
            "{{ 花括号 }}\n",
            '{"只是文字"}\n',
            "--\n正文\n--\n",
            "——\n正文，没有第二条线\n",
        ),
        *("\n---\n天气: 晴\n---\n正文\n", "第一段\n---\ntitle: 春\n---\n", "\n\n---\n\n---\n", "[a]: http://b\n"),
        "\n" + "长" * LOOKED_AT + "\n---\ntitle: 春\n---\n",
    ],
)
def test_text_is_no_front_matter_of_another_tool(text: str) -> None:
    assert misplaced("春.md", text) is None


@pytest.mark.parametrize(
    ("text", "cause", "line"),
    [
        ('+++\n# 注\n\ntitle = "春"\n+++\n', "TOML", 1),
        ("\n+++\n[params]\n+++\n", "TOML", 2),
        ('{"title": "春"}\n', "JSON", 1),
        ('\ufeff\n{\n\n  "title" : "春"\n}\n', "JSON", 2),
        ("---toml\n", "'---toml'", 1),
        (";;; json\n", "';;; json'", 1),
        (";;;\n", "';;;'", 1),
        ("\n\n---\ntags：春\n---\n", "very top", 3),
        ("\u3000---\ntitle: 春\n---\n", "very top", 1),
        ("---\r'title': 春\r---\r正文", "carriage returns", 1),
        ("————\n标题\ntitle: 春\n--\n", "'————'", 1),
    ],
)
def test_front_matter_that_jekyll_takes_for_text_is_told_with_its_line(text: str, cause: str, line: int) -> None:
    problem = misplaced("春.md", text)
    assert problem is not None
    assert problem.message.startswith("春.md: ")
    assert cause in problem.message
    assert f"(line {line})" in problem.message
    assert read("春.md", text.encode()) == (problem,)


def told(head: str) -> list[str]:
    fields = parse(head.encode())
    assert fields is not None
    return [f"{problem.field}: {problem.message}" for problem in unfit("春.md", head.encode(), fields)]


@pytest.mark.parametrize(
    "head",
    [
        *("title: 春\n", "title: 2024\ntags: [2024, 1.5, 2025-04-29, true]\n", "title: -3\n", "title:\nslug:\ntags:\n"),
        *("slug: 春天\npermalink: /春/\n", "published: true\nlayout: 5\n", "tag: 甲 乙\ncategory: 5\n", "# 空\n"),
        *("weight: 010\ncount: 1,000\nwhen: 12:30\n", "title: ':)'\nmood: ':a'\n", "time: [12:30, {at: 010}]\n"),
    ],
)
def test_what_jekyll_reads_as_it_is_written_is_no_problem(head: str) -> None:
    assert told(head) == []


@pytest.mark.parametrize(
    ("head", "messages"),
    [
        ("title: off\n", ["title: 春.md: 'title' holds a truth value", "title: 春.md: 'off' on line 2"]),
        ("# 注\ntags: [甲, 1_000]\n", ["tags: 春.md: '1_000' on line 3 is no text in YAML"]),
        ("a:\n- b:\n  - :c\n", ["a: 春.md: ':c' on line 4"]),
        (":a: 甲\n", [":a: 春.md: ':a' on line 2"]),
        ("date:\nslug: 2024\n", ["date: 春.md: 'date' holds nothing", "slug: 春.md: 'slug' holds a number or a date"]),
        ("description: 1" + "0" * 80 + ",0\n", ["description: 春.md: '1" + "0" * 59 + "…' on line 2"]),
        ("category: {甲: 乙}\n", ["category: 春.md: 'category' holds a map"]),
        ("tags: 5\n", ["tags: 春.md: 'tags' holds a number"]),
    ],
)  # fmt: skip
def test_what_jekyll_cannot_read_or_reads_as_something_else_is_told(head: str, messages: list[str]) -> None:
    found = told(head)
    assert len(found) == len(messages)
    for message, start in zip(found, messages, strict=True):
        assert message.startswith(start)
        assert message.endswith(" again.")


def test_the_problems_of_fields_are_told_with_all_others() -> None:
    found = read("春.md", "---\ntags: {甲: 乙}\ntitle: no\n---\n \n".encode())
    assert not isinstance(found, Draft)
    assert [problem.rule for problem in found] == ["draft.value"] * 3 + ["draft.empty"]
