"""Drafts, posts, state and journal each on a file system of its own, which then fails: the daemon tells of it once,
touches nothing, and goes on by itself when the folder is well again."""

from __future__ import annotations

import functools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from blogmetad.upkeep import AGAIN
from tests.system.blog import CHINESE, Blog, Daemon, make_blog
from tests.tally import Tally

FOLDERS = {"drafts": "_inbox", "posts": "_posts", "state": ".blogmetad", "journal": "_journal"}
TOLD = ("folder trouble", "drafts folder is away", "ledger opened anew", "cannot work now", "journal entry not written")


@functools.cache
def why_not() -> str | None:
    """Why no file systems can be mounted here, if so."""
    if os.geteuid() != 0:
        return "only root can mount a file system"
    words = ("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"nothing can be mounted here: {tried.stderr.strip()}"


pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def mount(folder: Path, options: str = "rw") -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "blogmetad-test", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A file system of its own for what is in a folder."""
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    mount(folder)
    try:
        for path, raw in kept.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Iterator[Blog]:
    made = make_blog(tmp_path / "博客", tiny_model)
    with ExitStack() as mounts:
        for name in FOLDERS.values():
            (made.root / name).mkdir(exist_ok=True)
            mounts.enter_context(mounted(made.root / name))
        yield made


def text(number: int) -> str:
    return f"第 {number} 篇。\n\n{CHINESE}"


def test_folders_on_different_devices_are_as_good_as_one(blog: Blog, tally: Tally) -> None:
    assert len({(blog.root / name).stat().st_dev for name in FOLDERS.values()}) == len(FOLDERS)
    with blog.daemon() as daemon:
        blog.drop("eins.md", text(1))
        first = daemon.wait_for("eins.md", State.DONE)
        assert (blog.inbox / ".blogmetad" / "retired" / first.id).read_text("utf-8") == text(1)
        undone = blog.command("undo", "eins")
        assert (undone.returncode, (blog.inbox / "eins.md").read_text("utf-8")) == (0, text(1))
    tally.row("folders", "all on different devices").tried += 1


@pytest.mark.parametrize(
    "which", ["posts", pytest.param("drafts", marks=pytest.mark.full), pytest.param("journal", marks=pytest.mark.full)]
)
def test_a_folder_that_becomes_read_only_is_told_once_and_used_again_when_it_is_not(
    blog: Blog, which: str, tally: Tally
) -> None:
    row, folder = tally.row("folders", f"{which} read-only for a while"), blog.root / FOLDERS[which]
    row.tried += 1
    with blog.daemon() as daemon:
        blog.drop("eins.md", text(1))
        daemon.wait_for("eins.md", State.DONE)
        remount(folder, "ro")
        if which != "drafts":  # where nothing can be dropped now
            blog.drop("zwei.md", text(2))
        daemon.wait(lambda: told(daemon))
        time.sleep(2 * AGAIN)
        assert len(told(daemon)) == 1
        remount(folder, "rw")
        if which == "drafts":
            blog.drop("zwei.md", text(2))
        daemon.wait_for("zwei.md", State.DONE)
        assert len(told(daemon)) == 1
    posts = [(blog.posts / name).read_text("utf-8") for name in blog.published()]
    bodies = sorted(post.split("---\n", 2)[2].lstrip("\n") for post in posts)
    row.lost += sum(text(number) not in bodies for number in (1, 2))
    row.doubled += len(bodies) - len(set(bodies))
    assert bodies == [text(1), text(2)]
    assert len(list(blog.journal.glob("*.md"))) == 2


def told(daemon: Daemon) -> list[dict[str, object]]:
    """What the daemon has said about folders so far."""
    return [line for event in TOLD for line in daemon.said(event)]
