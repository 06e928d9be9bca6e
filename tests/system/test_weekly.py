"""The entry about a week, written by the real program: made up after the week, never twice, and not if it is off."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Ledger
from tests.stories import TITLE, ZONE, keep, tell
from tests.system.blog import Blog, make_blog


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    """A blog on which a post was published a week ago."""
    made = make_blog(tmp_path / "博客", tiny_model)
    with Ledger(made.ledger) as ledger:
        keep(ledger, tell("日志.md", at=dt.datetime.now(ZONE) - dt.timedelta(days=7)))
    return made


def weeks(blog: Blog) -> list[Path]:
    return sorted(blog.journal.glob("*-blogmetad-week-*.md")) if blog.journal.exists() else []


def test_a_daemon_makes_up_the_week_that_is_over_and_another_start_writes_none_twice(blog: Blog) -> None:
    for _ in range(2):
        with blog.daemon() as daemon:
            daemon.wait(lambda: weeks(blog))
            assert daemon.stop() == 0
        (entry,) = weeks(blog)
        assert f"- {TITLE}: `" in entry.read_text("utf-8")


def test_once_makes_it_up_too_and_a_site_that_wants_none_gets_none(blog: Blog) -> None:
    text = blog.config.read_text("utf-8")
    blog.config.write_text(f'{text}\n[journal]\ndigest = "off"\n', "utf-8")
    assert blog.command("once").returncode == 0
    assert weeks(blog) == []
    blog.config.write_text(text, "utf-8")
    assert blog.command("once").returncode == 0
    assert len(weeks(blog)) == 1
    assert blog.command("once").returncode == 0
    assert len(weeks(blog)) == 1


def test_a_journal_that_cannot_be_written_harms_nobody_and_is_made_up_later(blog: Blog) -> None:
    blog.journal.write_text("eine Datei", "utf-8")
    assert blog.command("once").returncode == 0
    blog.journal.unlink()
    assert blog.command("once").returncode == 0
    assert len(weeks(blog)) == 1
