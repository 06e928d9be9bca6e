"""What the kernel remembers of a folder, on real folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blogmetad.changes import Changes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_posts" / "旧.md").write_text("旧", "utf-8")
    return tmp_path / "_posts"


@pytest.fixture
def changes(folder: Path) -> Iterator[Changes]:
    watched = Changes()
    watched.start(folder)
    watched.watch(folder, "")
    yield watched
    watched.stop()


def _written_again_within_its_times(file: Path) -> None:
    status = file.stat()
    file.write_text("新", "utf-8")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_written_again_within_its_times, "旧.md"),
        (lambda old: old.open("a").close(), "旧.md"),
        (lambda old: old.chmod(0o600), "旧.md"),
        (lambda old: old.unlink(), "旧.md"),
        (lambda old: old.rename(old.parent.parent / "x.md"), "旧.md"),
        (lambda old: old.rename(old.with_name("新.md")), "新.md"),
        (lambda old: old.with_name("新.md").touch(), "新.md"),
        (lambda old: old.with_name("新.md").hardlink_to(old), "新.md"),
        (lambda old: old.with_name("新.md").symlink_to(old), "新.md"),
    ],
)
def test_whatever_happens_to_a_file_its_name_is_told_at_once(
    changes: Changes, folder: Path, change: Callable[[Path], None], name: str
) -> None:
    change(folder / "旧.md")
    assert name in (changes.names() or ())


def test_what_was_told_is_not_told_again_and_reading_is_no_change(changes: Changes, folder: Path) -> None:
    (folder / "新.md").touch()
    assert changes.names() == {"新.md"}
    (folder / "旧.md").read_bytes()
    list(folder.iterdir())
    assert changes.names() == frozenset()


def test_names_begin_with_the_path_of_their_folder(changes: Changes, folder: Path) -> None:
    (folder / "2025").mkdir()
    changes.start(folder)
    changes.watch(folder, "")
    changes.watch(folder / "2025", "2025/")
    (folder / "2025" / "新.md").touch()
    assert changes.names() == {"2025/新.md"}


def test_before_anything_is_watched_nobody_knows() -> None:
    assert Changes().names() is None


def _queue_overflows(folder: Path) -> None:
    for number in range(int(QUEUE.read_text()) + 1):
        os.utime(folder / "旧.md", ns=(number, number))
        os.utime(folder, ns=(number, number))


def _folder_is_replaced(folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    folder.mkdir()


@pytest.mark.parametrize(
    "event",
    [
        lambda folder: (folder / "2025").mkdir(),
        lambda folder: (folder / os.fsdecode(b"\xd6\xd0.md")).touch(),
        lambda folder: folder.rename(folder.with_name("away")),
        _folder_is_replaced,
        _queue_overflows,
    ],
)
def test_after_what_the_kernel_does_not_tell_in_full_nobody_knows_until_it_is_begun_anew(
    changes: Changes, folder: Path, event: Callable[[Path], object]
) -> None:
    event(folder)
    assert changes.names() is None
    assert changes.names() is None
    folder.mkdir(exist_ok=True)
    changes.start(folder)
    changes.watch(folder, "")
    assert changes.names() == frozenset()


@pytest.mark.parametrize("strange", ["/proc", "/sys", "no such folder"])
def test_a_file_system_that_may_change_unseen_is_not_trusted(strange: str, tmp_path: Path) -> None:
    changes = Changes()
    changes.start(tmp_path / strange)
    changes.watch(tmp_path / strange, "")
    assert changes.names() is None
