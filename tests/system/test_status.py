"""What status tells, beside a runner that is really at work."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from blogmetad.journal.ledger import State
from blogmetad.lock import alone
from tests.system.blog import Blog
from tests.system.terminal import Terminal
from tests.system.workshop import RULES, Desk, Workshop, workshop

CONFIG = """[site]
root = "."
rules = "rules.md"
[model]
name = "none.gguf"
[intake]
settle_seconds = 0.0
"""


def status(root: Path) -> Any:
    (root / "config.toml").write_text(CONFIG, "utf-8")
    (root / "rules.md").touch()
    done = Blog(root).command("status", "--config", str(root / "config.toml"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def begun(made: Workshop, name: str) -> None:
    """The draft's try is counted, and nothing more of it is in the ledger."""
    job = made.job(name)
    assert (job.state, job.attempts) == (State.ACCEPTED, 1)


def test_it_tells_how_far_the_draft_at_hand_is_and_how_long_it_usually_takes(tmp_path: Path) -> None:
    desk = Desk()
    with workshop(tmp_path, desk, 1) as made, alone(tmp_path / ".blogmetad" / "lock"):
        made.drop("一.md")
        made.runner.round()
        desk.until("一")
        desk.give("一")
        made.round()
        made.drop("二.md")
        made.drop("三.md")
        made.runner.round()
        desk.until("二")
        begun(made, "二.md")
        seen = status(tmp_path)
        (row,) = seen["working_on"]
        assert (row["draft"], row["stage"], row["attempt"]) == ("二.md", "proposing", 1)
        assert 0.0 <= row["seconds"] < 60.0
        assert seen["running"] is True
        assert seen["pid"] == os.getpid()
        assert isinstance(seen["usual_seconds"], float)
        assert seen["waiting"] == [{"draft": "三.md", "why": "it is the next, or one of them"}]
        assert [post["draft"] for post in seen["last_posts"]] == ["一.md"]
        terminal = Terminal(_words(tmp_path), cwd=tmp_path)
        assert terminal.end() == 0
        assert "二.md  the model reads and writes, for" in terminal.shown
        assert "of usually" in terminal.shown


def test_it_tells_what_is_held_or_parked_or_waits_with_the_reason_and_what_to_do(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), 1) as made:
        made.drop("将来.md", "---\ndate: 2999-01-01\n---\n将来的一篇文章，写到这里。\n")
        made.drop("坏.md", "---\ntitle: [\n---\n正文。\n")
        made.drop("等.md", "---\nblogmetad: {ready: false}\n---\n还没有写完的一篇。\n")
        made.drop("回.md")
        made.drain()
        job = made.job("回.md")
        made.ledger.move(job.id, State.UNDONE, dt.datetime.now(dt.UTC))
        made.drop("回.md")
        seen = status(tmp_path)
        (held,), (parked,) = seen["held"], seen["needs_you"]
        assert (held["draft"], held["until"][:10]) == ("将来.md", "2999-01-01")
        assert "lies in the future" in held["reason"]
        assert parked["draft"] == "坏.md"
        assert parked["problems"]
        assert parked["next"]
        why = {row["draft"]: row["why"] for row in seen["waiting"]}
        assert why["等.md"] == "it says 'ready: false'"
        assert "taken back" in why["回.md"]
        assert (seen["running"], seen["working_on"]) == (False, [])
        made.drop("新.md")
        terminal = Terminal(_words(tmp_path), cwd=tmp_path)
        assert terminal.end() == 0
        for line in (
            "not running",
            "until 2999-01-01 00:00 +0800: ",
            "新.md  blogmetad is not running",
            "blogmetad once",
        ):
            assert line in terminal.shown


def test_a_day_is_told_in_the_offset_of_the_rules_where_the_site_has_no_zone(tmp_path: Path) -> None:
    rules = RULES.replace(b"date: {type: date}", b'date: {type: date, time: true, offset: "+08:00"}')
    with workshop(tmp_path, Desk(waits=False), 1, rules=rules) as made:
        (tmp_path / "_config.yml").write_text("title: 没有时区\n", "utf-8")
        made.drop("圣诞.md", "---\nblogmetad: {hold: 2999-12-24}\n---\n圣诞节前的一篇，写到这里。\n")
        made.drain()
    (held,) = status(tmp_path)["held"]
    assert held["until"] == "2999-12-24T00:00:00+08:00"
    terminal = Terminal(_words(tmp_path), cwd=tmp_path)
    assert terminal.end() == 0
    assert "圣诞.md  until 2999-12-24 00:00 +0800: the draft says so" in terminal.shown


def test_a_site_of_which_nothing_is_known_yet_has_a_status_too(tmp_path: Path) -> None:
    seen = status(tmp_path)
    assert (seen["waiting"], seen["last_posts"], seen["usual_seconds"], seen["service"]) == ([], [], None, None)


@pytest.mark.parametrize("wanted", ["settled", "marked"])
def test_whether_a_draft_without_a_mark_waits_is_what_the_configuration_says(wanted: str, tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), 1):
        pass
    (tmp_path / "_inbox" / "a.md").write_text("一篇。\n", "utf-8")
    status(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG + f'ready = "{wanted}"\n', "utf-8")
    terminal = Terminal(_words(tmp_path), cwd=tmp_path)
    assert terminal.end() == 0
    said = "it is not marked 'ready: true'" if wanted == "marked" else "blogmetad is not running"
    assert f"a.md  {said}" in terminal.shown


def _words(root: Path) -> list[str]:
    return [sys.executable, "-m", "blogmetad", "status", "--config", str(root / "config.toml")]
