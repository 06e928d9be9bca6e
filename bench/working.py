"""The real worker, as the daemon starts it, for the benchmarks that measure it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blogmetad.cli import logs
from blogmetad.config import Log as LogConfig
from blogmetad.config import Model as ModelConfig
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.values import Proposal, Request


@dataclass(frozen=True, slots=True)
class Answered:
    """Proposals in the order of their requests, and seconds of wall time until the last one was there."""

    proposals: tuple[Proposal, ...]
    seconds: float


@contextmanager
def working(file: Path, state: Path, *, threads: int = 0, parallel: int = 1, saved: bool = True) -> Iterator[Worker]:
    """A worker that has not started yet. ``state`` keeps what it found out about the machine; ``saved``: and the states
    of the guidance."""
    logs.configure(LogConfig(level="warning"))
    options = WorkerOptions(
        model=file,
        name=file.stem,
        state=state,
        threads=threads or physical_cores(),
        context=ModelConfig().context,
        parallel=parallel,
        saved=state / "states" if saved else None,
    )
    worker = Worker(options)
    try:
        yield worker
    finally:
        worker.unload()


def answered(worker: Worker, requests: Sequence[Request]) -> Answered:
    """What the worker says to all of them, asked at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(requests)) as threads:
        proposals = tuple(threads.map(lambda request: worker.propose(request, lambda: True), requests))
    return Answered(proposals, time.perf_counter() - began)
