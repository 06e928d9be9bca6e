"""The herald: a thread in which others are told what became of drafts, one after another, while the next drafts are
worked on. However long a program of theirs takes, nothing waits for it.

Used by the runner's thread; only ``Announcer.keep`` is called in the herald's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

from blogmetad import promises
from blogmetad.announce.process import GRACE
from blogmetad.announcer import Announcer
from blogmetad.attempt import Tools
from blogmetad.audience import Event
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, State
from blogmetad.offered import offered_post
from blogmetad.outcomes import Duplicate, Held, Outcome, Parked, Published, Waiting

log = structlog.get_logger("blogmetad")

PATIENCE = 3 * GRACE + 1.0
"""Seconds a stop waits for a program that was told to end."""


class Herald:
    """Those who are to be told, and those who have been. ``wake`` is called in another thread when somebody was."""

    def __init__(self, tools: Tools, wake: Callable[[], None]) -> None:
        self._ledger, self._wake = tools.ledger, wake
        self._stop = threading.Event()
        self._announcer = Announcer(tools.config, tools.ledger, tools.now, lambda: not self._stop.is_set())
        self._owed: dict[str, None] = {}
        self._orders: SimpleQueue[str | None] = SimpleQueue()
        self._kept: SimpleQueue[str] = SimpleQueue()
        self._under_way = 0
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody is being told, or has been and that is not in the journal yet."""
        return self._under_way > 0

    def promise(self, job: Job, outcome: Outcome) -> None:
        """To be called just before an outcome is written down, so that both are written down together."""
        event = _event(job, outcome)
        again = isinstance(outcome, Held) and job.state is State.HELD and job.until == outcome.until
        if event is not None and not again and self._announcer.promise(job.id, event):
            self._owed[job.id] = None

    def catch_up(self) -> None:
        """At the start: what was promised and not kept, and posts that had no time to be spoken of."""
        for job in self._ledger.jobs(State.STAGED, State.PUBLISHED):
            if offered_post(job.name) is not None:
                continue  # nobody is told of a file that lies before its author
            if promises.standing(self._ledger.steps(job.id)) is None and self._announcer.promise(job.id, "published"):
                self._owed[job.id] = None
        self._owed |= dict.fromkeys(self._ledger.unanswered(promises.PROMISED, promises.ANNOUNCED))

    def proceed(self) -> list[str]:
        """Have told what can be told by now; the jobs of which there is something new in the ledger."""
        for job_id in list(self._owed):
            due = self._announcer.due(job_id)
            if due is not None:
                del self._owed[job_id]
            if due:
                self._order(job_id)
        return self._take_kept()

    def stop(self) -> list[str]:
        """End the program that runs, leave the rest to the next start; the jobs of which there is something new."""
        self._stop.set()
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join(PATIENCE)
        return self._take_kept()

    def _order(self, job_id: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="herald", daemon=True)
            self._thread.start()
        self._under_way += 1
        self._orders.put(job_id)

    def _take_kept(self) -> list[str]:
        kept: list[str] = []
        while not self._kept.empty():
            kept.append(self._kept.get())
        self._under_way -= len(kept)
        return kept

    def _serve(self) -> None:
        while (job_id := self._orders.get()) is not None:
            try:
                if not self._stop.is_set():
                    self._announcer.keep(job_id)
            except BlogmetadError as error:
                log.error("not announced", job=job_id, reason=str(error), next="the next start tries again")
            except Exception:
                log.exception("unexpected", job=job_id)
            self._kept.put(job_id)
            self._wake()


def _event(job: Job, outcome: Outcome) -> Event | None:
    match outcome:
        case Published():
            return "published" if offered_post(job.name) is None else "revised"
        case Waiting():
            return "waiting"
        case Held():
            return "held"
        case Parked():
            return "parked"
        case Duplicate():
            return "duplicate"
        case _:
            return None
