"""What publish asks of the ledger: the shape of a job and of the book it stands in.

Stages do not import each other, so the real ledger is handed in; whatever has these methods will do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

ACCEPTED = "accepted"
STAGED = "staged"
PUBLISHED = "published"
WAITING = "waiting"
DONE = "done"
DUPLICATE = "duplicate"
SUPERSEDED = "superseded"
UNDONE = "undone"

FINISHED = (DONE, DUPLICATE, SUPERSEDED, UNDONE)
"""What nothing more becomes of by itself."""

INTENT = "undone"
RESTORED = "restored"
"""The steps with which taking a job back begins and ends."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; ``reason`` is a whole sentence."""

    reason: str


class JobLike(Protocol):
    """One version of one draft on its way, as far as placing it is concerned."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def settled(self) -> dt.datetime: ...
    @property
    def state(self) -> str: ...
    @property
    def target(self) -> str | None: ...
    @property
    def post_sha256(self) -> str | None: ...
    @property
    def updated(self) -> dt.datetime: ...


class StepLike(Protocol):
    """One thing that was done for a job."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


class LedgerLike(Protocol):
    """The book of jobs. Every change is durable when the method returns, or when its transaction ends."""

    def get(self, job_id: str, /) -> JobLike | None: ...
    def jobs(self, *states: str, limit: int | None = None, newest_first: bool = True) -> Sequence[JobLike]: ...
    def steps(self, job_id: str, /) -> Sequence[StepLike]: ...
    def latest_first(self) -> Sequence[tuple[str, dt.datetime]]: ...
    def step(self, job_id: str, name: str, data: Mapping[str, Any], now: dt.datetime, /) -> None: ...
    def transaction(self) -> AbstractContextManager[None]: ...
    def open_job(
        self,
        name: str,
        sha256: str,
        body_sha256: str,
        size: int,
        arrived: dt.datetime,
        settled: dt.datetime,
        now: dt.datetime,
        /,
        *,
        known_as: str | None = ...,
    ) -> JobLike: ...
    def move(
        self,
        job_id: str,
        state: str,
        now: dt.datetime,
        /,
        *,
        name: str = ...,
        target: str | None = ...,
        post_sha256: str | None = ...,
        entry: str | None = ...,
        entry_sha256: str | None = ...,
    ) -> JobLike: ...
