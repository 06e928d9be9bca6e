"""Errands: what takes its time, done by one thread in the order in which it was asked for, while the page goes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import structlog

from blogmetad.errors import BlogmetadError

log = structlog.get_logger("blogmetad")

Act: TypeAlias = Literal["approve", "revise", "undo"]

PATIENCE = 20.0
"""Seconds an errand gets to stop when the page ends."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be done with a post, and how far that is; ``reason`` is why it came to nothing.

    ``words`` are the author's, ``seen`` is the hash of the version they looked at.
    """

    number: int
    job: str
    act: Act
    words: str = ""
    seen: str = ""
    state: Literal["queued", "running", "done", "failed"] = "queued"
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done, or being done."""
        return self.state in ("queued", "running")


CarryOut: TypeAlias = Callable[[Errand, Callable[[], bool]], None]
"""Does what is asked, for as long as it is to keep going. Raises BlogmetadError or OSError if it cannot."""


class Errands:
    """The errands of one page. Only the latest of each post is remembered."""

    def __init__(self, carry_out: CarryOut) -> None:
        self._carry_out = carry_out
        self._lock = threading.Lock()
        self._latest: dict[str, Errand] = {}
        self._number = 0
        self._asked: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="errands", daemon=True)
        self._thread.start()

    def ask(self, job: str, act: Act, *, words: str = "", seen: str = "") -> bool:
        """Have something done with a post; False while something else is being done with it."""
        with self._lock:
            latest = self._latest.get(job)
            if latest is not None and latest.is_open:
                return False
            self._number += 1
            errand = Errand(self._number, job, act, words, seen)
            self._latest[job] = errand
            self._asked.put(errand)
            return True

    def of(self, job: str) -> Errand | None:
        """The latest errand about a post."""
        with self._lock:
            return self._latest.get(job)

    def stop(self) -> None:
        """End what is being done, leave the rest, and wait until that is so."""
        self._ended.set()
        self._asked.put(None)
        self._thread.join(PATIENCE)

    def _work(self) -> None:
        while (errand := self._asked.get()) is not None and not self._ended.is_set():
            self._note(replace(errand, state="running"))
            reason = self._failure(errand)
            self._note(replace(errand, state="failed" if reason else "done", reason=reason))

    def _failure(self, errand: Errand) -> str:
        """Do it; why that came to nothing, if it did."""
        try:
            self._carry_out(errand, lambda: not self._ended.is_set())
        except BlogmetadError as error:
            hint = f" ({error.hint})" if error.hint and error.hint not in str(error) else ""
            return f"{error}{hint}"
        except OSError as error:
            return f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        except Exception as error:
            log.exception("an errand failed", act=errand.act, job=errand.job)
            return f"this is a bug in blogmetad; the post is untouched ({type(error).__name__})"
        return ""

    def _note(self, errand: Errand) -> None:
        with self._lock:
            self._latest[errand.job] = errand
