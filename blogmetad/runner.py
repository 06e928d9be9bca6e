"""Rounds over the drafts folder, which the daemon and ``once`` share: close what is done, scan, settle, take up what is
new, as many drafts at a time as the configuration says.

One thread does all of this, and it alone opens jobs and closes them; only the work on a draft between the two is done
in threads (flights.py). The ledger is the memory that counts; what this module keeps beside it only saves reading
unchanged files again.
"""

from __future__ import annotations

import datetime as dt
import errno
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from blogmetad import files, matter
from blogmetad.attempt import OPEN_FILE_WAIT, Attempt, Tools, publish, work_on
from blogmetad.errors import BlogmetadError
from blogmetad.flights import Flight, Flights
from blogmetad.intake.directives import is_ready
from blogmetad.intake.scan import Found, Scan, being_written, scan
from blogmetad.intake.settle import Watched, next_due, settle
from blogmetad.journal.ledger import Job, State
from blogmetad.outcomes import Abandoned, Duplicate, Held, Outcome, Parked, Published, Retry, Superseded, Waiting
from blogmetad.upkeep import AGAIN, Upkeep
from blogmetad.values import Problem, sha256
from blogmetad.verdicts import Verdicts

BACK_OFF = (5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds until something that failed outside the draft is tried again; the last one repeats."""

_EXCHANGED = frozenset({errno.ELOOP, errno.EINVAL, errno.ENXIO, errno.EFBIG})
"""How a link, a folder, a pipe, a socket or a file grown too large shows itself where a draft was seen."""

UNFINISHED = (State.ACCEPTED, State.STAGED, State.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Done:
    """One draft of a round and what became of it."""

    name: str
    job: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did. ``done`` are the drafts that have come to an end, ``flying`` the names of those being worked
    on; ``waiting`` drafts have not settled yet or found no place. ``again`` is when to look next (seconds from now),
    None if only a change of the folder or the end of a draft can bring work. While there is ``trouble`` with the
    folders, no draft is taken up."""

    done: tuple[Done, ...]
    flying: tuple[str, ...]
    waiting: int
    again: float | None
    trouble: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Dealt:
    """A file that was dealt with in this state. It deserves another look ``until`` its date has come, or ``again`` when
    something outside it may be well (by the monotonic clock); with neither, when it changes."""

    found: Found
    until: dt.datetime | None = None
    again: float | None = None
    failures: int = 0

    def seconds_left(self, now: dt.datetime) -> float | None:
        """Until it deserves that look; none are left if it is overdue, None if it is for a change to tell."""
        if self.again is not None:
            return max(0.0, self.again - time.monotonic())
        return None if self.until is None else max(0.0, (self.until - now.astimezone(dt.UTC)).total_seconds())


@dataclass(frozen=True, slots=True)
class Procedure:
    """What is done with the files of a folder: which of them its author has let go of, and what becomes of those."""

    is_ready: Callable[[bytes], bool]
    attempt: Attempt


class Runner:
    """Takes drafts through the pipeline, or other files through another procedure. Used by one thread; ``wake`` is
    called in another when a draft is done, which the next round then closes."""

    def __init__(
        self,
        tools: Tools,
        wake: Callable[[], None] = lambda: None,
        claim: Callable[[], None] = lambda: None,
        procedure: Procedure | None = None,
    ) -> None:
        """``claim`` makes sure that the drafts folder there now is ours, or raises AlreadyRunning."""
        self._tools, self._claim = tools, claim
        self._procedure = procedure or Procedure(lambda raw: is_ready(raw, tools.config.intake.ready), publish)
        self._flights = Flights(tools.config.model.drafts_at_once, wake)
        self._watched: Mapping[str, Watched] = {}
        self._dealt: dict[str, _Dealt] = {}
        self._upkeep = Upkeep(tools)
        self._verdicts = Verdicts(tools, self._upkeep, wake)

    def recover(self) -> None:
        """Carry on with what an earlier run left half done. Raises OSError or BlogmetadError if that has to wait; the
        rounds try again."""
        self._verdicts.catch_up()
        self._upkeep.recover()

    def prune(self) -> None:
        """Remove the kept copies of drafts that ended longer ago than the configuration says."""
        self._upkeep.prune()

    @property
    def busy(self) -> bool:
        """Whether any draft is being worked on."""
        return bool(self._flights.flying)

    @property
    def announcing(self) -> bool:
        """Whether others are being told what became of drafts."""
        return self._verdicts.announcing

    @property
    def landed(self) -> bool:
        """Whether a draft is done that the next round will close."""
        return any(flight.future.done() for flight in self._flights.flying)

    @property
    def silence(self) -> float:
        """Seconds since the work on some draft gave a sign of life; long if it is frozen."""
        return self._flights.silence

    def round(self) -> Round:
        """Close what is done, scan once, and take up what has settled. Raises FolderGone if the drafts folder is
        away."""
        tools, now = self._tools, self._tools.now()
        done = self._close_all(self._flights.take_out())
        self._verdicts.announce()
        self._claim()
        seen = scan(tools.config.site.drafts, max_bytes=tools.config.intake.max_bytes)
        around = self._upkeep.look_around(idle=not self.busy)
        for job in around.parked:
            self._verdicts.promise(job, Parked(job.problems))
            done.append(Done(job.name, job.id, Parked(job.problems)))
        if around.trouble:
            flying = tuple(flight.found.name for flight in self._flights.flying)
            return Round(tuple(done), flying, 0, AGAIN, around.trouble)
        self._forget(seen)
        fresh = [found for found in seen.found if self._due(found, now)]
        quiet = tools.config.intake.settle_seconds
        self._watched, settled = settle(self._watched, fresh, time.monotonic(), quiet)
        done += self._report_odd(seen)
        refused, open_files = self._take_up(settled)
        self._verdicts.announce()
        waiting = sum(self._due(found, now) for found in fresh)
        flying = tuple(flight.found.name for flight in self._flights.flying)
        return Round((*done, *refused), flying, waiting, self._again(now, open_files))

    def _forget(self, seen: Scan) -> None:
        """What was dealt with is to be looked at again if it is gone, or if the ledger wants it tried once more."""
        names = {found.name for found in seen.found}
        again = {job.name for job in self._tools.ledger.jobs(State.ACCEPTED)}
        self._dealt = {
            name: dealt
            for name, dealt in self._dealt.items()
            if name in names and not (dealt.seconds_left(self._tools.now()) is None and name in again)
        }

    def stop(self) -> None:
        """Withdraw the drafts in flight, wait until they are, and write down what became of each."""
        try:
            self._close_all(self._flights.stop())
        finally:
            self._verdicts.stop()

    def conclude(self, job: Job, outcome: Published | Superseded, facts: Mapping[str, object]) -> None:
        """Write down what became of a post that waited for its author: approved, or taken away."""
        self._verdicts.conclude(job, outcome, facts)

    def announce(self) -> None:
        """Have others told of what has ended, without a round over the folder."""
        self._verdicts.announce()

    def _due(self, found: Found, now: dt.datetime) -> bool:
        """Whether a file is still to be taken up, as far as is known without reading it."""
        if any(flight.found.name == found.name for flight in self._flights.flying):
            return False
        dealt = self._dealt.get(found.name)
        if dealt is None or dealt.found.stat != found.stat:
            return True
        return dealt.seconds_left(now) == 0.0

    def _again(self, now: dt.datetime, open_files: bool) -> float | None:
        """Seconds until the next draft may have settled or been closed, falls due or deserves another try."""
        if not self._flights.free:
            return None  # the end of a draft wakes us
        times = [left for dealt in self._dealt.values() if (left := dealt.seconds_left(now))]
        settling = next_due(self._watched, time.monotonic(), self._tools.config.intake.settle_seconds)
        times += [settling] if settling is not None else []
        times += [OPEN_FILE_WAIT] if open_files else []
        return min(times, default=None)

    def _take_up(self, settled: Sequence[Found]) -> tuple[list[Done], bool]:
        """Begin with the files, the oldest first, while there are places; those that cannot be read, and whether any
        is still being written."""
        tools = self._tools
        refused: list[Done] = []
        open_files = False
        if settled and self._flights.free:
            tools.index.refresh(tools.keep_going)
        for found in sorted(settled, key=lambda f: (f.stat.mtime_ns, f.name)):
            if not (self._flights.free and tools.keep_going()):
                break
            if being_written(found.path) is True:
                open_files = True
            elif (done := self._take(found)) is not None:
                refused.append(done)
        return refused, open_files

    def _take(self, found: Found) -> Done | None:
        """Begin with one settled file, unless the ledger knows this very version as dealt with; what is to be told of
        one that cannot be read."""
        tools = self._tools
        try:
            raw, state = files.read_stable(found.path, tools.config.intake.max_bytes)
        except (BlockingIOError, FileNotFoundError):
            return None  # it moved under our eyes: the next scan tells
        except OSError as error:
            if error.errno in _EXCHANGED:
                return None  # no longer the file that was scanned: the next scan tells what it is
            self._dealt[found.name] = _Dealt(found)
            problem = Problem(
                "draft.unreadable", f"{found.name} cannot be read: {error.strerror}. Check its permissions."
            )
            return self._refuse(found.name, problem)
        if not self._procedure.is_ready(raw):
            self._dealt[found.name] = _Dealt(found)
            self._drop_older(found.name)
            return None
        body = matter.body_hash(raw)
        if any(flight.job.body_sha256 == body for flight in self._flights.flying):
            return None  # once that one is a post, this is its duplicate; the end of it wakes us
        job = self._job(found, raw, body, dt.datetime.fromtimestamp(state.st_mtime, dt.UTC))
        if job is None:
            self._dealt[found.name] = _Dealt(found)
        else:
            self._flights.start(found, job, self._work(job, raw))
        return None

    def _work(self, job: Job, raw: bytes) -> Callable[[Flight], Outcome]:
        return lambda flight: work_on(self._tools, flight.keep_going, job, raw, self._procedure.attempt)

    def _job(self, found: Found, raw: bytes, body: str, modified: dt.datetime) -> Job | None:
        """The ledger's row for this version of the file: a new one, the one to go on with, or None if it is settled
        and was not saved again since."""
        tools, summed = self._tools, sha256(raw)
        known = tools.ledger.latest(found.name, summed)
        if known is not None:
            if known.state in (*UNFINISHED, State.HELD):
                return known
            dealt = self._dealt.get(found.name)
            untouched = dealt is not None and dealt.found.stat.mtime_ns == found.stat.mtime_ns
            if known.state is State.UNDONE and (dealt is None or untouched):
                return None
            if known.state is State.PARKED and (untouched or (dealt is None and modified <= known.updated)):
                return None
        self._drop_older(found.name)
        now = tools.now()
        watched = self._watched.get(found.name)
        age = dt.timedelta(seconds=time.monotonic() - watched.first_seen) if watched else dt.timedelta()
        return tools.ledger.open_job(found.name, summed, body, len(raw), now.astimezone(dt.UTC) - age, now, now)

    def _drop_older(self, name: str) -> None:
        """End the job of an earlier version of this file that has come to no end."""
        older = self._tools.ledger.latest(name)
        if older is not None and older.state in (State.ACCEPTED, State.PARKED, State.HELD):
            self._tools.placer.supersede(older)
            self._upkeep.write_entry(older.id)

    def _close_all(self, flights: Sequence[Flight]) -> list[Done]:
        """What became of these drafts. Raises, once all are seen to, what kept one of them from being written down."""
        done: list[Done] = []
        failures: list[BlogmetadError | OSError] = []
        for flight in flights:
            try:
                outcome = flight.future.result()
                self._close(flight, outcome)
                done.append(Done(flight.found.name, flight.job.id, outcome))
            except (BlogmetadError, OSError) as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return done

    def _close(self, flight: Flight, outcome: Outcome) -> None:
        """Have the outcome written down, and remember when to look at the file again."""
        found = flight.found
        dealt = self._dealt.get(found.name)
        failures = dealt.failures if dealt is not None else 0
        wait = None
        if isinstance(outcome, Retry):
            wait = BACK_OFF[min(failures, len(BACK_OFF) - 1)] if outcome.wait is None else outcome.wait
        self._verdicts.close(flight.job, outcome, flight.seconds, wait)
        match outcome:
            case Published() | Waiting() | Superseded():
                self._dealt.pop(found.name, None)
            case Parked():
                self._dealt[found.name] = _Dealt(found)
            case Held():
                self._dealt[found.name] = _Dealt(found, outcome.until)
            case Retry():
                # By a clock that nobody sets: one set back by a year would leave the draft alone for a year.
                again = time.monotonic() + (wait or 0.0)
                self._dealt[found.name] = _Dealt(found, again=again, failures=failures + (outcome.wait is None))
            case Duplicate() | Abandoned():
                pass

    def _report_odd(self, seen: Scan) -> list[Done]:
        told = (self._refuse(problem.field or "", problem) for problem in seen.odd)
        return [done for done in told if done is not None]

    def _refuse(self, name: str, problem: Problem) -> Done | None:
        job = self._verdicts.refuse(name, problem)
        return None if job is None else Done(name, job.id, Parked((problem,)))
