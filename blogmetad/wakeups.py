"""What wakes the loop by the clock: rescans, appointments, the daily tidying. APScheduler keeps them, in threads of its
own.

Appointments go by the clock on the wall. That can be set, and threads can die: so there is a pulse too, and who relies
on the appointments asks now and then whether it beats. Where the clock was set, all begins anew, or what was appointed
before it was set back by years would wait for years. Every appointment is for one time only, and what recurs is
appointed anew each time: APScheduler would make up for every minute of the years by which a clock was set ahead.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Mapping

from apscheduler.schedulers.background import BackgroundScheduler

MISSED = 2.5
"""Beats after which the pulse counts as lost."""

REPLY = 1.0
"""Seconds to wait for a beat that is overdue."""

SET = 2.0
"""Seconds by which a clock may go wrong without having been set, or the machine having slept."""


class WakeUps:
    """Calls what recurs after each so many seconds, and ``wake`` whenever that was asked for."""

    def __init__(self, wake: Callable[[], None], recurring: Mapping[Callable[[], None], float], pulse: float) -> None:
        """``recurring`` has the seconds behind each thing to do; ``pulse`` is how many lie between two beats."""
        self._wake, self._recurring, self._pulse = wake, recurring, pulse
        self._scheduler: BackgroundScheduler | None = None
        self._beaten, self._asked = -math.inf, -math.inf
        self._difference = 0.0

    def start(self) -> None:
        """Begin; appointments made before are forgotten."""
        self.stop()
        self._scheduler = BackgroundScheduler(timezone=dt.UTC, job_defaults={"misfire_grace_time": None})
        self._scheduler.start()
        self._beaten, self._difference = -math.inf, _difference()
        self._at("pulse", 0.0, self._beat)
        for number, (act, seconds) in enumerate(self._recurring.items()):
            self._recur(f"recurring {number}", seconds, act)
        self._asked = time.monotonic()

    def stop(self) -> None:
        """End; does nothing if it has not begun."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            # Stopped while it hands out a job, it would end with an error: paused, it hands out no more, and to remove
            # the others waits for the one at hand.
            scheduler.pause()
            scheduler.remove_all_jobs()
            scheduler.shutdown(wait=False)

    def appoint(self, name: str, seconds: float | None) -> None:
        """Wake the loop in so many seconds; None takes an earlier appointment of that name back."""
        if seconds is not None:
            self._at(name, seconds, self._wake)
        elif self._scheduler is not None and self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def healthy(self) -> bool:
        """Whether appointments are kept. Takes a second to be sure that they are not. Begins anew, and wakes the loop,
        if the clock was set since it began."""
        if self._scheduler is not None and abs(_difference() - self._difference) > SET:
            self.start()
            self._wake()
        self._excuse()
        if self._scheduler is None or self._beats():
            return self._scheduler is not None
        self._scheduler.wakeup()
        deadline = time.monotonic() + REPLY
        while not self._beats() and time.monotonic() < deadline:
            time.sleep(0.01)
        self._asked = time.monotonic()
        return self._beats()

    def _excuse(self) -> None:
        """Who asks late was stopped or starved, and the scheduler with it: that has until its next beat."""
        late, self._asked = self._asked, time.monotonic()
        if self._asked - late > MISSED * self._pulse:
            self._beaten = max(self._beaten, self._asked - (MISSED - 1.0) * self._pulse)

    def _beats(self) -> bool:
        return time.monotonic() - self._beaten < MISSED * self._pulse

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        self._at("pulse", self._pulse, self._beat)

    def _recur(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        def again() -> None:
            self._recur(name, seconds, act)
            act()

        self._at(name, seconds, again)

    def _at(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        scheduler = self._scheduler
        if scheduler is not None:
            at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds + 0.01)
            scheduler.add_job(act, "date", run_date=at, id=name, replace_existing=True)


def _difference() -> float:
    """Between the clock on the wall and the one nobody sets."""
    return time.time() - time.monotonic()
