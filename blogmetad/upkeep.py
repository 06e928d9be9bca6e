"""Upkeep: all that has to be seen to beside the drafts that wait. What an earlier run left half done is carried on, a
lost ledger is built anew, folders that fail us are told once and looked at again, journal entries that could not be
written are written later, what was written into a draft too late comes back, and old copies are removed.

Used by the runner's thread alone.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import asdict, dataclass

import structlog

from blogmetad.attempt import Tools
from blogmetad.journal import folder, record, renewal, reread
from blogmetad.journal.ledger import Job, LedgerGone, State
from blogmetad.publish import folders
from blogmetad.publish.late import Late, Retired
from blogmetad.publish.prune import prune
from blogmetad.publish.rebuild import needed, rebuild
from blogmetad.publish.recover import recover
from blogmetad.values import Problem, sha256

log = structlog.get_logger("blogmetad")

ENDED = (State.PARKED, State.HELD, State.WAITING, State.DONE, State.DUPLICATE, State.SUPERSEDED, State.UNDONE)
EVERY = 30.0
"""Seconds between two looks at what is rarely amiss."""

AGAIN = 5.0
"""Seconds until a folder that failed us is tried again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look around found: what keeps drafts from being taken up, and jobs that now need their author."""

    trouble: tuple[Problem, ...] = ()
    parked: tuple[Job, ...] = ()


class Upkeep:
    """Looks after one site."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._retired = Retired(tools.placer)
        self._recovered = False
        self._unwritten: set[str] = set()
        self._trouble: tuple[Problem, ...] | None = None
        self._next_look = self._next_trial = 0.0

    def look_around(self, *, idle: bool) -> Seen:
        """To be called with every round; most of the time it is over at once. ``idle``: no draft is in flight.

        Raises LedgerGone, OSError, and whatever the ledger and the index raise.
        """
        tools, now = self._tools, time.monotonic()
        if not tools.ledger.in_place():
            raise LedgerGone(tools.ledger.path)
        trouble = self._look_at_folders(now)
        if trouble:
            return Seen(trouble)
        if now < self._next_look:
            return Seen()
        if not self._recovered and idle:
            self.recover()
        self._next_look = now + EVERY
        self._write_missing_entries()
        return Seen(parked=tuple(self._bring_back_late()))

    def recover(self) -> None:
        """Carry on with what an earlier run left half done; then journal entries that are still missing.

        Raises OSError, or BlogmetadError, if that is not possible now; the next look around tries again.
        """
        tools = self._tools
        if needed(tools.placer):
            self._rebuild()
        recovered = recover(tools.placer)
        for item in recovered:
            log.info("recovered", job=item.job_id, action=item.action, message=item.message)
        for job in tools.ledger.jobs(State.ACCEPTED):
            if tools.placer.left(job):
                tools.placer.supersede(job)
        self._recovered = all(item.action != "failed" for item in recovered)
        self._unwritten |= {job.id for job in tools.ledger.jobs(*ENDED) if job.entry is None}
        self._write_missing_entries()

    def prune(self) -> None:
        """Remove the kept copies of drafts that ended longer ago than the configuration says. Raises OSError."""
        tools = self._tools
        pruned = prune(tools.placer, dt.timedelta(days=tools.config.publish.keep_days), tools.now())
        if pruned:
            log.info("pruned", jobs=list(pruned))

    def write_entry(self, job_id: str) -> None:
        """Write a job's journal entry. A journal that cannot be written never harms a post: it is tried again later."""
        tools = self._tools
        try:
            record.write_entry(tools.config.site.journal, tools.ledger, job_id, tools.site.timezone, tools.now())
        except (OSError, ValueError) as error:
            if not self._unwritten:
                log.error("journal entry not written", job=job_id, reason=str(error), next="it is tried again")
            self._unwritten.add(job_id)
        else:
            self._unwritten.discard(job_id)

    def _write_missing_entries(self) -> None:
        """One after another, until one cannot be written: then none of the others can."""
        try:
            folder.clear(self._tools.config.site.journal)
        except OSError:
            return
        waiting = sorted(self._unwritten)
        for job_id in waiting:
            self.write_entry(job_id)
            if job_id in self._unwritten:
                return
        if waiting:
            log.info("journal entries written", jobs=waiting)

    def _look_at_folders(self, now: float) -> tuple[Problem, ...]:
        """What is wrong with the folders. Tried out at first and while something is; else just looked at."""
        tools = self._tools
        if self._trouble and now < self._next_trial:
            return self._trouble
        if self._trouble == () and not folders.at_a_glance(tools.placer.folders):
            return ()
        found = tools.placer.probe()
        known = {(problem.rule, problem.field) for problem in self._trouble or ()}
        for problem in found:
            if (problem.rule, problem.field) not in known:
                log.error("folder trouble", problem=problem.message)
        if self._trouble and not found:
            log.info("the folders are well again")
        self._trouble, self._next_trial = found, now + AGAIN
        return found

    def _rebuild(self) -> None:
        tools, file = self._tools, self._tools.ledger.path
        tools.index.refresh()
        told = reread.told(tools.config.site.journal)
        count = rebuild(tools.placer, told, tools.index.twin)
        kept = [path.name for path in renewal.damaged(file)[-1:]]
        what = f"was damaged, and is kept as {kept[0]}" if kept else "was lost"
        message = (
            f"The ledger {file.name} {what}. It was built anew from {count} kept drafts, the posts and the journal: "
            "nothing was deleted, and no post is made twice. Nothing needs to be done; if it happens again, check the "
            "disk."
        )
        log.error("ledger rebuilt", ledger=str(file), message=message, jobs=count)
        self._tell(file.name, Problem("ledger.rebuilt", message))

    def _bring_back_late(self) -> list[Job]:
        """What was written into retired drafts, back among the drafts, where its author finds it."""
        brought: list[Job] = []
        try:
            brought.extend(map(self._bring_back, self._retired.late()))
        except OSError as error:
            log.error("retired drafts not looked at", reason=str(error))
        return brought

    def _bring_back(self, late: Late) -> Job:
        """Parked before it is there, so that it does not become a second post by itself."""
        tools, now, first = self._tools, self._tools.now(), late.job
        job = tools.ledger.latest(late.name, late.sha256)
        if job is None or job.state is not State.PARKED:
            message = (
                f"{late.name} holds what was written into {first.name} after that had been published as "
                f"{first.target}; the post does not have it. Copy it into the post and remove this file, or make it a "
                f"post of its own: blogmetad retry {late.name}"
            )
            job = self._park(late.name, late.sha256, late.size, Problem("draft.late", message))
        name = tools.placer.give(late.path, late.name)
        if name != late.name:
            job = tools.ledger.move(job.id, State.PARKED, now, name=name)
        tools.ledger.step(first.id, "written late", {"kept as": name}, now)
        for told in (first.id, job.id):
            self.write_entry(told)
        log.warning("written late", draft=name, job=job.id, first=first.id)
        return job

    def _tell(self, name: str, problem: Problem) -> None:
        """Something no draft is about, in the journal."""
        mark = sha256(f"{name}\0{problem.message}\0{self._tools.now().isoformat()}".encode())
        self._unwritten.add(self._park(name, mark, 0, problem).id)

    def _park(self, name: str, digest: str, size: int, problem: Problem) -> Job:
        tools, now = self._tools, self._tools.now()
        with tools.ledger.transaction():
            job = tools.ledger.open_job(name, digest, digest, size, now, now, now, State.PARKED)
            tools.ledger.step(job.id, "parked", {"problems": [asdict(problem)]}, now)
            return tools.ledger.move(job.id, State.PARKED, now, problems=(problem,))
