"""One draft's job, through the pipeline and into the posts folder, with a model that may be lost on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import structlog

from blogmetad import pipeline
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model.proposal import ModelUnavailable, Proposer, Withdrawn, WorkerLost
from blogmetad.offered import offered_post
from blogmetad.outcomes import Abandoned, Duplicate, Outcome, Parked, Published, Retry, Superseded, Waiting
from blogmetad.publish.compose import ComposeError
from blogmetad.publish.place import Placer
from blogmetad.rules.document import Rules
from blogmetad.secret import masked_facts
from blogmetad.site.index import Index
from blogmetad.site.jekyll import SiteConfig
from blogmetad.trials import ENDED, LOST, trials
from blogmetad.turns import Turns
from blogmetad.values import Draft, Problem

log = structlog.get_logger("blogmetad")

OPEN_FILE_WAIT = 1.0
"""Seconds until a file that somebody still has open for writing is looked at again."""

AT_ONCE = (*ENDED, "duplicate")
"""Steps that are on disk before anything else happens."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a round works with, wired up once by the daemon or the CLI. Drafts in flight share it: ledger, index,
    placer, proposer and turns may be used from several threads, everything else never changes.

    ``keep_going`` is asked by the runner's thread alone; each draft in flight gets one of its own.
    """

    config: Config
    rules: Rules
    site: SiteConfig
    index: Index
    ledger: Ledger
    placer: Placer
    proposer: Proposer
    turns: Turns
    now: Callable[[], dt.datetime]
    keep_going: Callable[[], bool]


Attempt = Callable[[Tools, Job, bytes], Outcome]
"""Goes on with a job, from wherever it has got to. Raises OSError for what the disk refuses."""

T = TypeVar("T")


def work_on(tools: Tools, keep_going: Callable[[], bool], job: Job, raw: bytes, attempt: Attempt) -> Outcome:
    """Work on one file until it comes to an outcome. Raises BlogmetadError where ledger or index cannot be used."""
    tools = replace(tools, keep_going=keep_going)
    try:
        return attempt(tools, job, raw)
    except BlockingIOError as error:
        return Retry(str(error.strerror), OPEN_FILE_WAIT)
    except OSError as error:
        return Retry(f"{error.strerror or error} ({error.filename or 'a file'})", disk=True)
    except BlogmetadError:
        raise  # that is about the disk and not about this draft
    except Exception as error:
        # A bug of ours met by one draft: it is told and left alone, and the drafts behind it go on.
        log.exception("unexpected", draft=job.name, job=job.id)
        what = f"blogmetad has a bug that this draft has met ({type(error).__name__}: {error})"
        return park(tools, job, Problem("draft.unexpected", f"{what}. Please report it; the draft is untouched."))


def publish(tools: Tools, job: Job, raw: bytes) -> Outcome:
    """Go on with a draft's job, from wherever it has got to. Raises OSError for what the disk refuses.

    Several may be under way, each in a thread of its own, as long as no two of them have the same name or body.
    """
    desk = desk_for(tools, job)
    if job.state in (State.STAGED, State.PUBLISHED):
        resumed = tools.placer.resume(job)
        if resumed is not None:
            return _placed(tools, job, resumed)
    now = tools.now()
    # No draft arrives in the future, though a clock that was set back since may say so.
    arrived = min(job.arrived, now).astimezone(tools.site.timezone)
    accepted = pipeline.accept(job.name, raw, desk, arrived=arrived, now=now)
    if isinstance(accepted, Duplicate):
        tools.placer.keep_original(job.id, raw)
        tools.placer.retire(job)
        return accepted
    if not isinstance(accepted, Draft):
        return accepted
    tools.placer.keep_original(job.id, raw)
    finished = with_model(tools, job, lambda: pipeline.finish(accepted, desk, arrived=arrived))
    if not isinstance(finished, pipeline.Finished):
        return finished
    return _placed(tools, job, tools.placer.place(job, finished.post))


def _placed(tools: Tools, job: Job, outcome: Published | Superseded) -> Outcome:
    """What became of a post that was put where posts go: in the review folder it waits."""
    if isinstance(outcome, Published) and tools.placer.folders_of(job).reviewed:
        return Waiting(outcome.filename, outcome.sha256)
    return outcome


def with_model(tools: Tools, job: Job, ask: Callable[[], T]) -> T | Outcome:
    """Ask the model, with another worker if one is lost; a draft that costs too many of them is parked."""
    limit = tools.config.publish.attempts
    while True:
        known = tools.ledger.get(job.id) or job
        past = trials(known.attempts, tools.ledger.steps(job.id))
        if past.blamed >= limit:
            return park(tools, job, _deadly(limit))
        try:
            with tools.turns.turn(past.suspect, tools.keep_going):
                tools.proposer.prepare(tools.keep_going)
                number = tools.ledger.attempt(job.id, tools.now()).attempts
                return _ask(tools, job, ask)
        except ModelUnavailable as error:
            return Retry(str(error))
        except Withdrawn:
            return Abandoned()
        except WorkerLost as error:
            alone = error.alone or past.suspect
            tools.ledger.step(job.id, LOST, {"reason": str(error), "attempt": number, "alone": alone}, tools.now())
            log.warning(LOST, draft=job.name, job=job.id, reason=str(error), attempt=number, alone=alone)
        except ComposeError as error:
            return park(tools, job, Problem("draft.frontmatter", str(error)))


def _ask(tools: Tools, job: Job, ask: Callable[[], T]) -> T:
    """One try, which was counted: where it ends without a proposal, and nothing was lost, that is written down."""
    try:
        return ask()
    except ModelUnavailable as error:
        tools.ledger.step(job.id, "unavailable", {"reason": str(error)}, tools.now())
        raise
    except Withdrawn:
        note = "blogmetad was asked to stop; taken up again at the next start"
        tools.ledger.step(job.id, "abandoned", {"note": note}, tools.now())
        raise


def park(tools: Tools, job: Job, *problems: Problem) -> Parked:
    """Leave a draft to its author, for problems that are told."""
    facts = {"problems": [asdict(problem) for problem in problems]}
    tools.ledger.step(job.id, "parked", facts, tools.now())
    return Parked(problems)


def desk_for(tools: Tools, job: Job) -> pipeline.Desk:
    """What the stages work with on a job."""
    return pipeline.Desk(
        rules=tools.rules,
        recall=lambda draft: tools.index.recall(draft.text, tools.rules.term_fields()),
        twin=lambda body: _twin(tools, body),
        proposer=tools.proposer,
        budget=tools.config.model.digest_tokens,
        hold_future=tools.config.publish.hold_future,
        keep_going=tools.keep_going,
        record=lambda name, data: _record(tools, job, name, data),
    )


def _record(tools: Tools, job: Job, name: str, data: Mapping[str, object]) -> None:
    """What ends a try is written down at once, since it decides what a draft is held to account for, and why a draft is
    set aside before it is; the rest with the next of them, so that a draft does not wait for the disk at every step."""
    write = tools.ledger.step if name in AT_ONCE else tools.ledger.note
    write(job.id, name, masked_facts(data), tools.now())


def _twin(tools: Tools, body: str) -> str | None:
    """A published post with this body, or the one that was made of it and has been edited since.

    After the loss of a ledger it may not be known which that is."""
    known = tools.ledger.done_with_body(body)
    jobs = [job for job in known if job.state is not State.WAITING or offered_post(job.name) is None]
    home = tools.placer.folders.home
    there = (job.target for job in jobs if job.target is not None and (home(job.state) / job.target).exists())
    unknown = (f"the post of job {job.id}" for job in jobs if job.target is None)
    return tools.index.twin(body) or next(there, None) or next(unknown, None)


def _deadly(limit: int) -> Problem:
    message = (
        f"The model's process was lost {limit} times over this draft, so it is left alone. "
        "Save the file again to have it tried again; 'blogmetad doctor' checks the model."
    )
    return Problem("model.lost", message)
