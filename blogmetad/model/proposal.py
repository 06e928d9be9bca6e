"""What the pipeline knows of models: something that proposes, and the ways it can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from blogmetad.errors import BlogmetadError
from blogmetad.values import Proposal, Request


class ModelUnavailable(BlogmetadError):
    """No model can answer now, whatever the draft: the file is missing, does not load, or keeps crashing at load."""


class WorkerLost(BlogmetadError):
    """The model's process died, hung or failed over this very request; another try may go well.

    ``alone`` is false if it was working on other requests as well: then any of them may be what it was lost over.
    """

    def __init__(self, reason: str, *, alone: bool = True) -> None:
        super().__init__(reason)
        self.alone = alone


class Withdrawn(BlogmetadError):
    """The caller stopped waiting (the daemon is asked to stop)."""


class Proposer(Protocol):
    """Answers requests, several at once: every method may be called from several threads.

    A call blocks until its own answer is there; it may get it after one that was asked later.
    """

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """Make sure a model is loaded. Raises ModelUnavailable or Withdrawn."""

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        """Fill in what is asked. ``keep_going`` is called at least twice a second, by the thread that waits, and ends
        the wait when it turns false. Raises ModelUnavailable, WorkerLost or Withdrawn."""
