"""Watching a real folder: what must wake us, what must not, and what deafness looks like."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from blogmetad.intake import watch as watching
from blogmetad.intake.scan import FolderGone, scan
from blogmetad.intake.watch import Watch

SOON = 10.0
"""Seconds within which a change must have been noticed, on a slow machine."""

NEVER = 0.5
"""Seconds to wait for what must not come; an event takes about a millisecond."""


class Ears:
    """A watch on a folder and the changes it heard of."""

    def __init__(self, folder: Path, polling: bool = False) -> None:
        self.heard = threading.Event()
        self.watch = Watch(folder, self.heard.set, polling=polling)

    def hears(self, act: Callable[[], object], within: float = SOON) -> bool:
        """Whether a change is noticed once this is done (and nothing before is counted)."""
        time.sleep(0.1)
        self.heard.clear()
        act()
        return self.heard.wait(within)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "稿").mkdir()
    return tmp_path / "稿"


@pytest.fixture
def ears(folder: Path) -> Iterator[Ears]:
    listening = Ears(folder)
    listening.watch.start()
    assert listening.watch.mode == "inotify"
    yield listening
    listening.watch.stop()


def becomes(state: Callable[[], bool], within: float = SOON) -> bool:
    end = time.monotonic() + within
    while not state() and time.monotonic() < end:
        time.sleep(0.02)
    return state()


def test_writing_renaming_linking_and_appending_are_noticed(ears: Ears, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "春.md"
    outside.write_text("文")
    assert ears.hears(lambda: (folder / "新.md").write_text("文"))
    assert ears.hears(lambda: os.link(outside, folder / "硬链.md"))
    assert ears.hears(lambda: outside.rename(folder / "移入.md"))
    assert ears.hears(lambda: (folder / "新.md").rename(folder / "改名.md"))
    with (folder / "改名.md").open("ab", buffering=0) as file:
        assert ears.hears(lambda: file.write("二".encode()))
        assert ears.hears(file.close)


def test_a_save_by_way_of_a_temporary_file_is_noticed_at_the_rename(ears: Ears, folder: Path) -> None:
    assert not ears.hears(lambda: (folder / ".春.md.tmp").write_text("文"), NEVER)
    assert ears.hears(lambda: (folder / ".春.md.tmp").rename(folder / "春.md"))


def test_reading_and_scanning_do_not_wake_us(ears: Ears, folder: Path) -> None:
    assert ears.hears(lambda: (folder / "春.md").write_text("文"))

    def look() -> None:
        scan(folder)
        (folder / "春.md").read_bytes()
        list(folder.iterdir())

    assert not ears.hears(look, NEVER)


def test_taking_a_draft_away_and_files_that_are_no_drafts_do_not_wake_us(ears: Ears, folder: Path) -> None:
    assert ears.hears(lambda: (folder / "春.md").write_text("文"))

    def other() -> None:
        (folder / "春.md").rename(folder.parent / "春.md")
        (folder / "图.png").write_bytes(b"\x89PNG")
        (folder / ".blogmetad").mkdir()
        (folder / ".blogmetad" / "春.md").write_text("文")

    assert not ears.hears(other, NEVER)


def test_polling_notices_new_and_changed_files_too(folder: Path) -> None:
    ears = Ears(folder, polling=True)
    ears.watch.start()
    try:
        assert ears.watch.mode == "polling"
        assert ears.watch.healthy()
        assert ears.hears(lambda: (folder / "春.md").write_text("文"))
        assert ears.hears(lambda: (folder / "春.md").write_text("更长的文"))
    finally:
        ears.watch.stop()


def test_a_folder_reached_through_a_link_is_watched(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "链接").symlink_to(folder)
    ears = Ears(tmp_path / "链接")
    ears.watch.start()
    try:
        assert ears.hears(lambda: (folder / "春.md").write_text("文"))
        assert ears.watch.healthy()
    finally:
        ears.watch.stop()


def test_a_watch_is_healthy_only_while_it_runs(folder: Path) -> None:
    ears = Ears(folder)
    assert not ears.watch.healthy()
    ears.watch.start()
    ears.watch.start()
    assert ears.watch.healthy()
    ears.watch.stop()
    ears.watch.stop()
    assert not ears.watch.healthy()
    assert not ears.hears(lambda: (folder / "春.md").write_text("文"), NEVER)


def test_stopping_leaves_no_thread_behind(folder: Path) -> None:
    before = threading.active_count()
    for polling in (False, True):
        ears = Ears(folder, polling)
        ears.watch.start()
        ears.watch.stop()
    assert becomes(lambda: threading.active_count() == before)


def test_a_folder_deleted_and_made_anew_is_unhealthy_until_rearmed(ears: Ears, folder: Path) -> None:
    folder.rmdir()
    assert not ears.watch.healthy()
    time.sleep(0.1)
    folder.mkdir()
    assert becomes(lambda: not ears.watch.healthy())
    ears.watch.rearm()
    assert ears.watch.healthy()
    assert ears.hears(lambda: (folder / "春.md").write_text("文"))


def test_a_polled_folder_that_stays_away_is_unhealthy_until_it_is_back_and_rearmed(folder: Path) -> None:
    ears = Ears(folder, polling=True)
    ears.watch.start()
    try:
        folder.rmdir()
        assert not ears.watch.healthy()
        time.sleep(watching.POLL_SECONDS * 1.5)
        folder.mkdir()
        assert not ears.watch.healthy()
        ears.watch.rearm()
        assert ears.watch.healthy()
        assert ears.hears(lambda: (folder / "春.md").write_text("文"))
    finally:
        ears.watch.stop()


def test_a_renamed_folder_is_unhealthy_and_another_in_its_place_is_taken_up(ears: Ears, folder: Path) -> None:
    folder.rename(folder.with_name("旧"))
    assert not ears.watch.healthy()
    folder.mkdir()
    assert not ears.watch.healthy()
    ears.watch.rearm()
    assert ears.watch.healthy()
    assert ears.hears(lambda: (folder / "春.md").write_text("文"))
    assert not ears.hears(lambda: (folder.with_name("旧") / "春.md").write_text("文"), NEVER)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_fails_ends_the_thread_and_is_seen_as_unhealthy(folder: Path) -> None:
    calls: list[int] = []

    def fail_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("坏了")

    watch = Watch(folder, fail_once)
    watch.start()
    try:
        (folder / "春.md").write_text("文")
        assert becomes(lambda: not watch.healthy())
        watch.rearm()
        seen = len(calls)
        (folder / "夏.md").write_text("文")
        assert becomes(lambda: len(calls) > seen)
        assert watch.healthy()
    finally:
        watch.stop()


def test_a_watch_whose_reader_died_is_unhealthy_and_looks_until_inotify_is_tried_again(
    ears: Ears, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ears.watch
    begun = time.monotonic()
    for waits in (600.0, 1200.0):
        reader = watch._observer._inotify_fd  # type: ignore[union-attr]
        reader.stop()
        reader.join()
        assert not watch.healthy()
        watch.rearm()
        assert (watch.mode, watch.healthy(), watch.stale()) == ("polling", True, False)
        assert ears.hears(lambda: (folder / "新.md").write_text("文"))
        with monkeypatch.context() as later:
            later.setattr(watching.time, "monotonic", lambda waits=waits: begun + waits - 1.0)
            assert not watch.stale()
        with monkeypatch.context() as later:
            later.setattr(watching.time, "monotonic", lambda waits=waits: begun + waits + 60.0)
            assert watch.stale()
        watch.rearm()
        assert (watch.mode, watch.healthy(), watch.stale()) == ("inotify", True, False)


def test_a_folder_that_is_away_cannot_be_watched_and_can_be_once_it_is_back(folder: Path) -> None:
    folder.rmdir()
    ears = Ears(folder)
    with pytest.raises(FolderGone):
        ears.watch.start()
    assert not ears.watch.healthy()
    folder.mkdir()
    ears.watch.rearm()
    try:
        assert ears.hears(lambda: (folder / "春.md").write_text("文"))
    finally:
        ears.watch.stop()


def test_a_burst_wakes_us_and_the_scan_finds_all_of_it(ears: Ears, folder: Path) -> None:
    def burst() -> None:
        for number in range(2000):
            (folder / f"稿{number}.md").touch()

    assert ears.hears(burst)
    assert len(scan(folder).found) == 2000
    assert ears.watch.healthy()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EMFILE])
def test_without_a_watch_left_the_folder_is_polled_with_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(**_: object) -> None:
        raise OSError(code, "inotify limit reached")

    monkeypatch.setattr(watching, "Observer", refused)
    ears = Ears(folder)
    with capture_logs() as logs:
        ears.watch.start()
    try:
        assert [(line["log_level"], line["folder"]) for line in logs] == [("warning", str(folder))]
        modes = [ears.watch.mode]
        assert ears.hears(lambda: (folder / "春.md").write_text("文"))
        monkeypatch.undo()
        ears.watch.rearm()
        assert [*modes, ears.watch.mode] == ["polling", "inotify"]
    finally:
        ears.watch.stop()


def test_an_error_that_is_no_lack_of_watches_is_not_hidden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(watching, "Observer", refused)
    with pytest.raises(OSError, match="broken"):
        Watch(folder, lambda: None).start()


LIMITED = """
import sys, threading
from pathlib import Path
from blogmetad.intake.watch import Watch
folder, heard = Path(sys.argv[1]), threading.Event()
watch = Watch(folder, heard.set)
watch.start()
(folder / "春.md").write_text("文", "utf-8")
sys.stdout.write(f"{watch.mode} {heard.wait(10)} {watch.healthy()}")
watch.stop()
"""


@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_the_kernels_own_limits_lead_to_polling(folder: Path, limit: str) -> None:
    """In a user namespace of its own, whose limits can be lowered without touching anyone else's."""
    unshare = shutil.which("unshare")
    lower = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    if (
        unshare is None
        or subprocess.run([unshare, "-Ur", "sh", "-c", lower, "-", "true"], capture_output=True).returncode
    ):
        pytest.skip("user namespaces are not available here")
    command = [unshare, "-Ur", "sh", "-c", lower, "-", sys.executable, "-c", LIMITED, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("polling True True"), done.stderr
