"""A file is exchanged only for the version that was read; whatever an editor saves meanwhile stays in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blogmetad import files
from blogmetad.cli.review.marks import ReviewError, rewrite
from blogmetad.publish.exchange import exchange_if
from blogmetad.values import sha256

READ, OURS, SAVED, AGAIN = "读到的".encode(), "我们的".encode(), "编辑器存的".encode(), "又存了一次".encode()


def save(path: Path, data: bytes) -> None:
    """As editors save: another file takes the place of the old one."""
    part = path.with_name(".part")
    part.write_bytes(data)
    part.rename(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "2026-02-01-文章.md"
    path.write_bytes(READ)
    return path


def before_each_exchange(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """Somebody does something just before the first, the second ... exchange of two files."""
    real, left = files.exchange, list(acts)

    def exchange(one: Path, other: Path) -> None:
        if left:
            left.pop(0)()
        real(one, other)

    monkeypatch.setattr(files, "exchange", exchange)


def test_the_version_that_was_read_is_exchanged_for_ours(path: Path) -> None:
    assert rewrite(path, READ, OURS)
    assert path.read_bytes() == OURS
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_was_saved_meanwhile_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_each_exchange(monkeypatch, lambda: save(path, SAVED))
    assert not rewrite(path, READ, OURS)
    assert path.read_bytes() == SAVED
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_is_saved_while_an_earlier_save_is_put_back_stays_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_each_exchange(monkeypatch, lambda: save(path, SAVED), lambda: save(path, AGAIN))
    assert not rewrite(path, READ, OURS)
    assert path.read_bytes() == AGAIN


def test_a_name_that_an_editor_takes_away_for_a_moment_is_given_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_each_exchange(monkeypatch, lambda: save(path, SAVED), path.unlink)
    assert not rewrite(path, READ, OURS)
    assert path.read_bytes() == SAVED


def test_a_name_that_is_taken_away_and_taken_again_goes_to_the_latest_save(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.link_new

    def link_new(source: Path, target: Path) -> None:
        save(path, AGAIN)
        real(source, target)

    before_each_exchange(monkeypatch, lambda: save(path, SAVED), path.unlink)
    new = path.with_name("new")
    new.write_bytes(OURS)
    monkeypatch.setattr(files, "link_new", link_new)
    assert not exchange_if(path, sha256(READ), new)
    assert (path.read_bytes(), new.read_bytes()) == (AGAIN, SAVED)


def test_a_file_that_is_gone_is_not_made_anew(path: Path) -> None:
    path.unlink()
    assert not rewrite(path, READ, OURS)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_goes_at_the_last_moment_is_not_made_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_each_exchange(monkeypatch, path.unlink)
    assert not rewrite(path, READ, OURS)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_a_program_has_open_to_write_is_let_be(path: Path) -> None:
    with path.open("ab"):
        assert not rewrite(path, READ, OURS)
    assert path.read_bytes() == READ


def test_a_file_that_is_opened_at_the_last_moment_is_what_its_writer_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    before_each_exchange(monkeypatch, lambda: opened.append(path.open("ab")))
    assert not rewrite(path, READ, OURS)
    opened[0].write(SAVED)
    opened[0].close()
    assert path.read_bytes() == READ + SAVED


def test_who_may_read_the_file_stays_as_it_was(path: Path) -> None:
    path.chmod(0o600)
    assert rewrite(path, READ, OURS)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("code", "words", "hint"), [(95, "change it in an editor", ""), (5, "Input/output error", "blogmetad doctor")]
)
def test_a_disk_that_cannot_is_told_with_what_helps(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str, hint: str
) -> None:
    def refuse() -> None:
        raise OSError(code, "Input/output error")

    before_each_exchange(monkeypatch, refuse)
    with pytest.raises(ReviewError, match=words) as refused:
        rewrite(path, READ, OURS)
    assert hint in refused.value.hint
    assert bool(refused.value.hint) == bool(hint)
    assert path.read_bytes() == READ
    assert [each.name for each in path.parent.iterdir()] == [path.name]
