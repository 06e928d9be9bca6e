"""The ledger: which drafts were taken up, how far they came and why. One SQLite file (database.py), one writer."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from blogmetad.journal.database import LedgerError, LedgerGone, guarded, identity, opened, understood
from blogmetad.journal.job import (
    COLUMNS,
    Event,
    Job,
    State,
    Step,
    from_row,
    from_step,
    listed,
    moment,
    path,
    stamp,
)
from blogmetad.values import Problem

__all__ = ["Event", "Job", "Ledger", "LedgerError", "LedgerGone", "State", "Step"]

_STEP = "INSERT INTO step (job, at, name, data) VALUES (?, ?, ?, ?)"


class _Unset(Enum):
    UNSET = auto()


_UNSET: Final = _Unset.UNSET


class Ledger:
    """All jobs and their steps. Every change is committed when the method returns, or with its
    ``transaction``.

    One connection, usable from several threads one at a time; a context manager that closes it. Every method
    raises LedgerError if the file cannot be read or written, KeyError for an unknown job, ValueError for a
    naive time.
    """

    def __init__(self, file: Path, *, readonly: bool = False) -> None:
        self.path = file
        self._lock = threading.RLock()
        self._notes: list[tuple[str, ...]] = []
        self._db = opened(file, readonly=readonly)
        self._identity = identity(file)

    @classmethod
    def open_readonly(cls, file: Path) -> Self:
        """A reader beside a running daemon; waits up to 5 s for a commit in progress. Never creates the
        file."""
        return cls(file, readonly=True)

    def read_all(self) -> None:
        """Read every job and every step, as a trial: damage is better met now than in the middle of a draft."""
        self.jobs()
        with self._lock, self._guarded(), self._understood():
            for row in self._db.execute("SELECT at, name, data FROM step"):
                from_step(row)

    def in_place(self) -> bool:
        """Whether the file is still there under its name. If its folder was removed or unmounted, what is written goes
        nowhere, and nothing else tells."""
        return identity(self.path) == self._identity

    def close(self) -> None:
        """Close the file."""
        try:
            self._write_notes()
        finally:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done inside is committed together at the end, or not at all. One inside another joins
        it."""
        with self._lock, self._guarded():
            joined = self._db.in_transaction
            if joined:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                if self._notes:
                    self._db.executemany(_STEP, self._notes)
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._notes.clear()

    def open_job(
        self,
        name: str,
        sha256: str,
        body_sha256: str,
        size: int,
        arrived: dt.datetime,
        settled: dt.datetime,
        now: dt.datetime,
        state: State = State.ACCEPTED,
        known_as: str | None = None,
    ) -> Job:
        """Take up a draft. The id is the day of ``now`` and six hex digits of ``sha256``, with -2, -3 when
        taken; or the one it is ``known_as``, which must be free."""
        with self.transaction():
            base = known_as or f"{now:%Y%m%d}-{sha256[:6]}"
            job_id, count = base, 1
            while self.get(job_id) is not None:
                count += 1
                job_id = f"{base}-{count}"
            self._db.execute(
                "INSERT INTO job (id, name, sha256, body_sha256, size, state, arrived, settled, updated) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(job_id, path(name), sha256, body_sha256, size, State(state).value),
                    *(stamp(arrived), stamp(settled), stamp(now)),
                ),
            )
            return self._job(job_id)

    def get(self, job_id: str) -> Job | None:
        """The job with exactly this id, if there is one."""
        return next(iter(self._select("WHERE id = ?", job_id)), None)

    def find(self, part: str) -> tuple[Job, ...]:
        """The jobs whose id begins or ends with ``part``, newest first; none for an empty ``part``."""
        if not part:
            return ()
        where = "WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1 ORDER BY serial DESC"
        return self._select(where, part)

    def jobs(self, *states: str, limit: int | None = None, newest_first: bool = True) -> tuple[Job, ...]:
        """The jobs in any of ``states`` (all jobs if none is given), in the order they were taken up."""
        where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        order = "DESC" if newest_first else "ASC"
        values = [State(state).value for state in states]
        return self._select(f"{where} ORDER BY serial {order} LIMIT ?", *values, -1 if limit is None else limit)

    def latest(self, name: str, sha256: str | None = None) -> Job | None:
        """The newest job for this draft, or for exactly this version of it."""
        where = "WHERE name = ?1 AND (?2 IS NULL OR sha256 = ?2) ORDER BY serial DESC LIMIT 1"
        return next(iter(self._select(where, path(name), sha256)), None)

    def done_with_body(self, body_sha256: str) -> tuple[Job, ...]:
        """The jobs whose draft had this body and has become a post, newest first; it may still wait for its author."""
        where = "WHERE body_sha256 = ? AND state IN (?, ?) ORDER BY serial DESC"
        return self._select(where, body_sha256, State.DONE.value, State.WAITING.value)

    def move(
        self,
        job_id: str,
        state: str,
        now: dt.datetime,
        *,
        name: str | _Unset = _UNSET,
        target: str | _Unset | None = _UNSET,
        post_sha256: str | _Unset | None = _UNSET,
        until: dt.datetime | _Unset | None = _UNSET,
        problems: tuple[Problem, ...] | _Unset = _UNSET,
        entry: str | _Unset | None = _UNSET,
        entry_sha256: str | _Unset | None = _UNSET,
    ) -> Job:
        """Put a job into ``state`` (a State or its value); what is not given stays as it is."""
        changes: dict[str, object] = {"state": State(state).value, "updated": stamp(now)}
        for column, file in (("name", name), ("target", target), ("entry", entry)):
            if not isinstance(file, _Unset):
                changes[column] = None if file is None else path(file)
        if not isinstance(post_sha256, _Unset):
            changes["post_sha256"] = post_sha256
        if not isinstance(entry_sha256, _Unset):
            changes["entry_sha256"] = entry_sha256
        if not isinstance(until, _Unset):
            changes["until"] = None if until is None else stamp(until)
        if not isinstance(problems, _Unset):
            changes["problems"] = listed(problems)
        assignments = ", ".join(f"{column} = ?" for column in changes)
        return self._update(job_id, assignments, *changes.values())

    def attempt(self, job_id: str, now: dt.datetime) -> Job:
        """Count one more attempt. Committed before the model is asked, so that a draft that kills it is
        counted."""
        return self._update(job_id, "attempts = attempts + 1, updated = ?", stamp(now))

    def step(self, job_id: str, name: str, data: Mapping[str, Any], now: dt.datetime) -> None:
        """Write down one step of a job."""
        with self.transaction():
            self._job(job_id)
            self._db.execute(_STEP, _row(job_id, name, data, now))

    def note(self, job_id: str, name: str, data: Mapping[str, Any], now: dt.datetime) -> None:
        """A step that is written down together with whatever changes next, to wait for the disk once. A power cut may
        take it, and what was done since the last change with it; that is then done again and noted again."""
        with self._lock:
            self._job(job_id)
            if self._db.in_transaction:
                self._db.execute(_STEP, _row(job_id, name, data, now))
            else:
                self._notes.append(_row(job_id, name, data, now))

    def steps(self, job_id: str) -> tuple[Step, ...]:
        """What was done for a job, in order."""
        self._write_notes()
        with self._lock, self._guarded(), self._understood():
            rows = self._db.execute("SELECT at, name, data FROM step WHERE job = ? ORDER BY serial", (job_id,))
            return tuple(from_step(row) for row in rows)

    def latest_first(self) -> tuple[tuple[str, dt.datetime], ...]:
        """The job and the time of every step, the last one that was written down first, whatever its time."""
        self._write_notes()
        with self._lock, self._guarded(), self._understood():
            rows = self._db.execute("SELECT job, at FROM step ORDER BY serial DESC")
            return tuple((str(job), moment(at)) for job, at in rows)

    def latest_steps(self, name: str, *states: str) -> tuple[Step, ...]:
        """The newest step of that name of every job in ``states``, in the order the jobs were taken up."""
        query = (
            "SELECT step.at, step.name, step.data, max(step.serial) FROM step JOIN job ON job.id = step.job "
            f"WHERE step.name = ? AND job.state IN ({', '.join('?' * len(states))}) GROUP BY job.id ORDER BY job.serial"
        )
        self._write_notes()
        with self._lock, self._guarded(), self._understood():
            rows = self._db.execute(query, (name, *(State(state).value for state in states)))
            return tuple(from_step(row[:3]) for row in rows)

    def events(self, behind: int = 0, latest: int | None = None) -> tuple[Event, ...]:
        """The steps of all jobs behind the one of that number, in the order they were written down; only the ``latest``
        so many, if that is said."""
        query = "SELECT serial, job, at, name, data FROM step WHERE serial > ? ORDER BY serial DESC LIMIT ?"
        self._write_notes()
        with self._lock, self._guarded(), self._understood():
            rows = self._db.execute(query, (behind, -1 if latest is None else latest)).fetchall()
            return tuple(Event(row[0], row[1], from_step(row[2:])) for row in reversed(rows))

    def unanswered(self, question: str, answer: str) -> tuple[str, ...]:
        """The ids of the jobs behind whose newest step named ``question`` there is none named ``answer``."""
        query = (
            "SELECT job FROM step WHERE name IN (?1, ?2) GROUP BY job "
            "HAVING max(iif(name = ?1, serial, 0)) > max(iif(name = ?2, serial, 0)) ORDER BY min(serial)"
        )
        self._write_notes()
        with self._lock, self._guarded(), self._understood():
            return tuple(str(job) for (job,) in self._db.execute(query, (question, answer)))

    def _write_notes(self) -> None:
        with self._lock:
            if self._notes:
                with self.transaction():
                    pass

    def _job(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def _update(self, job_id: str, assignments: str, *values: object) -> Job:
        with self.transaction():
            self._db.execute(f"UPDATE job SET {assignments} WHERE id = ?", (*values, job_id))
            return self._job(job_id)

    def _select(self, where: str, *values: object) -> tuple[Job, ...]:
        with self._lock, self._guarded(), self._understood():
            rows = self._db.execute(f"SELECT {COLUMNS} FROM job {where}", values)
            return tuple(from_row(row) for row in rows)

    def _guarded(self) -> AbstractContextManager[None]:
        return guarded(self.path)

    def _understood(self) -> AbstractContextManager[None]:
        return understood(self.path)


def _row(job_id: str, name: str, data: Mapping[str, Any], now: dt.datetime) -> tuple[str, ...]:
    """A step as it is kept. Raises ValueError for a naive time, and for what JSON cannot hold."""
    return (job_id, stamp(now), name, json.dumps(data, allow_nan=False))
