"""Work in progress in the drafts folder: nothing happens to it or is written about it until its author says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from blogmetad.outcomes import Parked, Published
from tests.system.workshop import Desk, workshop

NOT_YET = "---\nblogmetad:\n  ready: false\n---\n甲：还没写完的一篇，写到一半。\n"
READY = "---\nblogmetad:\n  ready: true\n---\n甲：写完了的一篇，可以发布了。\n"
UNMARKED = "乙：一篇没有标记的草稿，写到一半。\n"


def test_a_draft_that_says_it_is_not_ready_is_left_alone_until_it_says_nothing_of_the_kind(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), parallel=1) as shop:
        shop.drop("甲.md", NOT_YET)
        shop.drop("乙.md", UNMARKED)
        assert [done.name for done in shop.drain()] == ["乙.md"]
        assert shop.drain() == []
        assert shop.ledger.latest("甲.md") is None
        assert (shop.inbox / "甲.md").read_text("utf-8") == NOT_YET
        shop.drop("甲.md", NOT_YET.replace("---\nblogmetad:\n  ready: false\n---\n", ""))
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)


def test_with_marked_drafts_only_those_that_say_so_are_taken_up(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), parallel=1, ready="marked") as shop:
        shop.drop("乙.md", UNMARKED)
        shop.drop("甲.md", READY)
        (done,) = shop.drain()
        assert done.name == "甲.md"
        assert list(shop.published().values()) == ["甲：写完了的一篇，可以发布了。\n"]
        assert [path.name for path in shop.inbox.iterdir()] == ["乙.md"]
        assert [path.name for path in (tmp_path / "_journal").iterdir() if "乙" in path.name] == []


def test_a_parked_draft_that_is_worked_on_again_is_no_longer_reported(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), parallel=1) as shop:
        shop.drop("甲.md", "---\n---\n")
        (done,) = shop.drain()
        assert isinstance(done.outcome, Parked)
        shop.drop("甲.md", NOT_YET)
        assert shop.drain() == []
        assert shop.in_state(State.PARKED) == []


def test_a_mark_that_cannot_be_read_is_told_and_not_waited_for(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), parallel=1, ready="marked") as shop:
        shop.drop("甲.md", READY.replace("true", "好了"))
        (done,) = shop.drain()
        assert isinstance(done.outcome, Parked)
        assert "ready: 好了; write true or false" in done.outcome.problems[0].message


@pytest.mark.parametrize("text", [NOT_YET, "---\n---\n"])
def test_a_draft_that_was_dealt_with_and_is_saved_again_is_looked_at_once_it_has_settled(
    tmp_path: Path, text: str
) -> None:
    with workshop(tmp_path, Desk(waits=False), parallel=1, settle=0.2) as shop:
        shop.drop("甲.md", text)
        shop.runner.round()
        time.sleep(0.25)
        shop.news.clear()
        shop.runner.round()  # left alone, or parked
        while shop.runner.busy:
            shop.round()
        assert shop.runner.round().again is None
        shop.drop("甲.md", READY)
        again = shop.runner.round().again
        assert again is not None
        assert again <= 0.2
