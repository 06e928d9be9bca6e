"""Appointments that are kept, and the pulse that tells whether they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from apscheduler.schedulers.blocking import BlockingScheduler

from blogmetad.wakeups import WakeUps

PULSE = 0.1


class Heard:
    """How often each thing was called."""

    def __init__(self) -> None:
        self.woken, self.tidied = 0, 0

    def wake(self) -> None:
        self.woken += 1

    def tidy(self) -> None:
        self.tidied += 1


def becomes(state: Callable[[], bool], within: float = 20.0) -> bool:
    end = time.monotonic() + within
    while not state() and time.monotonic() < end:
        time.sleep(0.01)
    return state()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def wakeups(heard: Heard) -> Iterator[WakeUps]:
    made = WakeUps(heard.wake, {heard.tidy: 0.05}, PULSE)
    made.start()
    yield made
    made.stop()


def test_an_appointment_wakes_once_and_what_recurs_comes_again(wakeups: WakeUps, heard: Heard) -> None:
    wakeups.appoint("again", 0.05)
    assert becomes(lambda: heard.woken == 1)
    assert becomes(lambda: heard.tidied >= 3)
    assert heard.woken == 1


def test_an_appointment_that_is_taken_back_or_put_off_does_not_wake(wakeups: WakeUps, heard: Heard) -> None:
    wakeups.appoint("again", 0.3)
    wakeups.appoint("again", None)
    wakeups.appoint("again", None)
    wakeups.appoint("idle", 0.3)
    wakeups.appoint("idle", 3600.0)
    time.sleep(0.6)
    assert heard.woken == 0


def test_it_is_healthy_only_while_it_runs(wakeups: WakeUps, heard: Heard) -> None:
    assert wakeups.healthy()
    wakeups.stop()
    wakeups.stop()
    assert not wakeups.healthy()
    wakeups.appoint("again", 0.0)
    time.sleep(0.2)
    assert heard.woken == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_scheduler_whose_thread_died_is_unhealthy_until_it_is_started_anew(
    wakeups: WakeUps, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: BlockingScheduler) -> float:
        raise SystemExit

    monkeypatch.setattr(BlockingScheduler, "_process_jobs", die)
    assert becomes(lambda: not wakeups.healthy())
    wakeups.start()
    assert not wakeups.healthy()
    monkeypatch.undo()
    wakeups.start()
    assert wakeups.healthy()
    wakeups.appoint("again", 0.0)
    assert becomes(lambda: heard.woken == 1)


def test_a_beat_that_is_late_because_all_were_stopped_is_waited_for(
    wakeups: WakeUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wakeups.healthy()
    for clock in ("monotonic", "time"):
        real = getattr(time, clock)
        monkeypatch.setattr(f"blogmetad.wakeups.time.{clock}", lambda real=real: real() + 60.0)
    assert wakeups.healthy()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_asks_late_was_stopped_too_and_waits_for_a_beat_before_it_calls_the_scheduler_dead(
    wakeups: WakeUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: BlockingScheduler) -> float:
        raise SystemExit

    assert wakeups.healthy()
    monkeypatch.setattr(BlockingScheduler, "_process_jobs", die)
    monkeypatch.setattr("blogmetad.wakeups.REPLY", 0.0)
    time.sleep(10 * PULSE)
    assert wakeups.healthy()
    assert becomes(lambda: not wakeups.healthy())


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_was_set_wakes_once_and_what_recurs_goes_on(
    wakeups: WakeUps, heard: Heard, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    assert wakeups.healthy()
    real = time.time
    monkeypatch.setattr("blogmetad.wakeups.time.time", lambda: real() + years * 365 * 86400)
    assert wakeups.healthy()
    assert wakeups.healthy()
    assert heard.woken == 1
    tidied = heard.tidied
    assert becomes(lambda: heard.tidied > tidied + 2)


def test_stopping_leaves_no_thread_behind(heard: Heard) -> None:
    before = threading.active_count()
    made = WakeUps(heard.wake, {}, PULSE)
    made.start()
    made.stop()
    assert becomes(lambda: threading.active_count() <= before)
