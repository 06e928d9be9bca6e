"""inotify fails a real daemon, which looks into the folder instead, says so once, and publishes what is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from tests.faults import traced
from tests.system.blog import CHINESE, COMMAND, Blog, make_blog
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

RESCAN = 3600
FAULTS = [
    *((call, error) for call in ("inotify_init,inotify_init1", "inotify_add_watch") for error in ("EMFILE", "ENOMEM")),
    ("inotify_add_watch", "ENOSPC"),
    ("read", "EIO"),
    ("read", "ENOMEM"),
]
IN_SHORT = ("read", "EIO")
TOLD = ("no inotify watch left, polling instead", "inotify fails, polling instead")


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    """Nothing but the watch finds a draft within the hour."""
    blog = make_blog(tmp_path / "博客", tiny_model)
    text = blog.config.read_text("utf-8").replace("rescan_seconds = 5", f"rescan_seconds = {RESCAN}")
    blog.config.write_text(text, "utf-8")
    return blog


@pytest.mark.parametrize(
    ("call", "error"),
    [pytest.param(*fault, marks=() if fault == IN_SHORT else pytest.mark.full) for fault in FAULTS],
)
def test_a_daemon_that_inotify_fails_looks_instead_and_says_so_once(
    call: str, error: str, blog: Blog, tally: Tally
) -> None:
    row = tally.row("inotify fails", f"{error} on {call.split(',')[0]}")
    # Of the reads, only those of inotify itself.
    only = ("-P", "anon_inode:inotify") if call == "read" else ()
    fault = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}")
    strace = ("strace", "-D", "-f", "--seccomp-bpf", "-o", str(blog.root / "strace"), *only, *fault, "--")
    # With a watchdog, a daemon looks often whether all that wakes it is alive.
    with blog.daemon((*strace, *COMMAND), WATCHDOG_USEC="3000000") as daemon:
        blog.drop("稿.md", CHINESE)
        daemon.wait_for("稿.md", State.DONE)
        assert sum(len(daemon.said(told)) for told in TOLD) == 1
        assert daemon.stop() == 0
    row.tried += 1
    row.lost += blog.published() == []
    assert row.harmless
    assert f"= -1 {error}" in (blog.root / "strace").read_text()
