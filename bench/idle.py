"""Memory, and what doing nothing costs: of the daemon alone, of the model's process, and at the height of a draft.

    python -m bench.idle [--model starter] [--threads 0] [--seconds 60] [--posts 1000] [--folder build/bench] [--json]

Read from /proc while a real ``blogmetad run`` watches a folder: Linux only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import machine
from bench import task as tasks
from bench.options import JsonOption, ModelOption, OutOption, ThreadsOption
from bench.result import Result, tell
from bench.sites import Site
from blogmetad.model.catalog import resolve

PATIENCE = 900.0
SETTLING = 3.0
"""Seconds for a process to come to rest before it is looked at."""

say = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Resting:
    """A process that had nothing to do: processor seconds, and how often it woke, in so many seconds; its megabytes."""

    seconds: float
    computing: float
    wakes: int
    megabytes: float


@dataclass(frozen=True, slots=True)
class Found:
    """The daemon before any draft; then with a model loaded; both processes and the most the model's ever had."""

    before: Resting
    loaded: Resting
    worker: Resting
    worker_peak: float
    daemon_peak: float


def megabytes(pid: int, name: str = "VmRSS") -> float:
    """Memory of a process: what it has (VmRSS) or the most it had (VmHWM)."""
    return _status(Path("/proc", str(pid), "status"), name) / 1024


def computing(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakes(pid: int) -> int:
    """How often the threads of a process went to sleep so far, and so were woken."""
    threads = Path("/proc", str(pid), "task").iterdir()
    return sum(_status(thread / "status", "voluntary_ctxt_switches") for thread in threads)


def _status(file: Path, name: str) -> int:
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def resting(pid: int, seconds: float) -> Resting:
    """Look at a process for so long."""
    time.sleep(SETTLING)
    before = computing(pid), wakes(pid)
    time.sleep(seconds)
    return Resting(seconds, computing(pid) - before[0], wakes(pid) - before[1], megabytes(pid))


@contextmanager
def daemon(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """``blogmetad run`` on a site, until it knows all posts."""
    log = site.root / "daemon.log"
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "blogmetad", "run", "--config", str(site.config)]
        process = subprocess.Popen(command, stderr=stderr)
    try:
        _wait(process, log, lambda: b'"posts known"' in log.read_bytes())
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def measure(site: Site, seconds: float) -> Found:
    """Rest, one draft, rest again."""
    log = site.root / "daemon.log"
    with daemon(site) as process:
        say.print(f"doing nothing for {seconds:.0f} s")
        before = resting(process.pid, seconds)
        (site.drafts / "draft.md").write_bytes(tasks.POST.read_bytes())
        say.print("one draft")
        _wait(process, log, lambda: b'"published"' in log.read_bytes())
        worker = _child(process.pid)
        loaded = resting(process.pid, seconds)
        return Found(
            before, loaded, resting(worker, seconds), megabytes(worker, "VmHWM"), megabytes(process.pid, "VmHWM")
        )


def _child(pid: int) -> int:
    tasks_of = Path("/proc", str(pid), "task").iterdir()
    return next(int(child) for thread in tasks_of for child in (thread / "children").read_text().split())


def _wait(process: subprocess.Popen[bytes], log: Path, there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        if process.poll() is not None or time.monotonic() > deadline or b'"parked"' in log.read_bytes():
            raise RuntimeError(f"waited in vain: {log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.05)


def report(found: Found, posts: int, file: Path) -> Result:
    """A row for each state."""
    rows = [
        _row("daemon, before any draft", found.before, ""),
        _row("daemon, model loaded", found.loaded, f"{found.daemon_peak:.0f}"),
        _row("the model's process", found.worker, f"{found.worker_peak:.0f}"),
    ]
    both = found.loaded.megabytes + found.worker.megabytes
    weights = file.stat().st_size / 2**20
    return Result(
        name="idle",
        title="Memory, and doing nothing",
        columns=("process", "MB", "MB at most", "processor ms a minute", "woken a minute"),
        rows=tuple(rows),
        data={
            "daemon_mb": round(found.before.megabytes, 1),
            "worker_mb": round(found.worker.megabytes, 1),
            "worker_peak_mb": round(found.worker_peak, 1),
            "daemon_peak_mb": round(found.daemon_peak, 1),
            "idle_cpu_ms_a_minute": round(60_000 * found.before.computing / found.before.seconds, 1),
            "idle_wakes_a_minute": round(60 * found.before.wakes / found.before.seconds, 1),
            "model_file_mb": round(weights, 1),
            "conditions": {"model": file.name, **machine.conditions()},
        },
        notes=(
            f"{posts:,} posts; the model's file has {weights:.0f} MB, and its pages count as memory",
            f"daemon and model together: {both:.0f} MB; the model's process ends after model.idle_seconds without work",
        ),
    )


def _row(name: str, each: Resting, peak: str) -> tuple[str, ...]:
    minute = 60 / each.seconds
    return (name, f"{each.megabytes:.0f}", peak, f"{1000 * each.computing * minute:.0f}", f"{each.wakes * minute:.0f}")


def main(
    model: ModelOption = "starter",
    threads: ThreadsOption = 0,
    seconds: Annotated[float, typer.Option(min=1, help="How long to watch each process do nothing.")] = 60.0,
    posts: Annotated[int, typer.Option(min=1, help="Posts of the blog.")] = 1000,
    folder: Annotated[Path, typer.Option(help="Where the blog is made; it is kept.")] = Path("build/bench"),
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Measure memory and the cost of doing nothing."""
    file = resolve(model, Path.cwd())
    with Site.made(folder.absolute(), posts, file, threads) as site:
        found = measure(site, seconds)
    tell(report(found, posts, file), out, as_data)


if __name__ == "__main__":
    typer.run(main)
