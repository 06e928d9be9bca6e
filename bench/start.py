"""Seconds from nothing to the first proposal, and to the next one, through the real worker.

    python -m bench.start [--model starter] [--threads 0] [--repeat 3] [--out FOLDER] [--json]

Each start is a new process. The guidance's state is on disk or it is not; what is known of the machine's modes is there
in both cases, as after the very first start.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from bench import machine
from bench import task as tasks
from bench.options import JsonOption, ModelOption, OutOption, RepeatOption, ThreadsOption
from bench.result import Result, Target, tell
from bench.working import working
from blogmetad.config import Model as ModelConfig
from blogmetad.model.catalog import resolve
from blogmetad.values import Request

COLD = 1.3
"""How many times the warm latency the first proposal may take beside the loading, with a saved state."""

WARM = 2
"""Proposals behind the first one."""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of one start: until the model was loaded, of the first proposal, and of one after it."""

    loading: float
    first: float
    warm: float


def start(file: Path, state: Path, threads: int, request: Request, *, saved: bool) -> Start:
    """One start and three proposals."""
    with working(file, state, threads=threads, saved=saved) as worker:
        began = time.perf_counter()
        worker.prepare(lambda: True)
        loaded = time.perf_counter()
        worker.propose(request, lambda: True)
        first = time.perf_counter()
        for _ in range(WARM):
            worker.propose(request, lambda: True)
        return Start(loaded - began, first - loaded, (time.perf_counter() - first) / WARM)


def measure(file: Path, threads: int, repeat: int) -> dict[bool, list[Start]]:
    """Starts with a saved state and without one, in turns."""
    request = tasks.load(tasks.POST, tasks.RULES, ModelConfig().digest_tokens).request()
    found: dict[bool, list[Start]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as state:
        start(file, Path(state), threads, request, saved=True)  # writes the state, and what is known of the modes
        for _ in range(repeat):
            for saved, starts in found.items():
                starts.append(start(file, Path(state), threads, request, saved=saved))
    return found


def report(found: dict[bool, list[Start]], conditions: dict[str, object]) -> Result:
    """A row for each kind of start."""
    rows, data = [], {}
    for saved, starts in found.items():
        loading, first, warm = (
            statistics.median(getattr(each, name) for each in starts) for name in ("loading", "first", "warm")
        )
        name = "guidance saved" if saved else "nothing saved"
        rows.append((name, *(f"{seconds:.2f}" for seconds in (loading, first, warm)), f"{first / warm:.2f}"))
        data[name] = {"loading": round(loading, 3), "first": round(first, 3), "warm": round(warm, 3)}
    ratio = statistics.median(each.first / each.warm for each in found[True])
    return Result(
        name="start",
        title="From nothing to the first proposal: seconds",
        columns=("start with", "loading", "first proposal", "warm proposal", "first / warm"),
        rows=tuple(rows),
        data={"starts": data, "conditions": conditions},
        targets=(Target("first proposal with a saved state, against a warm one", ratio, COLD),),
    )


def main(
    model: ModelOption = "starter",
    threads: ThreadsOption = 0,
    repeat: RepeatOption = 3,
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Measure cold starts."""
    file = resolve(model, Path.cwd())
    tell(report(measure(file, threads, repeat), {"model": file.name, **machine.conditions()}), out, as_data)


if __name__ == "__main__":
    typer.run(main)
