"""Who may put a draft to the model: several side by side, or one alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from blogmetad.model.proposal import Withdrawn

POLL = 0.5
"""Seconds between two looks at whether the caller still wants its turn."""


class Turns:
    """Turns for threads. One that has to be alone goes first: nobody new comes in beside it or before it."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._alone = False
        self._to_be_alone = 0

    @contextmanager
    def turn(self, alone: bool, keep_going: Callable[[], bool]) -> Iterator[None]:
        """Wait for a turn and keep it for the length of the block. Raises Withdrawn when ``keep_going`` says no."""
        with self._change:
            self._to_be_alone += alone
            try:
                while not self._free(alone):
                    self._change.wait(POLL)
                    if not keep_going():
                        raise Withdrawn("the wait for a turn was ended")
            finally:
                self._to_be_alone -= alone
                self._change.notify_all()
            self._inside += 1
            self._alone = alone
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._alone = False
                self._change.notify_all()

    def _free(self, alone: bool) -> bool:
        if alone:
            return self._inside == 0
        return not self._alone and self._to_be_alone == 0
