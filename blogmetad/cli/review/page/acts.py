"""What the page has done with posts: by the very functions behind the commands, so it is done in one way only."""

from __future__ import annotations

from collections.abc import Callable

from blogmetad.cli.journal.drafts import find, open_ledger
from blogmetad.cli.review.approve import failure
from blogmetad.cli.review.marks import ReviewError, mark, see_to
from blogmetad.cli.review.page.errands import Errand
from blogmetad.cli.review.revise import revised
from blogmetad.cli.undo import take_back
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, State
from blogmetad.publish.undo import Refused
from blogmetad.reviewing import APPROVE


def carry_out(settings: Config, errand: Errand, keep_going: Callable[[], bool]) -> None:
    """Do what is asked for. Raises BlogmetadError, OSError."""
    with open_ledger(settings) as ledger:
        job = find(ledger, errand.job)
    if errand.act == "approve":
        _approve(settings, job, errand.seen, keep_going)
    elif errand.act == "revise":
        revised(settings, job, errand.words, keep_going)
    else:
        result = take_back(settings, job.id)
        if isinstance(result, Refused):
            raise ReviewError(result.reason)


def _approve(settings: Config, job: Job, seen: str, keep_going: Callable[[], bool]) -> None:
    """Publish a waiting post, if it is the version its author has seen."""
    if job.state is not State.WAITING:
        raise ReviewError(f"{job.name} does not wait for you: it is {job.outcome}")
    marked = mark(settings, job, APPROVE, True, seen)
    see_to(settings, [marked], keep_going)
    with open_ledger(settings) as ledger:
        why = failure(settings, ledger, marked)
    if why:
        raise ReviewError(why)
