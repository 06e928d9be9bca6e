"""Errands are done one after the other, in the order in which they were asked for, and what becomes of each is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from blogmetad.cli.review.page.errands import Errand, Errands
from blogmetad.errors import BlogmetadError

PATIENCE = 10.0


class Worker:
    """Does each errand when the test says so."""

    def __init__(self) -> None:
        self.begun: list[Errand] = []
        self.error: Exception | None = None
        self.go = threading.Semaphore(0)

    def __call__(self, errand: Errand, keep_going: Callable[[], bool]) -> None:
        self.begun.append(errand)
        while not self.go.acquire(timeout=0.01):
            if not keep_going():
                raise BlogmetadError("stopped")
        if self.error is not None:
            raise self.error


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def errands(worker: Worker) -> Iterator[Errands]:
    made = Errands(worker)
    yield made
    made.stop()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def state(errands: Errands, job: str) -> str:
    found = errands.of(job)
    assert found is not None
    return found.state


def test_errands_wait_for_the_one_before(errands: Errands, worker: Worker) -> None:
    assert errands.of("a") is None
    assert errands.ask("a", "revise", words="标题短一点")
    assert errands.ask("b", "approve", seen="hash")
    until(lambda: state(errands, "a") == "running")
    assert state(errands, "b") == "queued"
    assert not errands.ask("b", "undo")
    worker.go.release()
    until(lambda: state(errands, "b") == "running")
    assert state(errands, "a") == "done"
    worker.go.release()
    until(lambda: state(errands, "b") == "done")
    assert [(each.job, each.words, each.seen) for each in worker.begun] == [("a", "标题短一点", ""), ("b", "", "hash")]
    assert errands.ask("a", "undo")


def error_of(message: str, hint: str) -> BlogmetadError:
    error = BlogmetadError(message)
    error.hint = hint
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (error_of("文章变了", "look again"), "文章变了 (look again)"),
        (error_of("no model; pull one", "pull one"), "no model; pull one"),
        (OSError(28, "No space left on device", "/a/文章.md"), "No space left on device (/a/文章.md)"),
        (OSError("odd"), "odd"),
        (ValueError("x"), "this is a bug in blogmetad; the post is untouched (ValueError)"),
    ],
)
def test_why_an_errand_failed_is_told_and_the_next_is_done(
    errands: Errands, worker: Worker, error: Exception, reason: str
) -> None:
    worker.error = error
    errands.ask("a", "approve")
    worker.go.release()
    until(lambda: state(errands, "a") == "failed")
    found = errands.of("a")
    assert found is not None
    assert found.reason == reason
    worker.error = None
    errands.ask("a", "approve")
    worker.go.release()
    until(lambda: state(errands, "a") == "done")


def test_what_is_under_way_at_the_end_is_asked_to_stop_and_the_rest_is_left(errands: Errands, worker: Worker) -> None:
    errands.ask("a", "revise")
    errands.ask("b", "revise")
    until(lambda: state(errands, "a") == "running")
    errands.stop()
    assert state(errands, "a") == "failed"
    assert state(errands, "b") == "queued"
    assert [each.job for each in worker.begun] == ["a"]
