"""How far a draft has come, told from what the ledger has of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.progress import Progress, progress, usual
from blogmetad.trials import LOST

BEGIN = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)


def at(second: int) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=second)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as book:
        yield book


@pytest.fixture
def job(ledger: Ledger) -> Job:
    return ledger.open_job("草稿.md", "a" * 64, "b" * 64, 9, BEGIN, BEGIN, BEGIN)


def now(ledger: Ledger, job: Job) -> Progress:
    known = ledger.get(job.id)
    assert known is not None
    return progress(known, ledger.steps(job.id))


def test_before_the_model_is_asked_a_draft_waits_for_it(ledger: Ledger, job: Job) -> None:
    ledger.step(job.id, "read", {}, at(1))
    assert now(ledger, job) == Progress("waiting", BEGIN, 1)


def test_once_a_try_is_counted_the_model_is_at_work_since_then(ledger: Ledger, job: Job) -> None:
    ledger.attempt(job.id, at(3))
    assert now(ledger, job) == Progress("proposing", at(3), 1)
    assert now(ledger, job).seconds(at(15)) == 12.0
    assert now(ledger, job).seconds(at(2)) == 0.0  # a clock that was set back


def test_a_second_try_tells_why_the_first_came_to_nothing(ledger: Ledger, job: Job) -> None:
    ledger.attempt(job.id, at(3))
    ledger.step(job.id, LOST, {"reason": "signal 9", "attempt": 1, "alone": True}, at(5))
    assert now(ledger, job) == Progress("waiting", at(3), 2, "signal 9")
    ledger.attempt(job.id, at(6))
    assert now(ledger, job) == Progress("proposing", at(6), 2, "signal 9")


def test_without_a_model_it_is_put_off(ledger: Ledger, job: Job) -> None:
    ledger.attempt(job.id, at(3))
    ledger.step(job.id, "unavailable", {"reason": "服务器不在"}, at(4))
    assert now(ledger, job) == Progress("put off", at(4), 1, "服务器不在")


def test_a_finished_post_is_being_put_into_its_place(ledger: Ledger, job: Job) -> None:
    ledger.attempt(job.id, at(3))
    ledger.step(job.id, "composed", {}, at(9))
    assert now(ledger, job) == Progress("placing", at(9), 1)
    ledger.move(job.id, State.STAGED, at(10))
    assert now(ledger, job) == Progress("placing", at(10), 1)


def test_usual_is_the_time_in_the_middle_of_those_told(ledger: Ledger, job: Job) -> None:
    assert usual(ledger.steps(job.id)) is None
    for seconds in (90.0, 4, "?", 8.0):
        ledger.step(job.id, "done", {"seconds": seconds}, at(1))
    assert usual(ledger.steps(job.id)) == 8.0
