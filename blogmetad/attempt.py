"""One draft's job, through the pipeline and into the posts folder, with a model that may be lost on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog

from blogmetad import pipeline
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model.proposal import ModelUnavailable, Proposer, Withdrawn, WorkerLost
from blogmetad.outcomes import Abandoned, Duplicate, Outcome, Parked, Retry
from blogmetad.publish.compose import ComposeError
from blogmetad.publish.place import Placer
from blogmetad.rules.document import Rules
from blogmetad.site.index import Index
from blogmetad.site.jekyll import SiteConfig
from blogmetad.values import Draft, Problem

log = structlog.get_logger("blogmetad")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a round works with, wired up once by the daemon or the CLI."""

    config: Config
    rules: Rules
    site: SiteConfig
    index: Index
    ledger: Ledger
    placer: Placer
    proposer: Proposer
    now: Callable[[], dt.datetime]
    keep_going: Callable[[], bool]


def attempt(tools: Tools, job: Job, raw: bytes) -> Outcome:
    """Go on with a job, from wherever it has got to. Raises OSError for what the disk refuses."""
    desk = _desk(tools, job)
    if job.state in (State.STAGED, State.PUBLISHED):
        resumed = tools.placer.resume(job)
        if resumed is not None:
            return resumed
    arrived = job.arrived.astimezone(tools.site.timezone)
    accepted = pipeline.accept(job.name, raw, desk, arrived=arrived, now=tools.now())
    if isinstance(accepted, Duplicate):
        tools.placer.keep_original(job.id, raw)
        tools.placer.retire(job)
        return accepted
    if not isinstance(accepted, Draft):
        return accepted
    tools.placer.keep_original(job.id, raw)
    finished = _finish(tools, job, accepted, desk, arrived)
    if not isinstance(finished, pipeline.Finished):
        return finished
    return tools.placer.place(job, finished.post)


def _finish(
    tools: Tools, job: Job, draft: Draft, desk: pipeline.Desk, arrived: dt.datetime
) -> pipeline.Finished | Outcome:
    """Ask the model, with another worker if one is lost; a draft that costs too many of them is parked."""
    limit = tools.config.publish.attempts
    stops = sum(step.name == "abandoned" for step in tools.ledger.steps(job.id))
    while True:
        try:
            tools.proposer.prepare(tools.keep_going)
            attempts = tools.ledger.attempt(job.id, tools.now()).attempts - stops
            if attempts > limit:
                return park(tools, job, _deadly(limit))
            return pipeline.finish(draft, desk, arrived=arrived)
        except ModelUnavailable as error:
            return Retry(str(error))
        except Withdrawn:
            desk.record("abandoned", {"note": "blogmetad was asked to stop; taken up again at the next start"})
            return Abandoned()
        except WorkerLost as error:
            desk.record("worker lost", {"reason": str(error), "attempt": attempts})
            log.warning("worker lost", draft=draft.name, job=job.id, reason=str(error), attempt=attempts)
            if attempts >= limit:
                return park(tools, job, _deadly(limit))
        except ComposeError as error:
            return park(tools, job, Problem("draft.frontmatter", str(error)))


def park(tools: Tools, job: Job, problem: Problem) -> Parked:
    """Leave a draft to its author, for a problem that is told."""
    facts = {"problems": [asdict(problem)]}
    tools.ledger.step(job.id, "parked", facts, tools.now())
    return Parked((problem,))


def _desk(tools: Tools, job: Job) -> pipeline.Desk:
    return pipeline.Desk(
        rules=tools.rules,
        recall=lambda draft: tools.index.recall(draft.text, tools.rules.term_fields()),
        twin=lambda body: _twin(tools, body),
        proposer=tools.proposer,
        budget=tools.config.model.digest_tokens,
        hold_future=tools.config.publish.hold_future,
        keep_going=tools.keep_going,
        record=lambda name, data: tools.ledger.step(job.id, name, data, tools.now()),
    )


def _twin(tools: Tools, body: str) -> str | None:
    """A published post with this body, or the one that was made of it and has been edited since."""
    made = (job.target for job in tools.ledger.done_with_body(body) if job.target is not None)
    there = (target for target in made if (tools.config.site.posts / target).exists())
    return tools.index.twin(body) or next(there, None)


def _deadly(limit: int) -> Problem:
    message = (
        f"The model's process was lost {limit} times over this draft, so it is left alone. "
        "Save the file again to have it tried again; 'blogmetad doctor' checks the model."
    )
    return Problem("model.lost", message)
