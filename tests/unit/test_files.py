from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import stat
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from blogmetad import files

TEXT = "因果推断\n".encode()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_all_its_bytes_and_leaves_no_temporary_behind(tmp_path: Path) -> None:
    files.write_new(tmp_path / "文章.md", TEXT)

    assert (tmp_path / "文章.md").read_bytes() == TEXT
    assert names(tmp_path) == ["文章.md"]


def test_a_new_file_obeys_the_umask_and_the_mode_asked_for(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        files.write_new(tmp_path / "post", TEXT)
        files.write_new(tmp_path / "secret", TEXT, mode=0o600)
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "post").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_taken_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "post").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "post", TEXT)

    assert (tmp_path / "post").read_bytes() == b"old"
    assert names(tmp_path) == ["post"]


def test_a_dangling_link_counts_as_taken(tmp_path: Path) -> None:
    (tmp_path / "post").symlink_to("nowhere")

    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "post", TEXT)

    assert not (tmp_path / "nowhere").exists()


def test_replacing_exchanges_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(b"old")

    files.write_new(tmp_path / "entry", TEXT, replace=True)

    assert (tmp_path / "entry").read_bytes() == TEXT
    assert names(tmp_path) == ["entry"]


def test_a_write_in_small_pieces_still_writes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))

    files.write_new(tmp_path / "post", TEXT)

    assert (tmp_path / "post").read_bytes() == TEXT


@pytest.mark.parametrize("name", ["write", "fsync", "link"])
def test_a_disk_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, name, fail)

    with pytest.raises(OSError, match="no space"):
        files.write_new(tmp_path / "post", TEXT)

    assert names(tmp_path) == []


def test_a_folder_that_is_away_is_named_by_the_file_that_could_not_be_opened_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as away:
        files.write_new(tmp_path / "不在" / "文章.md", TEXT)

    assert str(away.value.filename).startswith(f"{tmp_path / '不在'}/.文章.md.tmp-")


def test_a_failed_fsync_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def fail(fd: int) -> None:
        calls.append(fd)
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="input/output"):
        files.write_new(tmp_path / "post", TEXT)

    assert len(calls) == 1


def test_contents_are_synced_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, link = os.fsync, os.link

    def watched_fsync(fd: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "contents")
        fsync(fd)

    def watched_link(src: Path, dst: Path, *, follow_symlinks: bool) -> None:
        order.append("name")
        link(src, dst, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "link", watched_link)

    files.write_new(tmp_path / "post", TEXT)

    assert order == ["contents", "name", "folder"]


def test_moving_syncs_both_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/draft").write_bytes(TEXT)
    synced: list[int] = []
    fsync = os.fsync

    def watched(fd: int) -> None:
        synced.append(os.fstat(fd).st_ino)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", watched)

    files.move(tmp_path / "a/draft", tmp_path / "b/draft")

    assert (tmp_path / "b/draft").read_bytes() == TEXT
    assert set(synced) == {(tmp_path / "a").stat().st_ino, (tmp_path / "b").stat().st_ino}


def test_linking_passes_on_that_the_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "stage").write_bytes(TEXT)
    (tmp_path / "post").write_bytes(b"other")

    with pytest.raises(FileExistsError):
        files.link_new(tmp_path / "stage", tmp_path / "post")

    assert (tmp_path / "post").read_bytes() == b"other"


def test_removing_what_is_gone_is_fine(tmp_path: Path) -> None:
    files.remove(tmp_path / "nothing")

    assert names(tmp_path) == []


def test_a_regular_file_is_read_with_its_state(tmp_path: Path) -> None:
    (tmp_path / "draft").write_bytes(TEXT)

    data, state = files.read_stable(tmp_path / "draft", limit=len(TEXT))

    assert data == TEXT
    assert state.st_size == len(TEXT)


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), errno.ELOOP),
        (os.mkfifo, errno.EINVAL),
        (lambda path: path.mkdir(), errno.EINVAL),
        (lambda path: path.write_bytes(b"x" * 101), errno.EFBIG),
    ],
    ids=["symbolic link", "fifo", "folder", "too large"],
)
def test_what_is_no_draft_is_not_read(tmp_path: Path, make: object, number: int) -> None:
    assert callable(make)
    make(tmp_path / "draft")

    with pytest.raises(OSError, match="draft") as caught:
        files.read_stable(tmp_path / "draft", limit=100)

    assert caught.value.errno == number


def test_a_file_that_grows_while_it_is_read_is_not_stable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = tmp_path / "draft"
    draft.write_bytes(TEXT)
    read = os.read

    def read_and_grow(fd: int, size: int) -> bytes:
        data = read(fd, size)
        if data:
            with draft.open("ab") as still_writing:
                still_writing.write(b"more")
        return data

    monkeypatch.setattr(os, "read", read_and_grow)

    with pytest.raises(BlockingIOError):
        files.read_stable(draft, limit=len(TEXT))


def test_a_digest_is_the_hash_of_the_file_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "draft").write_bytes(TEXT)

    assert files.digest(tmp_path / "draft") == hashlib.sha256(TEXT).hexdigest()
    assert files.digest(tmp_path / "nothing") is None
    assert files.digest(tmp_path / "draft" / "below a file") is None


def test_folders_are_made_private_and_all_the_way_down(tmp_path: Path) -> None:
    files.make_dir(tmp_path / "a/b")

    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_file_where_a_folder_should_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(TEXT)

    with pytest.raises(OSError, match="a"):
        files.make_dir(tmp_path / "a")


def test_only_our_own_unfinished_files_are_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", crash)
    monkeypatch.setattr(Path, "unlink", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        files.write_new(tmp_path / "文章.md", TEXT)

    (left,) = names(tmp_path)
    assert files.is_temporary(left)
    assert not files.is_temporary("文章.md")
    assert not files.is_temporary(".hidden.md")


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT and exFAT, where a file has one name."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("without_links")
def test_without_links_a_new_file_still_gets_its_name_and_overwrites_nothing(tmp_path: Path) -> None:
    files.write_new(tmp_path / "文章.md", TEXT)

    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "文章.md", b"another")
    assert (tmp_path / "文章.md").read_bytes() == TEXT
    assert names(tmp_path) == ["文章.md"]


@pytest.mark.usefixtures("without_links")
def test_without_links_a_file_moves_to_its_new_name_and_overwrites_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError) as refused:
        files.link_new(tmp_path / "one", tmp_path / "two")
    assert (refused.value.filename, refused.value.filename2) == (str(tmp_path / "one"), str(tmp_path / "two"))

    files.link_new(tmp_path / "one", tmp_path / "三")

    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {"two": "two", "三": "one"}


@pytest.mark.usefixtures("without_links")
@pytest.mark.parametrize("code", [errno.EINVAL, None], ids=["not on this file system", "not in this C library"])
def test_where_nothing_can_keep_a_name_from_being_overwritten_nothing_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    def renameat2(*_: object) -> int:
        assert code is not None
        ctypes.set_errno(code)
        return -1

    library = SimpleNamespace() if code is None else SimpleNamespace(renameat2=renameat2)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)

    with pytest.raises(OSError, match="not supported") as refused:
        files.write_new(tmp_path / "文章.md", TEXT)

    assert refused.value.errno == errno.EOPNOTSUPP
    assert names(tmp_path) == []


def _supports_exchange(folder: Path) -> bool:
    (folder / "1").touch()
    (folder / "2").touch()
    try:
        files.exchange(folder / "1", folder / "2")
    except OSError as error:
        return error.errno != errno.EOPNOTSUPP
    return True


def test_two_files_get_each_others_names_in_one_step(tmp_path: Path) -> None:
    if not _supports_exchange(tmp_path):
        pytest.skip("the file system cannot exchange two files")
    (tmp_path / "旧.md").write_bytes(TEXT)
    (tmp_path / "别处").mkdir()
    (tmp_path / "别处" / "新.md").write_bytes(TEXT * 2)

    files.exchange(tmp_path / "旧.md", tmp_path / "别处" / "新.md")

    assert (tmp_path / "旧.md").read_bytes() == TEXT * 2
    assert (tmp_path / "别处" / "新.md").read_bytes() == TEXT
    with pytest.raises(FileNotFoundError):
        files.exchange(tmp_path / "旧.md", tmp_path / "没有.md")


@pytest.mark.parametrize(("code", "harmless"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_only_a_folder_that_cannot_be_synced_at_all_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, harmless: bool
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)

    with nullcontext() if harmless else pytest.raises(OSError, match="error"):
        files.fsync_dir(tmp_path)


def test_two_names_of_one_file_are_told_from_two_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(TEXT)
    (tmp_path / "other").write_bytes(TEXT)
    (tmp_path / "same").hardlink_to(tmp_path / "one")

    assert files.same_file(tmp_path / "one", tmp_path / "same")
    assert not files.same_file(tmp_path / "one", tmp_path / "other")
    assert not files.same_file(tmp_path / "one", tmp_path / "gone")
    assert not files.same_file(tmp_path / "one" / "below", tmp_path / "one")


def test_moving_within_a_folder_syncs_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "草稿").write_bytes(TEXT)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))

    files.move(tmp_path / "草稿", tmp_path / "文章")

    assert names(tmp_path) == ["文章"]
    assert synced == [tmp_path.stat().st_ino]


@pytest.mark.parametrize("able", [True, False], ids=["in one step", "with two names for a moment"])
def test_a_file_is_renamed_and_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    if not able:
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace())
    (tmp_path / "旧.md").write_bytes(TEXT)
    (tmp_path / "别人.md").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        files.rename_new(tmp_path / "旧.md", tmp_path / "别人.md")
    files.rename_new(tmp_path / "旧.md", tmp_path / "新.md")
    assert names(tmp_path) == ["别人.md", "新.md"]
    assert (tmp_path / "新.md").read_bytes() == TEXT
