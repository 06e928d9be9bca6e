"""Odd things that happen to a drafts folder: how programs save, bursts beyond the queue, names that look alike."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.intake import watch as watching
from blogmetad.intake.scan import scan
from blogmetad.intake.watch import Watch
from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, make_blog

OLD, NEW = f"旧版本。\n\n{CHINESE}".encode(), f"新版本。\n\n{CHINESE}".encode()


def vim(path: Path) -> None:
    """A swap file, the old text under a backup's name, the new one under the draft's."""
    swap, backup = path.with_name(f".{path.name}.swp"), path.with_name(f"{path.name}~")
    swap.write_bytes(b"b0VIM")
    path.with_name("4913").touch()
    path.with_name("4913").unlink()
    path.rename(backup)
    path.write_bytes(NEW)
    backup.unlink()
    swap.unlink()


def emacs(path: Path) -> None:
    """A lock that is a dangling link, an autosave, the old text kept behind a tilde."""
    lock, auto = path.with_name(f".#{path.name}"), path.with_name(f"#{path.name}#")
    lock.symlink_to("anna@host.1:2")
    auto.write_bytes(NEW[:50])
    path.rename(path.with_name(f"{path.name}~"))
    path.write_bytes(NEW)
    auto.unlink()
    lock.unlink()


def vscode(path: Path) -> None:
    """In place: emptied, then written."""
    with path.open("r+b", buffering=0) as file:
        file.truncate(0)
        file.write(NEW)


def obsidian(path: Path) -> None:
    """In place, again and again while its author types."""
    for end in range(200, len(NEW) + 200, 200):
        path.write_bytes(NEW[:end])
        time.sleep(0.02)


def rsync(path: Path) -> None:
    """Beside it under a hidden name, then renamed over it."""
    part = path.with_name(f".{path.name}.Xa81Qz")
    part.write_bytes(NEW)
    os.utime(part, (1_700_000_000, 1_700_000_000))
    part.rename(path)


def syncthing(path: Path) -> None:
    """Beside it under a name of its own; what it replaced on the other side as a conflict."""
    part = path.with_name(f".syncthing.{path.name}.tmp")
    part.write_bytes(NEW)
    part.rename(path)
    path.with_name(f"{path.stem}.sync-conflict-20260101-120000-ABCDEFG.md").write_bytes(OLD)


def git(path: Path) -> None:
    """Unlinked, and made anew."""
    path.unlink()
    with path.open("xb") as file:
        file.write(NEW)


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model, settle=1.0)


def test_each_programs_way_to_save_makes_one_post_of_the_last_bytes(blog: Blog) -> None:
    ways: tuple[Callable[[Path], None], ...] = (vim, emacs, vscode, obsidian, rsync, syncthing, git)
    with blog.daemon() as daemon:
        for save in ways:
            path = blog.inbox / f"{save.__name__}-稿.md"
            mark = f"{save.__name__}\n\n".encode()
            path.write_bytes(mark + OLD)
            save(path)
            path.write_bytes(mark + path.read_bytes())
        for save in ways:
            daemon.wait_for(f"{save.__name__}-稿.md", State.DONE)
    names = {job.name for job in blog.jobs()}
    assert names == {f"{save.__name__}-稿.md" for save in ways}
    bodies = sorted(matter.split((blog.posts / name).read_bytes()).body.lstrip(b"\n") for name in blog.published())
    assert bodies == sorted(f"{save.__name__}\n\n".encode() + NEW for save in ways)


def test_drafts_behind_a_burst_that_overflows_the_kernels_queue_are_found(blog: Blog) -> None:
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with blog.daemon() as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        for number in range(min(queue, 20_000) // 2 + 500):
            (blog.inbox / f"{number}.txt").write_bytes(b"x")
        blog.drop("最后.md", CHINESE)
        daemon.process.send_signal(signal.SIGCONT)
        daemon.wait_for("最后.md", State.DONE)
    assert {job.name for job in blog.jobs()} == {"最后.md"}


@pytest.mark.full
def test_of_sixty_thousand_files_all_are_found(tmp_path: Path) -> None:
    heard: list[int] = []
    watch = Watch(tmp_path, lambda: heard.append(1))
    watch.start()
    try:
        for number in range(60_000):
            (tmp_path / f"稿{number}.md").touch()
        assert len(scan(tmp_path).found) == 60_000
        assert heard
        assert watch.healthy()
    finally:
        watch.stop()


def test_names_that_differ_in_case_or_composition_are_drafts_of_their_own(blog: Blog) -> None:
    names = [unicodedata.normalize(form, "Café.md") for form in ("NFC", "NFD")] + ["CAFÉ.md"]
    with blog.daemon() as daemon:
        for number, name in enumerate(names):
            blog.drop(name, f"第 {number} 篇。\n\n{CHINESE}")
        for name in names:
            daemon.wait_for(name, State.DONE)
    assert len(blog.published()) == len(names)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_folder_that_another_is_mounted_over_is_watched_anew(tmp_path: Path) -> None:
    heard: list[int] = []
    watch = Watch(tmp_path, lambda: heard.append(1))
    watch.start()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], capture_output=True, check=False).returncode:
        watch.stop()
        pytest.skip("nothing can be mounted here")
    try:
        assert not watch.healthy()
        watch.rearm()
        (tmp_path / "稿.md").write_text("文")
        end = time.monotonic() + 10
        while not heard and time.monotonic() < end:
            time.sleep(0.02)
        assert heard
    finally:
        watch.stop()
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_polling_for_want_of_a_watch_is_tried_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise OSError(28, "inotify limit reached")

    watch = Watch(tmp_path, lambda: None)
    with monkeypatch.context() as without:
        without.setattr(watching, "Observer", refused)
        watch.start()
    try:
        assert (watch.mode, watch.stale()) == ("polling", False)
        monkeypatch.setattr(watching, "BACK_SECONDS", 0.0)
        assert watch.stale()
        watch.rearm()
        assert (watch.mode, watch.stale()) == ("inotify", False)
    finally:
        watch.stop()
