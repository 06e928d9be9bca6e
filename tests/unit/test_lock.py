from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from blogmetad.errors import BlogmetadError
from blogmetad.lock import AlreadyRunning, Claim, NoLocks, alone


def test_a_lock_keeps_a_second_one_away_and_tells_who_holds_it(tmp_path: Path) -> None:
    with alone(tmp_path / "状态" / "lock"):
        with (
            pytest.raises(AlreadyRunning, match=f"process {os.getpid()}.* on this site") as refused,
            alone(tmp_path / "状态" / "lock"),
        ):
            pass
        assert refused.value.pid == str(os.getpid())
        assert refused.value.hint
    with alone(tmp_path / "状态" / "lock"):
        pass


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOLCK, NoLocks), (errno.EOPNOTSUPP, NoLocks), (errno.EIO, OSError)])
def test_a_file_system_without_locks_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(kind) as refused, alone(tmp_path / "lock"):
        pass

    if kind is NoLocks:
        assert isinstance(refused.value, BlogmetadError)
        assert str(tmp_path) in str(refused.value)
        assert "site.state" in refused.value.hint


def test_a_claimed_folder_is_nobody_else_s_and_nothing_is_written_into_it(tmp_path: Path) -> None:
    ours, theirs = Claim(tmp_path), Claim(tmp_path)
    ours.hold()
    ours.hold()

    with pytest.raises(AlreadyRunning, match=r"another configuration"):
        theirs.hold()
    assert list(tmp_path.iterdir()) == []

    ours.close()
    ours.close()
    theirs.hold()
    theirs.close()


def test_the_claim_moves_with_the_path_to_another_folder(tmp_path: Path) -> None:
    folder = tmp_path / "草稿"
    folder.mkdir()
    ours, theirs = Claim(folder), Claim(tmp_path / "weg")
    ours.hold()
    folder.rename(tmp_path / "weg")

    ours.hold()  # there is none any more
    theirs.hold()
    folder.mkdir()
    ours.hold()
    with pytest.raises(AlreadyRunning):
        Claim(folder).hold()
    ours.close()
    theirs.close()


def test_a_folder_that_knows_no_locks_is_used_without_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refuse)
    one, other = Claim(tmp_path), Claim(tmp_path)

    one.hold()
    other.hold()

    Claim(tmp_path).close()
