"""Scanning: which files of the drafts folder may be drafts, on a real folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from blogmetad.intake.scan import MAX_BYTES, Fingerprint, FolderGone, Scan, being_written, is_ignored, scan


def names(folder: Path) -> list[str]:
    return [found.name for found in scan(folder).found]


def oddities(folder: Path) -> list[tuple[str, str | None]]:
    return [(problem.rule, problem.field) for problem in scan(folder).odd]


@pytest.mark.parametrize("name", ["春天.md", "a.MD", "b.Markdown", "c.mkd", "d.mdown", "e f.md", "x.tmp.md", "😀.md"])
def test_markdown_files_are_found_whatever_the_case_of_their_suffix(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("文")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(
    "name",
    [
        ".春.md",
        "_春.md",
        "#春.md#",
        "#春.md",
        "~春.md",
        "春.md~",
        ".春.md.swp",
        "春.md.SWP",
        "春.md.part",
        "春.md.tmp",
        "春.md.crdownload",
        "春.sync-conflict-20250429-110000-ABCDEFG.md",
        "春.Sync-Conflict-1.md",
        "春.txt",
        "春",
        "md",
        "图.png",
    ],
)
def test_names_of_editors_sync_tools_and_other_kinds_are_ignored(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("文")
    assert is_ignored(name)
    assert scan(tmp_path) == Scan((), ())


def test_a_decomposed_name_is_found_and_opened_by_its_own_bytes(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "café が.md")
    (tmp_path / name).write_text("文")
    (found,) = scan(tmp_path).found
    assert found.name == name
    assert found.path.read_text() == "文"


def test_the_found_files_come_in_the_order_of_their_names_with_their_fingerprint(tmp_path: Path) -> None:
    for name in ("丙.md", "a.md", "乙.md"):
        (tmp_path / name).write_text(name)
    seen = scan(tmp_path)
    assert [found.name for found in seen.found] == sorted(["丙.md", "a.md", "乙.md"])
    assert [found.stat for found in seen.found] == [Fingerprint.of(found.path.stat()) for found in seen.found]


def test_a_save_in_place_changes_the_fingerprint_even_if_size_and_time_are_put_back(tmp_path: Path) -> None:
    file = tmp_path / "春.md"
    file.write_text("一")
    (before,) = scan(tmp_path).found
    time.sleep(0.02)
    file.write_text("二")
    os.utime(file, ns=(before.stat.mtime_ns, before.stat.mtime_ns))
    (after,) = scan(tmp_path).found
    assert (after.stat.size, after.stat.mtime_ns) == (before.stat.size, before.stat.mtime_ns)
    assert after.stat != before.stat


def test_subfolders_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "旧").mkdir()
    (tmp_path / "旧" / "春.md").write_text("文")
    assert names(tmp_path) == []
    assert oddities(tmp_path) == []


def test_what_is_called_like_a_draft_but_is_no_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "真.txt").write_text("文")
    (tmp_path / "链接.md").symlink_to("真.txt")
    (tmp_path / "断链.md").symlink_to("无")
    (tmp_path / "目录.md").mkdir()
    os.mkfifo(tmp_path / "管道.md")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("套接字.md")
        seen = scan(tmp_path)
    assert seen.found == ()
    kinds = {problem.field: problem.message for problem in seen.odd if problem.rule == "draft.kind"}
    assert {name: kinds[name].split(",")[0] for name in kinds} == {
        "链接.md": "链接.md is a symbolic link",
        "断链.md": "断链.md is a symbolic link",
        "目录.md": "目录.md is a folder",
        "管道.md": "管道.md is a named pipe",
        "套接字.md": "套接字.md is a socket",
    }


def test_an_oddity_is_equal_from_scan_to_scan(tmp_path: Path) -> None:
    (tmp_path / "目录.md").mkdir()
    assert scan(tmp_path).odd == scan(tmp_path).odd != ()


def test_a_file_over_the_limit_is_told_with_both_sizes_and_never_read(tmp_path: Path) -> None:
    with (tmp_path / "大.md").open("wb") as file:
        file.truncate(2 * 1024**3)
    (problem,) = scan(tmp_path).odd
    assert (problem.rule, problem.field) == ("draft.size", "大.md")
    assert str(2 * 1024**3) in problem.message
    assert str(MAX_BYTES) in problem.message


def test_the_size_limit_is_inclusive_and_the_callers_choice(tmp_path: Path) -> None:
    (tmp_path / "春.md").write_bytes(b"x" * 10)
    assert len(scan(tmp_path, max_bytes=10).found) == 1
    assert len(scan(tmp_path, max_bytes=9).odd) == 1


@pytest.mark.parametrize("raw", ["中文.md".encode("gbk"), "换\n行.md".encode(), b"\x1b[31m.md"])
def test_a_name_that_cannot_be_shown_is_told_in_a_form_that_can(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / os.fsdecode(raw)).write_text("文")
    (problem,) = scan(tmp_path).odd
    assert problem.rule == "draft.name"
    assert problem.message.encode("utf-8").isascii()
    assert problem.message.isprintable()


def test_a_folder_that_is_away_raises_with_its_path_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FolderGone, match="No such file") as caught:
        scan(tmp_path / "无")
    assert str(tmp_path / "无") in str(caught.value)
    assert caught.value.hint
    assert isinstance(caught.value, OSError)


def test_a_file_in_place_of_the_folder_counts_as_away(tmp_path: Path) -> None:
    (tmp_path / "件").write_text("文")
    with pytest.raises(FolderGone):
        scan(tmp_path / "件")


def test_a_burst_of_files_is_found_completely(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"稿{number}.md").touch()
    assert len(scan(tmp_path).found) == 3000


def test_a_file_is_being_written_while_someone_has_it_open_for_writing(tmp_path: Path) -> None:
    file = tmp_path / "春.md"
    file.write_text("文")
    assert being_written(file) is False
    with file.open("a"):
        assert being_written(file) is True
    with file.open():
        assert being_written(file) is False


def test_whether_a_link_a_pipe_or_a_missing_file_is_written_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "真.md").write_text("文")
    (tmp_path / "链接.md").symlink_to("真.md")
    os.mkfifo(tmp_path / "管道.md")
    assert being_written(tmp_path / "链接.md") is None
    assert being_written(tmp_path / "管道.md") is None
    assert being_written(tmp_path / "无.md") is None


ASKING = """
import signal, sys, time
from pathlib import Path
from blogmetad.intake.scan import being_written
signal.signal(signal.SIGIO, signal.SIG_DFL)
end = time.monotonic() + 30
free = 0
while free < 4000 and time.monotonic() < end:
    free += being_written(Path(sys.argv[1])) is False
sys.stdout.write(str(free))
"""

WRITING = """
import os, sys
while True:
    os.close(os.open(sys.argv[1], os.O_WRONLY))
"""


def test_a_writer_that_comes_between_lease_and_release_does_not_kill_us(tmp_path: Path) -> None:
    file = tmp_path / "春.md"
    file.write_text("文")
    with subprocess.Popen([sys.executable, "-c", WRITING, str(file)]) as writer:
        try:
            asked = subprocess.run(
                [sys.executable, "-c", ASKING, str(file)], capture_output=True, text=True, timeout=60
            )
        finally:
            writer.kill()
    assert asked.returncode != -signal.SIGIO
    assert (asked.returncode, asked.stderr) == (0, "")
    assert int(asked.stdout) > 100
