"""What others are told: exact, bounded, and text that acts on nothing."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from blogmetad.announce import desktop, environment, facts
from blogmetad.announce.facts import Facts
from blogmetad.values import Problem

SITE = Path("/site")
PUBLISHED = Facts(
    "published", "20261126-abc123", "草稿.md", SITE, SITE / "_posts/2026-11-26-a.md", fields={"title": "一篇 文章"}
)


def test_every_variable_is_there_and_empty_where_there_is_nothing() -> None:
    told = facts.variables(Facts("parked", "20261126-abc123", "a.md", SITE))
    names = ("OUTCOME", "ID", "TITLE", "PROBLEMS", "UNTIL", "COMMIT", "DRAFT", "SITE", "POST", "JOURNAL", "OF")
    assert set(told) == {f"BLOGMETAD_{name}" for name in names}
    assert {name for name, value in told.items() if value} == {
        "BLOGMETAD_OUTCOME",
        "BLOGMETAD_ID",
        "BLOGMETAD_DRAFT",
        "BLOGMETAD_SITE",
    }


def test_problems_are_a_line_each() -> None:
    problems = (Problem("a", "first\nof two"), Problem("b", "second"))
    told = facts.variables(Facts("parked", "1", "a.md", SITE, problems=problems))
    assert told["BLOGMETAD_PROBLEMS"] == "first of two\nsecond"


def test_what_no_environment_and_no_json_can_hold_is_replaced() -> None:
    title = "零\0 \ud800 末"
    told = Facts("published", "1", "a.md", SITE, fields={"title": title, "date": dt.date(2026, 11, 26)})
    variable = facts.variables(told)["BLOGMETAD_TITLE"]
    assert variable == "零\ufffd ? 末"
    os.fsencode(variable)
    read = json.loads(facts.as_json(told))
    assert (read["title"], read["fields"]["date"]) == ("零\0 ? 末", "2026-11-26")


def test_every_field_of_a_post_is_json_whatever_yaml_makes_of_it() -> None:
    naive = dt.datetime(2026, 11, 26, 8, 30)  # noqa: DTZ001
    fields = {"toc": {"beginning": True}, "weight": float("nan"), "when": naive, "空": None}
    told = Facts("published", "1", "a.md", SITE, fields=fields | {"tags": ["一", 2, float("inf")]})
    assert json.loads(facts.as_json(told))["fields"] == {
        "toc": {"beginning": True},
        "weight": "nan",
        "when": "2026-11-26 08:30:00",
        "空": None,
        "tags": ["一", 2, "inf"],
    }


def test_a_long_list_of_problems_does_not_keep_a_program_from_starting() -> None:
    problems = tuple(Problem("x", f"第{n}个问题，" * 20) for n in range(1000))
    told = facts.variables(Facts("parked", "1", "a.md", SITE, problems=problems))
    assert 20_000 < len(told["BLOGMETAD_PROBLEMS"].encode()) <= 30_000
    assert len(json.loads(facts.as_json(Facts("parked", "1", "a.md", SITE, problems=problems)))["problems"]) == 1000


def test_a_name_that_is_no_text_is_exact_in_the_environment_and_readable_in_json() -> None:
    name = os.fsdecode(b"a\xff.md")
    told = Facts("held", "1", name, SITE, until=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    assert os.fsencode(facts.variables(told)["BLOGMETAD_DRAFT"]) == b"a\xff.md"
    assert json.loads(facts.as_json(told))["draft"] == "a\ufffd.md"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("post: {title}", "post: 一篇 文章"),
        ("{post} {draft} {id}", "2026-11-26-a.md 草稿.md 20261126-abc123"),
        ("{{title}} 100%", "{title} 100%"),
        ("  新：\n{title}\t", "新： 一篇 文章"),
    ],
)
def test_a_message_is_one_line_of_what_it_asks_for(template: str, line: str) -> None:
    assert facts.message(template, PUBLISHED) == line


@pytest.mark.parametrize(
    ("title", "line"),
    [
        (None, "2026-11-26-a.md"),
        ("", "2026-11-26-a.md"),
        ("{id} {title}", "{id} {title}"),
        ("\n# 标题\x1b[2J\r\n二", "# 标题\ufffd[2J 二"),
        (2026, "2026"),
    ],
)
def test_whatever_the_title_is_the_message_is_text_and_not_empty(title: str | int | None, line: str) -> None:
    told = Facts("published", "1", "a.md", SITE, SITE / "2026-11-26-a.md", fields={"title": title})
    assert facts.message("{title}", told) == line


def test_our_environment_is_handed_on_without_what_is_meant_for_us() -> None:
    ours = {
        "PATH": "/bin",
        "LANG": "zh_CN.UTF-8",
        "GIT_DIR": "/x",
        "GIT_INDEX_FILE": "/x",
        "GIT_CONFIG_KEY_0": "x",
        "GIT_SSH_COMMAND": "ssh -i key",
        "GIT_AUTHOR_NAME": "作者",
        "GIT_AUTHOR_DATE": "x",
        "NOTIFY_SOCKET": "/run/x",
        "LISTEN_FDS": "1",
        "BLOGMETAD_TITLE": "an old one",
        "KEY": "s3cret",
    }
    handed = environment.handed_on(ours, "KEY")
    assert set(handed) == {"PATH", "LANG", "GIT_SSH_COMMAND", "GIT_AUTHOR_NAME"}
    assert environment.for_git(ours)["LC_ALL"] == "C.UTF-8"


def test_the_desktop_is_told_the_outcome_in_few_words() -> None:
    until = dt.datetime(2027, 1, 1, 8, 30, tzinfo=dt.UTC)
    told = {
        "published": PUBLISHED,
        "waiting": Facts("waiting", "1", "a.md", SITE, SITE / "_review/b.md", fields={"title": "乙"}),
        "held": Facts("held", "1", "a.md", SITE, until=until),
        "parked": Facts("parked", "1", "a.md", SITE, problems=(Problem("x", "Too short."), Problem("y", "No date."))),
        "duplicate": Facts("duplicate", "1", "a.md", SITE, of="2020-01-01-b.md"),
    }
    assert {outcome: desktop.words(each) for outcome, each in told.items()} == {
        "published": ("Published: 一篇 文章", "2026-11-26-a.md"),
        "waiting": ("Waits for you: 乙", "b.md"),
        "held": ("Held: a.md", "until 2027-01-01 08:30"),
        "parked": ("Needs you: a.md", "Too short. No date."),
        "duplicate": ("Already published: a.md", "2020-01-01-b.md"),
    }
    long = Facts("parked", "1", "a.md", SITE, problems=(Problem("x", "很" * 5000),))
    assert len(desktop.words(long)[1]) == 300
