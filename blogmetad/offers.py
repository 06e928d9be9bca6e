"""Offers: published posts with fields that they lacked, which wait in the review folder. What the rounds do for them:
what an earlier run left half done is carried on, and what has become of each is told. So it is with renamed posts."""

from __future__ import annotations

from contextlib import suppress

import structlog

from blogmetad.attempt import Tools
from blogmetad.journal.ledger import Job, State
from blogmetad.lock import AlreadyRunning, alone
from blogmetad.offered import offered_post
from blogmetad.outcomes import Published, Superseded
from blogmetad.publish import exchange, offer, rename, undo
from blogmetad.publish.place import Found, Placer, look
from blogmetad.verdicts import Fate

log = structlog.get_logger("blogmetad")

MAKING = "backfill.lock"
"""The lock, in the state folder, of whoever makes offers."""

TAKING_BACK = "undo.lock"


def recover(tools: Tools) -> bool:
    """Carry on with what a crash interrupted of offers, and of renamed posts, unless somebody is at it. False if a
    folder did not let us: then it has to be tried again. Raises LedgerError."""
    state, placer = tools.config.site.state, tools.placer
    try:
        with suppress(AlreadyRunning), alone(state / MAKING, "to fill fields in"):
            finish(placer)
        with suppress(AlreadyRunning), alone(state / TAKING_BACK, "to take a draft back"):
            for job in placer.ledger.jobs(State.UNDONE):
                if offered_post(job.name) is not None and undo.unfinished(placer, job):
                    undo.complete(placer, job)
            _finish_renaming(tools)
    except OSError as error:
        log.error("recovery not finished", reason=str(error), next="it is tried again")
        return False
    return True


def _finish_renaming(tools: Tools) -> None:
    """Carry on with published posts that were being renamed when a crash came."""
    ledger = tools.ledger
    for job_id in ledger.unanswered(rename.RENAMING, rename.RENAMED):
        job = ledger.get(job_id)
        step = next(step for step in reversed(ledger.steps(job_id)) if step.name == rename.RENAMING)
        if job is not None:
            done = rename.settle(tools.placer, job, step.data)
            log.info("recovered", job=job.id, action="renamed" if done else "not renamed")


def finish(placer: Placer) -> None:
    """Carry on with offers that were being made when a crash came; whoever calls holds the lock for that. Raises
    OSError, LedgerError."""
    for job in placer.ledger.jobs(State.STAGED, newest_first=False):
        if offered_post(job.name) is not None:
            waits = offer.go_on(offer.offering(placer), job)
            log.info("recovered", job=job.id, action="waits" if waits else "dropped")


def fate(tools: Tools, job: Job, *, idle: bool) -> Fate | None:
    """What became of an offer; None if it still waits. ``idle``: nothing in the review folder is being worked on."""
    site, placer = tools.config.site, tools.placer
    name, path = str(job.target), str(offered_post(job.name))
    waits = (site.review / name).exists()
    done = exchange.settle(placer, job) if idle else None if waits else exchange.exchanged(placer, job)
    if done is not None:
        newer = {"newer version kept": name} if waits else {}
        return Fate(done, {"by": "approve: true", **newer})
    if waits or exchange.is_under_way(placer, job):
        return None
    post = site.posts / path
    if job.post_sha256 not in (None, job.sha256) and look(post, job.post_sha256) is Found.OURS:
        return Fate(Published(path, str(job.post_sha256)), {"by": "moved over the post by hand"})
    return Fate(Superseded(), {"because": offer.DECLINED})
