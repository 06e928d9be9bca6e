"""The entry about a week: which weeks are due, what it says, and that it is written once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad.journal import account, entry, week, weekly
from blogmetad.journal.entry import Happened
from blogmetad.journal.ledger import Ledger
from tests.stories import NOON, TITLE, ZONE, keep, revised, tell

THURSDAY = NOON.date()
DAY = dt.timedelta(days=1)
LAST_WEEK = NOON - 7 * DAY
"""Thursday of the week before that of NOON."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "state").mkdir()
    with Ledger(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def write(ledger: Ledger, now: dt.datetime = NOON) -> tuple[str, ...]:
    folder = ledger.path.parent
    return weekly.write_due(folder.parent / "journal", folder, ledger, now)


def entries(ledger: Ledger) -> list[str]:
    return sorted(path.name for path in (ledger.path.parent.parent / "journal").iterdir())


def told(*stories: entry.Story) -> str:
    return week.render(week.of(THURSDAY), [account.read(story) for story in stories], ZONE).decode()


def test_a_week_goes_from_monday_to_sunday_and_is_called_as_iso_8601_has_it() -> None:
    it = week.of(dt.date(2027, 1, 2))
    assert (it.name, it.monday, it.sunday) == ("2026-W53", dt.date(2026, 12, 28), dt.date(2027, 1, 3))
    assert week.named("2026-W53") == it
    assert it.next().name == "2027-W01"
    assert week.filename(it) == "2027-01-03-blogmetad-week-2026-w53.md"


def test_due_are_the_weeks_that_are_over_and_of_the_past_before_the_first_only_the_last() -> None:
    assert [each.name for each in week.due(None, THURSDAY)] == ["2026-W47"]
    assert [each.name for each in week.due(week.named("2026-W44"), THURSDAY)] == ["2026-W45", "2026-W46", "2026-W47"]
    assert week.due(week.named("2026-W47"), THURSDAY) == ()
    assert [each.name for each in week.due(week.named("2026-W52"), THURSDAY)] == ["2026-W47"]


def test_a_clock_that_jumped_far_ahead_and_back_costs_no_entry_and_makes_none_twice(ledger: Ledger) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    assert write(ledger, NOON + 3650 * DAY) == ()
    assert len(write(ledger, NOON)) == 1
    assert write(ledger, NOON) == ()


def test_the_entry_names_posts_those_that_need_their_author_and_what_was_changed() -> None:
    long = {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."}
    text = told(
        tell("日志.md", long, own=("预写日志",)),
        tell("短.md", body="短"),
        tell("h.md", front="date: 2027-01-01\n"),
        replace(tell("zurück.md"), outcome="undone"),
        revised(tell("w.md"), outcome="waiting"),
    )
    assert text.startswith("---\nblogmetad: week-2026-W48\n---\n\n# Week 48 of 2026: 1 post, 1 draft needs you\n")
    assert "- **drafts:** 5\n" in text
    assert "## Published\n\n- How SQLite Writes: `2026-11-26-how-sqlite-writes.md`, from 日志.md (" in text
    assert "## Needs you\n\n- 短.md (`20261126-" in text
    assert ", until 2027-01-01 00:00\n" in text
    assert "## Waits for your approval\n\n- SQLite Writes, from w.md (" in text
    assert "## Undone\n\n- zurück.md (" in text
    assert "## What the check changed\n\n- description: 1 of 1\n- tags: 1 of 1\n" in text
    assert "- tags: 预写日志\n" in text


def test_the_entry_has_no_text_of_a_draft_and_markup_in_a_title_stays_text() -> None:
    text = told(tell("a.md", front='title: "<b>[x](y)*"\n'))
    assert "这里说明" not in text
    assert "\\<b\\>\\[x\\](y)\\*" in text


def test_each_week_in_which_something_ended_gets_one_entry_once(ledger: Ledger) -> None:
    for days in (7, 8, 21):
        keep(ledger, tell(f"{days}.md", front=f"subtitle: {days}\n", at=NOON - days * DAY))
    assert write(ledger) == ("2026-11-22-blogmetad-week-2026-w47.md",)
    assert write(ledger) == ()
    assert entries(ledger) == ["2026-11-22-blogmetad-week-2026-w47.md"]


def test_weeks_that_were_missed_are_made_up_and_empty_ones_are_not_told(ledger: Ledger) -> None:
    write(ledger, NOON - 28 * DAY)
    for days in (7, 21):
        keep(ledger, tell(f"{days}.md", front=f"subtitle: {days}\n", at=NOON - days * DAY))
    assert write(ledger) == ("2026-11-08-blogmetad-week-2026-w45.md", "2026-11-22-blogmetad-week-2026-w47.md")


def test_a_crash_between_the_entry_and_the_note_of_it_writes_none_twice(ledger: Ledger) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    write(ledger)
    (ledger.path.parent / weekly.NAME).unlink()
    assert write(ledger) == ()
    assert len(entries(ledger)) == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"through": "2026"}', b"[1]", b"\xff", b'{"through": 7}'])
def test_a_damaged_note_is_as_good_as_none(ledger: Ledger, damage: bytes) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    (ledger.path.parent / weekly.NAME).write_bytes(damage)
    assert len(write(ledger)) == 1


def test_an_entry_that_its_author_edited_or_threw_away_is_let_be(ledger: Ledger) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    (name,) = write(ledger)
    file = ledger.path.parent.parent / "journal" / name
    file.write_bytes(file.read_bytes() + "我的补充。\n".encode())
    (ledger.path.parent / weekly.NAME).unlink()
    write(ledger)
    assert file.read_text("utf-8").endswith("我的补充。\n")
    file.unlink()
    assert write(ledger) == ()


def test_a_file_of_the_authors_with_that_name_is_not_touched(ledger: Ledger) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    journal = ledger.path.parent.parent / "journal"
    journal.mkdir()
    own = journal / "2026-11-22-blogmetad-week-2026-w47.md"
    own.write_text("# 我的周记\n", "utf-8")
    assert write(ledger) == ("2026-11-22-blogmetad-week-2026-w47-2.md",)
    assert own.read_text("utf-8") == "# 我的周记\n"


def test_a_draft_belongs_to_the_week_in_which_it_came_to_its_end(ledger: Ledger) -> None:
    late = dt.datetime(2026, 11, 22, 23, 59, 59, tzinfo=ZONE)
    keep(ledger, tell("sunday.md", at=late - dt.timedelta(seconds=9)))
    keep(ledger, tell("monday.md", front="subtitle: x\n", at=late))
    story = tell("undone.md", front="subtitle: y\n", at=NOON - 40 * DAY)
    undone = Happened(LAST_WEEK, "undone", {"was": "done", "post": story.target})
    keep(ledger, replace(story, outcome="undone", steps=(*story.steps, undone)))
    write(ledger)
    (text,) = ((ledger.path.parent.parent / "journal" / name).read_text("utf-8") for name in entries(ledger))
    assert "sunday.md" in text
    assert "undone.md" in text
    assert "monday.md" not in text


def test_monday_begins_by_the_clocks_of_the_site(ledger: Ledger) -> None:
    keep(ledger, tell(at=LAST_WEEK))
    still_sunday = dt.datetime(2026, 11, 22, 23, 59, tzinfo=ZONE)
    assert write(ledger, still_sunday) == ()
    assert len(write(ledger, still_sunday + dt.timedelta(minutes=1))) == 1
