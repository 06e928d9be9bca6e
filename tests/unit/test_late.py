from __future__ import annotations

import os
from pathlib import Path

import pytest
from placing import NOW, RAW, Desk

from blogmetad.journal.ledger import State
from blogmetad.publish.late import Retired
from blogmetad.publish.place import Placer
from blogmetad.values import sha256

MORE = "编辑器后来写进去的一段。\n".encode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def write_on(path: Path) -> None:
    with path.open("ab") as file:
        file.write(MORE)


def names(retired: Retired) -> list[str]:
    return [late.name for late in retired.late()]


def test_what_is_written_into_a_retired_draft_is_found(desk: Desk) -> None:
    job = desk.publish()
    retired = Retired(desk.placer)
    assert list(retired.late()) == []

    write_on(desk.folders.retired / job.id)

    (late,) = retired.late()
    assert (late.job, late.path) == (job, desk.folders.retired / job.id)
    assert (late.name, late.sha256, late.size) == ("因果.md", sha256(RAW + MORE), len(RAW + MORE))


def test_it_is_found_by_a_process_that_has_just_started_too(desk: Desk) -> None:
    job = desk.publish()
    write_on(desk.folders.retired / job.id)

    assert names(Retired(desk.placer)) == ["因果.md"]


def test_it_is_found_until_it_is_gone(desk: Desk) -> None:
    job = desk.publish()
    write_on(desk.folders.retired / job.id)
    retired = Retired(desk.placer)
    assert names(retired) == names(retired) == ["因果.md"]

    (desk.folders.retired / job.id).unlink()

    assert names(retired) == []


def test_a_change_that_keeps_the_length_shows_by_its_time(desk: Desk) -> None:
    job = desk.publish()
    path = desk.folders.retired / job.id
    path.write_bytes(RAW[::-1])

    assert names(Retired(desk.placer)) == ["因果.md"]


@pytest.mark.parametrize("seconds", [-100, 100])
def test_a_new_time_alone_is_no_change(desk: Desk, seconds: int) -> None:
    job = desk.publish()
    moment = NOW.timestamp() + seconds
    os.utime(desk.folders.retired / job.id, (moment, moment))

    assert names(Retired(desk.placer)) == []


def test_a_program_that_still_writes_is_given_time(desk: Desk) -> None:
    job = desk.publish()
    write_on(desk.folders.retired / job.id)
    writing = [True, False]
    retired = Retired(Placer(desk.folders, desk.ledger, lambda: NOW, lambda _: writing.pop(0)))

    assert names(retired) == []
    assert names(retired) == ["因果.md"]


def test_a_name_that_is_taken_again_is_not_offered_unless_the_bytes_are_the_same(desk: Desk) -> None:
    job = desk.publish()
    write_on(desk.folders.retired / job.id)
    desk.draft().write_bytes(b"a new draft of that name\n")
    assert names(Retired(desk.placer)) == ["因果-2.md"]

    desk.draft().write_bytes(RAW + MORE)
    assert names(Retired(desk.placer)) == ["因果.md"]


def test_strangers_and_drafts_that_are_still_on_their_way_are_none_of_its_business(desk: Desk) -> None:
    job = desk.publish()
    write_on(desk.folders.retired / job.id)
    (desk.folders.retired / "stranger").write_bytes(MORE)
    desk.ledger.move(job.id, State.PUBLISHED, NOW)

    assert names(Retired(desk.placer)) == []
