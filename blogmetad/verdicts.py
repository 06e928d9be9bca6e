"""Verdicts: what became of a file, written down in the ledger, the journal and one line of the log, and told to others.

Used by the runner's thread alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import structlog

from blogmetad.attempt import Tools
from blogmetad.herald import Herald
from blogmetad.journal.ledger import Job, State
from blogmetad.outcomes import Abandoned, Duplicate, Held, Outcome, Parked, Published, Retry, Superseded, Waiting
from blogmetad.upkeep import Upkeep
from blogmetad.values import Problem, sha256

log = structlog.get_logger("blogmetad")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a post that waited for its author, and what is told of it."""

    outcome: Published | Superseded
    facts: Mapping[str, object]


class Verdicts:
    """Writes down how things end. ``wake`` is called in another thread when others have been told."""

    def __init__(self, tools: Tools, upkeep: Upkeep, wake: Callable[[], None]) -> None:
        self._tools, self._upkeep = tools, upkeep
        self._herald = Herald(tools, wake)

    @property
    def announcing(self) -> bool:
        """Whether others are being told what became of files."""
        return self._herald.busy

    def catch_up(self) -> None:
        """At the start: have others told what an earlier run had promised to tell."""
        self._herald.catch_up()

    def announce(self) -> None:
        """Have others told of what has ended, and write down what came of that."""
        self._write_entries(self._herald.proceed())

    def stop(self) -> None:
        """End what tells others; the rest is left to the next start."""
        self._write_entries(self._herald.stop())

    def promise(self, job: Job, outcome: Outcome) -> None:
        """Others will be told of an outcome that is written down elsewhere, just after this."""
        self._herald.promise(job, outcome)

    def close(self, job: Job, outcome: Outcome, seconds: float, wait: float | None) -> None:
        """The end of an attempt, or a pause; ``wait`` is how long one that failed outside the draft has to."""
        tools, now = self._tools, self._tools.now()
        facts: dict[str, object] = {}
        self._herald.promise(job, outcome)
        match outcome:
            case Published() | Waiting():
                end = "done" if isinstance(outcome, Published) else "waiting"
                tools.placer.finish(job, end, {"post": outcome.filename, "seconds": round(seconds, 2)})
                facts = {"post": outcome.filename}
            case Parked():
                tools.ledger.move(job.id, State.PARKED, now, problems=outcome.problems)
                facts = {"problems": [problem.message for problem in outcome.problems]}
            case Held():
                tools.ledger.move(job.id, State.HELD, now, until=outcome.until)
                facts = {"until": outcome.until.isoformat()}
            case Duplicate():
                tools.ledger.move(job.id, State.DUPLICATE, now, target=outcome.of)
                facts = {"of": outcome.of}
            case Retry():
                facts = {"reason": outcome.reason, "again_in": wait}
            case Superseded() | Abandoned():
                pass
        write = log.warning if isinstance(outcome, Parked | Retry) else log.info
        write(_word(outcome), draft=job.name, job=job.id, seconds=round(seconds, 2), **facts)
        if not isinstance(outcome, Retry | Abandoned):
            self._upkeep.write_entry(job.id)

    def conclude(self, job: Job, outcome: Published | Superseded, facts: Mapping[str, object]) -> None:
        """The end of a post that waited for its author: approved, or taken away."""
        tools, now = self._tools, self._tools.now()
        self._herald.promise(job, outcome)
        with tools.ledger.transaction():
            if isinstance(outcome, Published):
                tools.ledger.step(job.id, "approved", {"post": outcome.filename, **facts}, now)
                tools.ledger.move(job.id, State.DONE, now, target=outcome.filename, post_sha256=outcome.sha256)
            else:
                tools.ledger.step(job.id, "superseded", facts, now)
                tools.ledger.move(job.id, State.SUPERSEDED, now, target=None, post_sha256=None)
        log.info(_word(outcome), draft=job.name, job=job.id, **facts)
        self._upkeep.write_entry(job.id)

    def refuse(self, name: str, problem: Problem) -> Job | None:
        """Tell, once, of something in the folder that is not a draft; None if it was told before."""
        tools, now = self._tools, self._tools.now()
        mark = sha256(f"{name}\0{problem.rule}\0{problem.message}".encode("utf-8", "surrogateescape"))
        latest = tools.ledger.latest(name)
        if latest is not None and latest.sha256 == mark:
            return None
        job = tools.ledger.open_job(name, mark, mark, 0, now, now, now, State.PARKED)
        self._herald.promise(job, Parked((problem,)))
        tools.ledger.step(job.id, "parked", {"problems": [asdict(problem)]}, now)
        tools.ledger.move(job.id, State.PARKED, now, problems=(problem,))
        log.warning("parked", draft=name, job=job.id, problems=[problem.message])
        self._upkeep.write_entry(job.id)
        return job

    def _write_entries(self, jobs: Sequence[str]) -> None:
        for job_id in jobs:
            self._upkeep.write_entry(job_id)


def _word(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
