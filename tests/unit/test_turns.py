"""Turns at the model: side by side, or alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from blogmetad.model.proposal import Withdrawn
from blogmetad.turns import Turns


class Visits:
    """Threads that take turns and stay until they are let go; who is inside, and in which order they came."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.turns, self.inside, self.came = Turns(), set[str](), list[str]()
        self._threads, self._leave = threads, dict[str, threading.Event]()

    def enter(self, who: str, *, alone: bool = False, keep_going: Callable[[], bool] = lambda: True) -> Future[None]:
        self._leave[who] = threading.Event()

        def visit() -> None:
            with self.turns.turn(alone, keep_going):
                self.inside.add(who)
                self.came.append(who)
                assert self._leave[who].wait(10)
                self.inside.remove(who)

        return self._threads.submit(visit)

    def leave(self, *who: str) -> None:
        for one in who:
            self._leave[one].set()

    def become(self, *inside: str) -> None:
        """Wait until exactly these are inside."""
        end = time.monotonic() + 10
        while self.inside != set(inside):
            assert time.monotonic() < end, self.inside
            time.sleep(0.005)


def test_many_come_in_side_by_side_but_one_that_has_to_be_alone_waits_and_goes_first() -> None:
    with ThreadPoolExecutor(5) as threads:
        visits = Visits(threads)
        visits.enter("春")
        visits.enter("夏")
        visits.become("春", "夏")
        visits.enter("alone", alone=True)
        time.sleep(0.1)
        visits.enter("秋")
        time.sleep(0.1)
        assert visits.inside == {"春", "夏"}
        visits.leave("春", "夏")
        visits.become("alone")
        visits.leave("alone")
        visits.become("秋")
        visits.leave("秋")
    assert visits.came[2:] == ["alone", "秋"]


def test_those_that_have_to_be_alone_come_one_after_another() -> None:
    with ThreadPoolExecutor(3) as threads:
        visits = Visits(threads)
        for who in ("一", "二", "三"):
            visits.enter(who, alone=True)
        for count in (1, 2, 3):
            while len(visits.came) < count:
                time.sleep(0.005)
            assert visits.inside == {visits.came[-1]}
            time.sleep(0.05)
            assert len(visits.came) == count
            visits.leave(visits.came[-1])


def test_a_wait_can_be_given_up_and_keeps_nobody_out_after_that() -> None:
    with ThreadPoolExecutor(3) as threads:
        visits = Visits(threads)
        visits.enter("春")
        visits.become("春")
        gone = visits.enter("alone", alone=True, keep_going=lambda: False)
        with pytest.raises(Withdrawn):
            gone.result(10)
        visits.enter("夏")
        visits.become("春", "夏")
        visits.leave("春", "夏")


def test_a_turn_ends_where_its_block_fails() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="bad"), turns.turn(True, lambda: True):
        raise ValueError("bad")
    with turns.turn(False, lambda: False):
        pass
