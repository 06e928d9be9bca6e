"""The announcer keeps promises: for one draft after another, those who want to hear of its outcome are told, and what
came of it is written down.

Each hook is called once at most: that it is about to be is in the ledger before it is. What a crash or a stop kept from
being begun is made up for at the next start. A commit may be tried again, as it is looked at first whether it is there.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from blogmetad import files, matter, promises
from blogmetad.announce import commit, desktop, environment, facts, hook
from blogmetad.announce.facts import Facts
from blogmetad.announce.git import Repository, Stopped
from blogmetad.announce.process import Ran
from blogmetad.audience import Event, Hook
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, Ledger, Step
from blogmetad.offered import offered_post
from blogmetad.promises import Promise
from blogmetad.values import YamlValue

log = structlog.get_logger("blogmetad")

CUT_OFF = "blogmetad ended while it ran; it is not called again"


class Announcer:
    """Makes promises and keeps them. Keeping them takes as long as the programs of others do.

    Methods raise LedgerError if the ledger cannot be used; no program of others can make them fail.
    """

    def __init__(
        self, config: Config, ledger: Ledger, now: Callable[[], dt.datetime], keep_going: Callable[[], bool]
    ) -> None:
        self._config, self._ledger, self._now, self._keep_going = config, ledger, now, keep_going
        self._environment = environment.handed_on(os.environ, config.server.key_variable)
        git = environment.for_git(os.environ, config.server.key_variable)
        self._repository = Repository(config.site.posts, git, keep_going)

    def promise(self, job_id: str, event: Event) -> bool:
        """Have it written down, with whatever the ledger is told next, that others will hear of this outcome; False if
        nobody wants to."""
        wanted = promises.wanted(self._config, event)
        if wanted:
            self._ledger.note(job_id, promises.PROMISED, {"outcome": event}, self._now())
        return wanted

    def due(self, job_id: str) -> bool | None:
        """Whether a promise is to be kept now; None if it has to wait, False if there is nothing to be told (any
        more)."""
        job, promise = self._ledger.get(job_id), promises.standing(self._ledger.steps(job_id))
        return False if job is None or promise is None else promises.due(promise, job)

    def keep(self, job_id: str) -> None:
        """Tell whoever is to be told, unless it was done before. Where blogmetad is asked to stop, the rest is left."""
        job, steps = self._ledger.get(job_id), self._ledger.steps(job_id)
        promise = promises.standing(steps)
        if job is None or promise is None or not promises.due(promise, job):
            return
        told = self._facts(job, promise, steps)
        try:
            told = self._settle(job, promise, told, steps)
        except Stopped:
            return
        for each in self._config.hooks:
            if promise.outcome in each.on:
                self._call(job, each, promise, told)
        if not self._keep_going():
            return
        if promises.on_desktop(self._config, promise.outcome):
            ran = desktop.send(told, self._environment, self._keep_going)
            if not ran.well:
                log.warning("desktop not notified", job=job.id, result=ran.words, output=ran.output)
        self._step(job, promises.ANNOUNCED, {"outcome": promise.outcome})

    def _settle(self, job: Job, promise: Promise, told: Facts, steps: tuple[Step, ...]) -> Facts:
        """See to the repository; the facts, with the commit in them if there is one. Raises Stopped."""
        git = self._config.git
        if not git.commit or job.target is None:
            return told
        found = promise.commit
        if not promise.settled:
            found = self._commit(job, promise, told, steps)
        if found is None:
            return told
        if git.push and not promise.pushed:
            reason = commit.push(self._repository)
            facts = {} if reason is None else {"reason": reason}
            self._tell(job, promises.PUSHED if reason is None else promises.NOT_PUSHED, facts, well=reason is None)
        return told.committed(found)

    def _commit(self, job: Job, promise: Promise, told: Facts, steps: tuple[Step, ...]) -> str | None:
        subject = facts.message(self._config.git.message, told)
        name = str(job.target)
        if promise.outcome in ("published", "revised"):
            step = promises.COMMITTED
            subject = f'Revise "{subject}"' if promise.outcome == "revised" else subject
            self._commit_old_name(job, steps, subject)
            done = commit.add(self._repository, name, str(job.post_sha256), subject)
        elif promise.outcome == "undone" and offered_post(job.name) is not None:
            step, subject = promises.COMMITTED, f'Undo "{subject}"'
            done = commit.add(self._repository, name, job.sha256, subject)
        elif promise.outcome == "undone" and (brought := promises.committed_as(steps)) is not None:
            step, subject = promises.WITHDRAWN, f'Undo "{promises.subject(steps) or subject}"'
            done = commit.remove(self._repository, name, brought, subject)
        else:
            return None
        if isinstance(done, commit.Left):
            self._tell(job, promises.NOT_COMMITTED, {"reason": done.reason}, well=False)
            return None
        self._tell(job, step, {"commit": done.commit, "branch": done.branch, "message": subject})
        return done.commit

    def _commit_old_name(self, job: Job, steps: tuple[Step, ...], subject: str) -> None:
        """Have the repository let go of the name the post had before it was revised, if it was renamed. What is gone
        from there already is fine, after a crash."""
        revised: Mapping[str, Any] = next((step.data for step in reversed(steps) if step.name == "revised"), {})
        brought, renamed = promises.committed_as(steps), revised.get("renamed")
        if renamed and brought is not None:
            done = commit.remove(self._repository, str(renamed["from"]), brought, subject)
            if isinstance(done, commit.Left):
                log.warning("old name not committed", draft=job.name, job=job.id, reason=done.reason)

    def _call(self, job: Job, each: Hook, promise: Promise, told: Facts) -> None:
        line = hook.line(each)
        if line in promise.calling:
            if line not in promise.called:
                self._tell(job, promises.CALLED, {"hook": line, "result": CUT_OFF}, well=False)
            return
        if self._keep_going() and self._begin(job, line, promise.outcome):
            ran = hook.call(each, told, self._environment, self._keep_going)
            self._tell(job, promises.CALLED, _result(line, ran), well=ran.well)

    def _begin(self, job: Job, line: str, outcome: Event) -> bool:
        """Write down that a hook is about to be called, unless another process just did, or the story has gone on."""
        with self._ledger.transaction():
            promise = promises.standing(self._ledger.steps(job.id))
            if promise is None or promise.outcome != outcome or line in promise.calling:
                return False
            self._step(job, promises.CALLING, {"hook": line})
        return True

    def _tell(self, job: Job, step: str, data: Mapping[str, Any], *, well: bool = True) -> None:
        """Write down what was done, in the ledger and in the log."""
        self._step(job, step, data)
        write = log.info if well else log.warning
        write(step, draft=job.name, job=job.id, **data)

    def _step(self, job: Job, step: str, data: Mapping[str, Any]) -> None:
        self._ledger.step(job.id, step, data, self._now())

    def _facts(self, job: Job, promise: Promise, steps: tuple[Step, ...]) -> Facts:
        site = self._config.site
        post = self._post(job, promise, steps)
        return Facts(
            outcome=promise.outcome,
            id=job.id,
            draft=job.name,
            site=site.root,
            post=post,
            journal=site.journal / job.entry if job.entry else None,
            fields=self._fields(post, steps),
            problems=job.problems if promise.outcome == "parked" else (),
            until=job.until if promise.outcome == "held" else None,
            of=job.target if promise.outcome == "duplicate" else None,
        )

    def _fields(self, post: Path | None, steps: tuple[Step, ...]) -> Mapping[str, YamlValue]:
        """Those of the post as it lies there, which its author may have edited; else those that were decided on and
        revised."""
        if post is not None:
            with suppress(OSError, matter.MatterError):
                head = matter.split(files.read_stable(post, self._config.intake.max_bytes)[0]).head
                return (matter.parse(head) if head else None) or {}
        checked: Mapping[str, Any] = next((step.data for step in reversed(steps) if step.name == "checked"), {})
        revised = [change for step in steps if step.name == "revised" for change in step.data.get("changes", ())]
        decided = {row["field"]: row["value"] for row in checked.get("decisions", ())}
        return decided | {change["field"]: change["after"] for change in revised}

    def _post(self, job: Job, promise: Promise, steps: tuple[Step, ...]) -> Path | None:
        """Where the post lies, or lay before it was taken back."""
        site = self._config.site
        match promise.outcome:
            case "published" | "revised":
                return site.posts / job.target if job.target else None
            case "waiting":
                return site.review / job.target if job.target else None
            case "undone":
                undone: Mapping[str, Any] = next((step.data for step in reversed(steps) if step.name == "undone"), {})
                return site.posts / undone["post"] if undone.get("post") else None
            case _:
                return None


def _result(line: str, ran: Ran) -> dict[str, Any]:
    """What came of calling a hook, as the journal keeps it."""
    facts: dict[str, Any] = {"hook": line, "result": ran.words, "seconds": round(ran.seconds, 2)}
    return facts | ({"output": ran.output} if ran.output else {})
