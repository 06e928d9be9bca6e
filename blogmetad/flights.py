"""Drafts in flight: each is worked on in a thread of its own, as many as there are places.

Only this much happens in those threads: one draft's work, from its bytes to its outcome. What becomes of it is taken up
by the thread that started it, which alone scans, opens jobs and closes them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from blogmetad.intake.scan import Found
from blogmetad.journal.ledger import Job
from blogmetad.outcomes import Outcome


@dataclass(slots=True, eq=False)
class Flight:
    """One draft in flight: ``sign`` is when its thread last gave a sign of life (monotonic), ``seconds`` how long it
    took in the end."""

    found: Found
    job: Job
    stop: threading.Event
    sign: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    future: Future[Outcome] = field(default_factory=Future)

    def keep_going(self) -> bool:
        """Asked by the thread of this draft, at least twice a second while it waits for the model."""
        self.sign = time.monotonic()
        return not self.stop.is_set()


class Flights:
    """The drafts in flight. Used by one thread; ``landed`` is called in another whenever one has come to its end."""

    def __init__(self, places: int, landed: Callable[[], None]) -> None:
        self._places, self._landed = places, landed
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="draft")
        self._stop = threading.Event()
        self._flights: list[Flight] = []

    @property
    def free(self) -> bool:
        """Whether there is a place for another draft."""
        return len(self._flights) < self._places

    @property
    def flying(self) -> tuple[Flight, ...]:
        """Those in flight, the first first; also those that have landed and were not taken out."""
        return tuple(self._flights)

    @property
    def silence(self) -> float:
        """Seconds since the thread of some draft that is still being worked on gave a sign of life."""
        now = time.monotonic()
        return max((now - flight.sign for flight in self._flights if not flight.future.done()), default=0.0)

    def start(self, found: Found, job: Job, work: Callable[[Flight], Outcome]) -> None:
        """Begin the work on a draft."""
        flight = Flight(found, job, self._stop)
        flight.future = self._pool.submit(_fly, flight, work)
        self._flights.append(flight)
        flight.future.add_done_callback(lambda _: self._landed())

    def take_out(self) -> list[Flight]:
        """The drafts whose work is done, in the order they were begun; their places are free."""
        done = [flight for flight in self._flights if flight.future.done()]
        self._flights = [flight for flight in self._flights if flight not in done]
        return done

    def stop(self) -> list[Flight]:
        """Withdraw all that waits for the model, and wait for the end of each draft's work."""
        self._stop.set()
        self._pool.shutdown(wait=True)
        return self.take_out()


def _fly(flight: Flight, work: Callable[[Flight], Outcome]) -> Outcome:
    began = time.perf_counter()
    try:
        return work(flight)
    finally:
        flight.seconds = time.perf_counter() - began
