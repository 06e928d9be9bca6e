"""What the ledger knows of a draft on its way, and how that is written into SQLite's columns.

Names are stored as bytes, since a file name need not be valid text.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from pathlib import PurePosixPath
from types import NoneType
from typing import Any

from blogmetad.values import Problem

VERSION = 1
SCHEMA = (
    """
    CREATE TABLE job (
        serial INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name BLOB NOT NULL,
        sha256 TEXT NOT NULL,
        body_sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        target BLOB,
        post_sha256 TEXT,
        arrived TEXT NOT NULL,
        settled TEXT NOT NULL,
        updated TEXT NOT NULL,
        until TEXT,
        problems TEXT NOT NULL DEFAULT '[]',
        entry BLOB,
        entry_sha256 TEXT
    )
    """,
    "CREATE INDEX job_name ON job (name, sha256)",
    "CREATE INDEX job_state ON job (state)",
    """
    CREATE TABLE step (
        serial INTEGER PRIMARY KEY,
        job TEXT NOT NULL REFERENCES job (id),
        at TEXT NOT NULL,
        name TEXT NOT NULL,
        data TEXT NOT NULL
    )
    """,
    "CREATE INDEX step_job ON step (job)",
    f"PRAGMA user_version = {VERSION}",
)
COLUMNS = (
    "id, name, sha256, body_sha256, size, state, attempts, target, post_sha256, "
    "arrived, settled, updated, until, problems, entry, entry_sha256"
)
_KINDS = (
    *(str, bytes, str, str, int, str, int, bytes | NoneType, str | NoneType),
    *(str, str, str, str | NoneType, str, bytes | NoneType, str | NoneType),
)
"""What each of the columns holds. SQLite would keep anything in any of them."""


class State(StrEnum):
    """How far a job has come."""

    ACCEPTED = auto()
    STAGED = auto()
    PUBLISHED = auto()
    WAITING = auto()
    DONE = auto()
    PARKED = auto()
    HELD = auto()
    DUPLICATE = auto()
    SUPERSEDED = auto()
    UNDONE = auto()


def outcome_of(state: str) -> str:
    """A state of the ledger in the words that authors are told: a draft is done once it is published."""
    return "published" if state == State.DONE else str(state)


@dataclass(frozen=True, slots=True)
class Job:
    """One version of one draft on its way. ``name`` is the draft's path below the drafts folder
    (``os.fsdecode``), ``target`` the post's file name; times are aware and in UTC; ``entry`` is the journal
    file's name."""

    id: str
    name: str
    sha256: str
    body_sha256: str
    size: int
    state: State
    attempts: int
    target: str | None
    post_sha256: str | None
    arrived: dt.datetime
    settled: dt.datetime
    updated: dt.datetime
    until: dt.datetime | None
    problems: tuple[Problem, ...]
    entry: str | None
    entry_sha256: str | None

    @property
    def outcome(self) -> str:
        """Its state in the words that authors are told."""
        return outcome_of(self.state)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done for a job; ``data`` is what JSON can hold."""

    at: dt.datetime
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A step of the job with that id, and the number under which the ledger has it."""

    serial: int
    job: str
    step: Step


def from_row(row: Sequence[Any]) -> Job:
    """A Job out of COLUMNS. Raises ValueError (or TypeError) for what no ledger has written."""
    if not all(isinstance(value, kind) for value, kind in zip(row, _KINDS, strict=True)):
        raise TypeError("a value of the wrong kind")
    job_id, name, sha256, body_sha256, size, state, attempts, target, post_sha256, *rest = row
    arrived, settled, updated, until, problems, entry, entry_sha256 = rest
    return Job(
        id=job_id,
        name=_file_name(name),
        sha256=sha256,
        body_sha256=body_sha256,
        size=size,
        state=State(state),
        attempts=attempts,
        target=None if target is None else _file_name(target),
        post_sha256=post_sha256,
        arrived=moment(arrived),
        settled=moment(settled),
        updated=moment(updated),
        until=None if until is None else moment(until),
        problems=tuple(Problem(**problem) for problem in json.loads(problems)),
        entry=None if entry is None else _file_name(entry),
        entry_sha256=entry_sha256,
    )


def from_step(row: Sequence[Any]) -> Step:
    """A Step out of its columns at, name, data. Raises ValueError (or TypeError) for what no ledger has written."""
    at, name, data = row
    facts = json.loads(data)
    if not (isinstance(name, str) and isinstance(facts, dict)):
        raise TypeError("a value of the wrong kind")
    return Step(moment(at), name, facts)


def _file_name(stored: bytes) -> str:
    """A file's name below its folder. Whatever a damaged ledger says, nothing outside the folder is touched."""
    name = os.fsdecode(stored)
    if leads_astray(name):
        raise ValueError(f"{name!r} is no file name")
    return name


def leads_astray(name: str) -> bool:
    """Whether this cannot be the name of a file below the folder it is looked for in."""
    where = PurePosixPath(name)
    return "\0" in name or where.is_absolute() or ".." in where.parts


def moment(stored: str) -> dt.datetime:
    """A time out of how it is stored. Raises ValueError for what no ledger has written."""
    found = dt.datetime.fromisoformat(stored)
    if found.tzinfo is None:
        raise ValueError(f"{stored!r} has no time zone")
    return found


def path(name: str) -> bytes:
    """A file name as it is stored."""
    return os.fsencode(name)


def stamp(at: dt.datetime) -> str:
    """A time as it is stored: UTC, ISO 8601. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("a time in the ledger needs a time zone")
    return at.astimezone(dt.UTC).isoformat()


def listed(problems: Sequence[Problem]) -> str:
    """Problems as they are stored."""
    return json.dumps([asdict(problem) for problem in problems])
