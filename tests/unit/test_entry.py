"""The journal entry: the story of a draft as the pipeline tells it, and why each value is what it is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from blogmetad import pipeline
from blogmetad.journal.entry import Happened, Story, owner, render
from blogmetad.rules.document import parse
from blogmetad.values import Draft, Neighbour, Neighbours, Opinion, Proposal, Request, Usage

ZONE = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2025, 4, 29, 10, 30, tzinfo=ZONE)
RULES = parse(
    """---
rules: 测试
version: 2
fields:
  title: {type: text, language: en}
  date: {type: date}
  tags: {type: terms, min: 2, max: 3, new: queue, vocabulary: [{name: sqlite, aliases: [数据库]}, planned]}
---
""".encode(),
    "rules.md",
)
BODY = "SQLite 是数据库。" + "预写日志 " * 400
NEAR = Neighbours(
    (
        Neighbour("2024-01-01-a_b.md", "甲", "", {"tags": ("sqlite", "linux")}, 0.59),
        Neighbour("2024/2024-02-01-乙.md", "乙", "", {"tags": ("linux",)}, 0.41),
    ),
    {"tags": {"sqlite": 3, "linux": 5}},
    37,
    {"tags": {"linux": 1}},
    5,
)


class Proposing:
    """A Proposer that writes a title and a new term."""

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        assert keep_going()
        assert request.asks
        return Proposal({"title": "How SQLite Writes"}, {"tags": (Opinion("预写日志", -1.0, written=True),)}, "tiny")


def told(near: Neighbours) -> str:
    """The entry of a draft for which the site knows ``near``."""
    steps: list[Happened] = []
    desk = pipeline.Desk(
        rules=RULES,
        recall=lambda _: near,
        twin=lambda _: None,
        proposer=Proposing(),
        budget=400,
        hold_future=False,
        keep_going=lambda: True,
        # As the ledger keeps it.
        record=lambda name, data: steps.append(Happened(NOW, name, json.loads(json.dumps(data)))),
    )
    draft = Draft("日志.md", BODY.encode(), b"", {}, BODY.encode())
    assert isinstance(pipeline.finish(draft, desk, arrived=NOW), pipeline.Finished)
    story = Story("20250429-abc", "日志.md", "done", "0" * 64, len(draft.raw), NOW, NOW, None, None, tuple(steps))
    return render(story, ZONE).decode("utf-8")


def row(entry: str, field: str) -> dict[str, str]:
    """One row of the table of values."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in entry.splitlines() if line[:1] == "|"]
    (found,) = (cells for cells in rows if cells[0] == field)
    return dict(zip(rows[0], found, strict=True))


def test_the_similar_posts_are_told_in_a_section_of_their_own_before_the_model_is_asked() -> None:
    entry = told(NEAR)
    assert "## 10:30:00 recalled\n\n- similar posts: 2024-01-01-a\\_b.md (59%), 2024/2024-02-01-乙.md (41%)," in entry
    assert "(41%), of 37 published\n" in entry
    assert entry.index(" recalled\n") < entry.index(" proposed\n")


def test_a_draft_without_similar_posts_says_so() -> None:
    assert "- similar posts: none of 0 published\n" in told(Neighbours())


def test_each_term_has_its_evidence_and_the_rule_is_cited() -> None:
    tags = row(told(NEAR), "tags")
    assert tags["value"] == '\\["linux", "sqlite"\\]'
    assert tags["from"] == "vocabulary"
    assert tags["rule"] == "tags: 2 to 3 terms, new ones queued (rules: 测试 v2)"
    assert tags["evidence"] == (
        "linux: carried by the similar post 2024-01-01-a\\_b.md and 1 more, "
        "carried by 1 of the 5 latest posts, used in 5 posts; "
        "sqlite: written in the text as 'SQLite' and '数据库' (2 times), "
        "carried by the similar post 2024-01-01-a\\_b.md, used in 3 posts"
    )


def test_what_was_done_to_the_proposal_stands_apart_from_the_evidence() -> None:
    entry = told(NEAR)
    assert row(entry, "tags")["changes"] == "proposed 预写日志; '预写日志' is new and waits for a person to decide."
    assert "New terms the rules want you to decide on: tags: 预写日志\n" in entry


@pytest.mark.parametrize("field", ["date", "tags"])
def test_no_value_but_the_models_wording_is_without_evidence(field: str) -> None:
    assert row(told(Neighbours()), field)["evidence"]


@pytest.mark.parametrize(
    ("usage", "lines"),
    [
        (
            Usage(120, 900, 40, steps=12, prefill_seconds=0.5, decode_seconds=1.25, seconds=1.8),
            ("120 tokens read (900 more reused), 40 written in 12 steps", "0.50 s reading, 1.25 s writing"),
        ),
        (
            Usage(1020, 0, 400, seconds=2.5, thinking_tokens=360),
            ("1020 tokens read (0 more reused), 400 written, 360 of them in thought", "2.50 s"),
        ),
    ],
)
def test_the_cost_of_a_proposal_is_told_as_far_as_it_is_known(usage: Usage, lines: tuple[str, str]) -> None:
    facts = {"model": "qwen3", "mode": "server", "values": {}, "usage": asdict(usage)}
    happened = (Happened(NOW, "proposed", facts),)
    story = Story("20250429-abc", "日志.md", "done", "0" * 64, 9, NOW, NOW, None, None, happened)
    assert "".join(f"- {line}\n" for line in lines) in render(story, ZONE).decode("utf-8")


def test_a_file_name_that_is_no_text_costs_no_entry() -> None:
    story = Story("20250429-abc", "caf\udce9.md", "parked", "0" * 64, 9, NOW, NOW, None, None, ())
    entry = render(story, ZONE)
    assert "# caf?.md: needs you" in entry.decode("utf-8")
    assert owner(entry) == "20250429-abc"
