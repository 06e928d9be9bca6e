from __future__ import annotations

import os
from pathlib import Path

import pytest
from placing import NOW, POST, RAW, Desk

from blogmetad.journal.ledger import Job, State
from blogmetad.publish.undo import undo
from blogmetad.retry import Again, Refused, retry
from blogmetad.values import Problem

LIMIT = 1000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def parked(desk: Desk, rule: str = "title.language") -> Job:
    job = desk.accept()
    return desk.ledger.move(job.id, State.PARKED, NOW, problems=(Problem(rule, "标题必须是英文。"),))


def tried(desk: Desk, job: Job) -> Again | Refused:
    return retry(desk.placer, desk.ledger, job, LIMIT, NOW)


def test_a_parked_draft_becomes_a_new_job_without_being_touched(desk: Desk) -> None:
    job = parked(desk)
    before = desk.draft().stat()

    again = tried(desk, job)

    assert isinstance(again, Again)
    assert again.before == job
    assert (again.job.name, again.job.sha256, again.job.state) == (job.name, job.sha256, State.ACCEPTED)
    assert again.job.attempts == 0
    assert desk.job(job).state is State.SUPERSEDED
    assert desk.ledger.latest(job.name) == again.job
    assert desk.draft().read_bytes() == RAW
    after = desk.draft().stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


def test_a_draft_that_was_taken_back_is_published_again_and_stays_in_the_books_as_undone(desk: Desk) -> None:
    job = desk.publish()
    undo(desk.placer, job)

    again = tried(desk, desk.job(job))

    assert isinstance(again, Again)
    assert desk.job(job).state is State.UNDONE
    desk.placer.place(again.job, POST)
    assert desk.posts() == {POST.filename: POST.content}


@pytest.mark.parametrize("state", [State.DONE, State.HELD, State.ACCEPTED, State.SUPERSEDED, State.DUPLICATE])
def test_only_what_waits_for_its_author_is_tried_again(desk: Desk, state: State) -> None:
    job = desk.ledger.move(desk.accept().id, state, NOW)

    refused = tried(desk, job)

    assert isinstance(refused, Refused)
    assert job.outcome in refused.reason
    assert desk.ledger.jobs() == (job,)


def test_a_draft_that_is_gone_or_was_saved_again_is_left_to_itself(desk: Desk) -> None:
    job = parked(desk)
    desk.draft().write_bytes("改过了。".encode())
    assert "saved since" in str(tried(desk, job))

    desk.draft().unlink()
    assert "no longer in the drafts folder" in str(tried(desk, job))
    assert desk.ledger.jobs() == (job,)


def test_what_is_no_draft_at_all_is_told_once_more(desk: Desk) -> None:
    assert tried(desk, parked(desk, "draft.kind")) == Refused("标题必须是英文。")


def test_a_draft_that_cannot_be_opened_for_writing_is_tried_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, real = parked(desk), os.open

    def readonly(path: Path, flags: int, *mode: int, **options: int) -> int:
        if flags & os.O_WRONLY and Path(path) == desk.draft():
            raise PermissionError
        return real(path, flags, *mode, **options)

    monkeypatch.setattr(os, "open", readonly)

    assert isinstance(tried(desk, job), Again)
