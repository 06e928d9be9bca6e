"""``parked``, ``retry`` and ``undo`` as people use them, beside a daemon and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from blogmetad.lock import alone
from tests.system.blog import CHINESE, Blog, make_blog


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


def test_what_needs_its_author_is_listed_with_a_next_step_and_tried_again_on_demand(blog: Blog) -> None:
    nothing = blog.command("parked")
    assert (nothing.returncode, "nothing was recorded yet" in nothing.stderr) == (2, True)
    blog.drop("短.md", "太短")
    blog.drop("空.md", "")
    assert blog.command("once").returncode == 1

    listed = blog.command("parked", "--json")

    assert listed.returncode == 1
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert sorted(row["draft"] for row in rows) == ["短.md", "空.md"]
    assert all(row["problems"] and "save it" in row["next"] for row in rows)

    (blog.inbox / "空.md").unlink()
    before = (blog.inbox / "短.md").stat()
    tried = blog.command("retry", "短", "--json")
    assert tried.returncode == 0, tried.stderr
    (told,) = [json.loads(line) for line in tried.stdout.splitlines()]
    assert told["draft"] == "短.md"
    assert (blog.inbox / "短.md").stat().st_mtime_ns == before.st_mtime_ns
    job = blog.job("短.md")
    assert job is not None
    assert (job.id, job.state) == (told["id"], State.ACCEPTED)
    assert blog.command("once").returncode == 1
    assert [job.state for job in blog.jobs()][:2] == [State.PARKED, State.PARKED]
    refused = blog.command("retry", "空")
    assert (refused.returncode, "no longer in the drafts folder" in refused.stdout) == (1, True)
    assert blog.command("retry").returncode == 2
    assert blog.command("retry", "--all").returncode == 0


def test_a_draft_whose_name_cannot_be_shown_is_listed_too(blog: Blog) -> None:
    blog.drop("日\n志.md", CHINESE)
    assert blog.command("once").returncode == 1
    (row,) = [json.loads(line) for line in blog.command("parked", "--json").stdout.splitlines()]
    assert "is not printable UTF-8. Rename it." in row["problems"][0]
    assert "drafts folder" in row["next"]


def test_a_running_daemon_tries_a_draft_again_at_once(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("draft.md", CHINESE)
        first = daemon.wait_for("draft.md", State.DONE)
        assert blog.command("undo", "draft").returncode == 0
        time.sleep(1)
        assert blog.published() == []

        began = time.monotonic()
        assert blog.command("retry", "draft.md", "--json").returncode == 0
        job = daemon.wait_for("draft.md", State.DONE)

        assert time.monotonic() - began < 30
    assert job.id != first.id
    assert len(blog.published()) == 1
    assert list(blog.inbox.glob("*.md")) == []


def test_one_undo_at_a_time(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    assert blog.command("once").returncode == 0
    with alone(blog.root / ".blogmetad" / "undo.lock"):
        second = blog.command("undo", "draft")
    assert (second.returncode, "another blogmetad" in second.stderr) == (3, True)
    assert blog.command("undo", "draft").returncode == 0
    assert (blog.inbox / "draft.md").read_text("utf-8") == CHINESE


def test_an_undo_that_is_killed_is_carried_on_with_by_the_next_one(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    assert blog.command("once").returncode == 0
    code = (
        "import os, signal\n"
        "from blogmetad import files\n"
        "files.move = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from blogmetad.cli.app import main\n"
        "main()\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, "undo", "draft"],
        env={**os.environ, "BLOGMETAD_CONFIG": str(blog.config)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(blog.published()) == 1

    again = blog.command("undo", "draft")

    assert (again.returncode, "is back" in again.stdout) == (0, True)
    assert (blog.inbox / "draft.md").read_text("utf-8") == CHINESE
    assert blog.published() == []


def test_an_undo_without_a_journal_is_still_an_undo_and_its_entry_is_written_later(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    assert blog.command("once").returncode == 0
    away = blog.journal.rename(blog.root / "weg")
    blog.journal.write_text("a file where the folder was")

    assert blog.command("undo", "draft").returncode == 0

    blog.journal.unlink()
    away.rename(blog.journal)
    assert blog.command("once").returncode == 0
    (entry,) = [path for path in blog.journal.glob("*-blogmetad-*") if "undone" in path.read_text("utf-8")]
    assert "outcome: undone" in entry.read_text("utf-8")
