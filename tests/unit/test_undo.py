from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from placing import NOW, POST, RAW, Desk

from blogmetad import files
from blogmetad.journal.ledger import Job, State
from blogmetad.publish.place import Placer
from blogmetad.publish.undo import Refused, Undone, complete, undo, unfinished


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_draft_is_back_byte_for_byte_and_the_post_is_withdrawn(desk: Desk) -> None:
    job = desk.publish()

    result = undo(desk.placer, job)

    assert result == Undone("因果.md", POST.filename)
    assert desk.draft().read_bytes() == RAW
    assert desk.draft().stat().st_nlink == 1
    assert desk.posts() == {}
    assert (desk.folders.withdrawn_from(desk.folders.posts) / job.id).read_bytes() == POST.content
    assert desk.job(job).state is State.UNDONE


def test_the_restored_draft_is_known_as_undone_under_its_name(desk: Desk) -> None:
    job = desk.publish()
    desk.draft().write_bytes(b"a new draft under the old name")

    result = undo(desk.placer, job)

    assert result == Undone("因果-2.md", POST.filename)
    assert desk.draft().read_bytes() == b"a new draft under the old name"
    assert desk.draft("因果-2.md").read_bytes() == RAW
    known = desk.ledger.latest("因果-2.md", job.sha256)
    assert known is not None
    assert known.state is State.UNDONE


def test_an_edited_post_is_left_alone_and_nothing_changes(desk: Desk) -> None:
    job = desk.publish()
    desk.post().write_bytes(POST.content + "改。".encode())

    result = undo(desk.placer, job)

    assert isinstance(result, Refused)
    assert "edited" in result.reason
    assert desk.posts() == {POST.filename: POST.content + "改。".encode()}
    assert not desk.draft().exists()
    assert desk.job(job) == job


def test_a_post_that_is_gone_already_still_gives_the_draft_back(desk: Desk) -> None:
    job = desk.publish()
    desk.post().unlink()

    assert undo(desk.placer, job) == Undone("因果.md", None)
    assert desk.draft().read_bytes() == RAW


def test_without_the_retired_draft_the_original_is_used(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.retired / job.id).unlink()

    undo(desk.placer, job)

    assert desk.draft().read_bytes() == RAW


def test_a_damaged_retired_draft_is_kept_and_the_original_is_used(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.retired / job.id).write_bytes(b"damaged")

    result = undo(desk.placer, job)

    assert desk.draft().read_bytes() == RAW
    assert isinstance(result, Undone)
    assert result.aside is not None
    assert result.aside.read_bytes() == b"damaged"


def test_a_subfolder_that_is_gone_is_made_again(desk: Desk) -> None:
    job = desk.publish("系列/一.md")
    desk.draft("系列").rmdir()

    undo(desk.placer, job)

    assert desk.draft("系列/一.md").read_bytes() == RAW


def test_without_any_copy_of_the_original_nothing_is_touched(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.retired / job.id).unlink()
    (desk.folders.originals / job.id).unlink()

    result = undo(desk.placer, job)

    assert isinstance(result, Refused)
    assert "no longer kept" in result.reason
    assert desk.posts() == {POST.filename: POST.content}


@pytest.mark.parametrize("which", ["drafts", "posts"])
def test_with_a_folder_away_nothing_is_undone(desk: Desk, which: str) -> None:
    job = desk.publish()
    folder: Path = getattr(desk.folders, which)
    away = folder.rename(desk.root / "weg")

    result = undo(desk.placer, job)

    assert isinstance(result, Refused)
    assert f"{folder} is away" in result.reason
    away.rename(folder)
    assert undo(desk.placer, job) == Undone("因果.md", POST.filename)


def test_undoing_twice_is_refused_the_second_time(desk: Desk) -> None:
    job = desk.publish()
    undo(desk.placer, job)

    assert isinstance(undo(desk.placer, job), Refused)
    assert desk.draft().read_bytes() == RAW


@pytest.mark.parametrize("state", [State.PARKED, State.PUBLISHED, State.UNDONE, State.SUPERSEDED])
def test_only_what_was_published_or_set_aside_can_be_undone(desk: Desk, state: State) -> None:
    job = desk.ledger.move(desk.accept().id, state, NOW)

    result = undo(desk.placer, job)

    assert isinstance(result, Refused)
    assert state.value in result.reason


def test_undoing_a_duplicate_gives_the_draft_back_and_leaves_the_other_post(desk: Desk) -> None:
    desk.post("2024-01-01-first.md").write_bytes(POST.content)
    job = desk.accept()
    desk.placer.retire(job)
    job = desk.ledger.move(job.id, State.DUPLICATE, NOW, target="2024-01-01-first.md")

    assert undo(desk.placer, job) == Undone("因果.md", None)
    assert desk.draft().read_bytes() == RAW
    assert desk.posts() == {"2024-01-01-first.md": POST.content}


@pytest.mark.parametrize("name", ["move", "link_new", "remove"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("carry_on", [complete, undo], ids=["at the next start", "by undoing again"])
def test_an_interrupted_undo_is_completed(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    after: bool,
    carry_on: Callable[[Placer, Job], Undone | Refused],
) -> None:
    job = desk.publish()
    real: Callable[..., None] = getattr(files, name)

    def crash(*paths: Path) -> None:
        if after:
            real(*paths)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, name, crash)
        with pytest.raises(KeyboardInterrupt):
            undo(desk.placer, job)
    if unfinished(desk.placer, desk.job(job)):
        carry_on(desk.placer, desk.job(job))

    assert desk.draft().read_bytes() == RAW
    assert desk.draft().stat().st_nlink == 1
    assert desk.posts() == {}
    assert desk.job(job).state is State.UNDONE
    assert not unfinished(desk.placer, desk.job(job))


def test_a_post_edited_while_it_is_withdrawn_goes_back_to_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.publish()
    real = files.move

    def edit_and_move(source: Path, target: Path) -> None:
        source.write_bytes("改过了".encode())
        real(source, target)

    monkeypatch.setattr(files, "move", edit_and_move)

    result = undo(desk.placer, job)

    assert isinstance(result, Refused)
    assert desk.posts() == {POST.filename: "改过了".encode()}
    assert not desk.draft().exists()
    assert desk.job(job).state is State.DONE
    assert not unfinished(desk.placer, desk.job(job))


def test_two_edits_of_a_post_that_is_being_withdrawn_are_both_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.publish()
    real = files.move

    def edit_twice(source: Path, target: Path) -> None:
        if target.parent != desk.folders.withdrawn_from(desk.folders.posts):
            return real(source, target)
        source.write_bytes(b"first edit")
        real(source, target)
        source.write_bytes(b"second edit")
        return None

    monkeypatch.setattr(files, "move", edit_twice)

    assert isinstance(undo(desk.placer, job), Refused)
    assert desk.posts() == {POST.filename: b"second edit"}
    assert [p.read_bytes() for p in (desk.folders.state / "quarantine").iterdir()] == [b"first edit"]


def test_a_job_the_ledger_does_not_know_cannot_be_undone(desk: Desk) -> None:
    with pytest.raises(KeyError, match="20250429-000000"):
        undo(desk.placer, replace(desk.publish(), id="20250429-000000"))


def test_a_damaged_original_is_not_given_back_for_the_draft(desk: Desk) -> None:
    job = desk.publish()
    desk.ledger.step(job.id, "undone", {"was": "done", "post": None}, NOW)
    job = desk.ledger.move(job.id, State.UNDONE, NOW)
    (desk.folders.retired / job.id).unlink()
    (desk.folders.originals / job.id).write_bytes(b"damaged")

    with pytest.raises(OSError, match="the original of job"):
        complete(desk.placer, job)
    assert not desk.draft().exists()


def test_a_draft_s_name_that_is_taken_at_the_last_moment_is_not_overwritten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.publish()
    real = files.link_new

    def take_and_link(source: Path, target: Path) -> None:
        if target == desk.draft():
            target.write_bytes("别人的".encode())
        real(source, target)

    monkeypatch.setattr(files, "link_new", take_and_link)

    assert undo(desk.placer, job) == Undone("因果-2.md", POST.filename)
    assert desk.draft().read_bytes() == "别人的".encode()
    assert desk.draft("因果-2.md").read_bytes() == RAW
    assert desk.job(job).name == "因果-2.md"


def test_a_post_edited_before_an_interrupted_undo_is_carried_on_stays_where_it_is(desk: Desk) -> None:
    job = desk.publish()
    desk.ledger.step(job.id, "undone", {"was": "done", "post": POST.filename}, NOW)
    job = desk.ledger.move(job.id, State.UNDONE, NOW)
    desk.post().write_bytes("改过了".encode())

    assert isinstance(complete(desk.placer, job), Refused)
    assert desk.posts() == {POST.filename: "改过了".encode()}
    assert desk.job(job).state is State.DONE
    assert isinstance(complete(desk.placer, desk.job(job)), Refused)
