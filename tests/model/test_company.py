"""Several requests with one child: each gets its own answer, and what happens to all of them when one does harm."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from blogmetad.model.local.process import GRACE
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.proposal import ModelUnavailable, Withdrawn, WorkerLost
from blogmetad.values import Ask, Proposal, Request
from tests.model import scripted_child as child

TITLE = Ask("title", "text", "Title", "any", 1, 60)
SCRIPT = child.__file__


def always() -> bool:
    return True


class Company:
    """A worker with a scripted child, and threads that ask it."""

    def __init__(self, folder: Path, *words: str, job_timeout: float = 30.0) -> None:
        self._starts = folder / "starts"
        options = WorkerOptions(folder / "模型.gguf", "scripted", folder / "state", job_timeout=job_timeout)
        self.worker = Worker(options, (sys.executable, SCRIPT, str(self._starts), *words))
        self._threads = ThreadPoolExecutor(8)

    def ask(self, text: str, keep_going: Callable[[], bool] = always) -> Future[Proposal]:
        return self._threads.submit(self.worker.propose, Request("", text, (TITLE,)), keep_going)

    @property
    def starts(self) -> int:
        return len(self._starts.read_text("utf-8").splitlines())

    def close(self) -> None:
        self.worker.unload()
        self._threads.shutdown()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    yield made
    made.close()


def lost(asked: Future[Proposal]) -> WorkerLost:
    error = asked.exception(20)
    assert isinstance(error, WorkerLost), error
    return error


def test_each_thread_gets_its_own_answer_from_one_child(company: Company) -> None:
    texts = ["春", "夏", "秋", "冬", "Spring", "Summer"]
    asked = [company.ask(text) for text in texts]
    assert [one.result(20).texts["title"] for one in asked] == texts
    assert company.starts == 1


def test_a_crash_costs_all_in_flight_their_answers_and_one_of_them_starts_the_next_child(company: Company) -> None:
    company.worker.prepare(always)
    asked = [company.ask(text) for text in ("春", child.POISON, "秋")]
    for one in asked:
        assert "SIGSEGV" in str(lost(one))
        assert not lost(one).alone
    again = [company.ask(text) for text in ("春", "秋", "冬")]
    assert [one.result(20).texts["title"] for one in again] == ["春", "秋", "冬"]
    assert company.starts == 2


def test_who_was_alone_with_a_child_that_crashed_is_told_so(company: Company) -> None:
    assert lost(company.ask(child.POISON)).alone
    assert company.ask("春").result(20).texts["title"] == "春"


def test_garbage_between_answers_costs_all_in_flight_theirs(company: Company) -> None:
    company.worker.prepare(always)
    asked = [company.ask(f"{child.MUTE} 春"), company.ask(child.GARBLED)]
    for one in asked:
        assert "was announced" in str(lost(one))
    assert company.worker.pid is None


def test_a_request_that_fails_leaves_the_others_in_flight_alone(company: Company) -> None:
    company.worker.prepare(always)
    failed, answered = company.ask(child.REFUSED), company.ask("春")
    assert "does not decode" in str(lost(failed))
    assert lost(failed).alone
    assert answered.result(20).texts["title"] == "春"
    assert company.starts == 1


def test_a_withdrawn_request_leaves_the_child_and_its_other_requests_alone(company: Company) -> None:
    company.worker.prepare(always)
    began = time.monotonic()
    withdrawn = company.ask(child.MUTE, lambda: time.monotonic() - began < 0.2)
    other = company.ask("春")
    assert isinstance(withdrawn.exception(20), Withdrawn)
    assert other.result(20).texts["title"] == "春"
    assert company.ask("夏").result(20).texts["title"] == "夏"
    assert company.starts == 1


def test_a_child_that_does_not_give_up_a_withdrawn_request_is_killed(company: Company) -> None:
    company.worker.prepare(always)
    pid = company.worker.pid
    assert pid is not None
    began = time.monotonic()
    deaf = company.ask(child.DEAF, lambda: time.monotonic() - began < 1.0)
    assert isinstance(deaf.exception(20), Withdrawn)
    assert time.monotonic() - began > GRACE
    assert not Path(f"/proc/{pid}").exists()


def test_a_child_that_answers_nobody_in_time_is_killed_but_one_that_answers_somebody_is_not(tmp_path: Path) -> None:
    company = Company(tmp_path, job_timeout=1.5)
    company.worker.prepare(always)
    mute = company.ask(child.MUTE)
    for text in ("春", "夏", "秋", "冬"):
        assert company.ask(text).result(20).texts["title"] == text
        time.sleep(0.5)
    assert not mute.done()
    assert "no answer within" in str(lost(mute))
    company.close()


def test_a_request_too_long_for_the_pipe_of_a_stopped_child_can_be_withdrawn_and_blocks_nobody(
    company: Company,
) -> None:
    company.worker.prepare(always)
    pid = company.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    long = "很长的正文。" * 100_000
    began = time.monotonic()
    asked = [company.ask(long, lambda: time.monotonic() - began < 0.5) for _ in range(2)]
    for one in asked:
        assert isinstance(one.exception(20), Withdrawn)
    assert time.monotonic() - began < 10
    assert company.ask(long).result(20).texts["title"] == long


def test_a_model_that_does_not_load_is_tried_once_for_all_who_wait(tmp_path: Path) -> None:
    company = Company(tmp_path, "broken")
    asked = [company.ask(text) for text in ("春", "夏", "秋")]
    assert {str(one.exception(20)) for one in asked} == {str(asked[0].exception())}
    assert isinstance(asked[0].exception(), ModelUnavailable)
    assert company.starts == 1
    assert isinstance(company.ask("冬").exception(20), ModelUnavailable)
    assert company.starts == 2
    company.close()
