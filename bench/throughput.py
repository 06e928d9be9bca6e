"""Drafts an hour when 1, 4 or 16 are waiting: one after another, and several in flight, through the real worker.

python -m bench.throughput [--model starter] [--threads 0] [--waiting 1,4,16] [--parallel 1,4] [--out FOLDER] [--json]
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench import drafts, machine
from bench import task as tasks
from bench.options import JsonOption, ModelOption, OutOption, ThreadsOption
from bench.result import Result, Target, tell
from bench.working import Answered, answered, working
from blogmetad.config import Model as ModelConfig
from blogmetad.model.catalog import resolve
from blogmetad.values import Draft, Request

GAIN = 1.3
"""How many times as many drafts an hour there have to be with several in flight."""

Runs = dict[int, dict[int, Answered]]
"""By drafts in flight, then by drafts waiting."""


def requests(number: int) -> tuple[Request, ...]:
    """What is asked about so many different drafts."""
    task = tasks.load(tasks.POST, tasks.RULES, ModelConfig().digest_tokens)
    made = []
    for n, text in enumerate(drafts.several(task.draft.text, number)):
        raw = text.encode()
        made.append(tasks.Task(Draft(f"{n}.md", raw, b"", {}, raw), task.rules, task.budget).request())
    return tuple(made)


def measure(file: Path, threads: int, waiting: Sequence[int], parallel: Sequence[int]) -> Runs:
    """Every number of waiting drafts with every number in flight; a worker is warm before it is measured."""
    asked = requests(max(waiting))
    runs: Runs = {}
    with tempfile.TemporaryDirectory() as state:
        for flights in parallel:
            with working(file, Path(state), threads=threads, parallel=flights) as worker:
                worker.propose(asked[0], lambda: True)
                runs[flights] = {number: answered(worker, asked[:number]) for number in waiting}
    return runs


def alike(one: Answered, other: Answered) -> int:
    """How many drafts got the same texts both times."""
    return sum(a.texts == b.texts for a, b in zip(one.proposals, other.proposals, strict=True))


def report(runs: Runs, conditions: dict[str, object]) -> Result:
    """A row for every number of drafts in flight."""
    fewest, most = min(runs), max(runs)
    waiting = list(runs[fewest])
    rows = [
        (f"{flights} in flight", *(f"{3600 * n / run[n].seconds:.0f}" for n in waiting))
        for flights, run in runs.items()
    ]
    gains = {n: runs[fewest][n].seconds / runs[most][n].seconds for n in waiting}
    rows.append((f"{most} in flight / {fewest}", *(f"{gains[n]:.2f}" for n in waiting)))
    longest = waiting[-1]
    same = alike(runs[fewest][longest], runs[most][longest])
    seconds = {
        str(flights): {str(n): round(each.seconds, 3) for n, each in run.items()} for flights, run in runs.items()
    }
    return Result(
        name="throughput",
        title="Drafts an hour",
        columns=("", *(f"{n} waiting" for n in waiting)),
        rows=tuple(rows),
        data={"seconds": seconds, "same_texts": same, "conditions": conditions},
        targets=(Target(f"{longest} waiting, {most} in flight against {fewest}", gains[longest], GAIN, least=True),),
        notes=(
            f"{same} of {longest} drafts got the same title and description with {most} in flight as with {fewest}",
            "what limits it: bench/README.md, from the figures of `python -m bench.batches`",
        ),
    )


def main(
    model: ModelOption = "starter",
    threads: ThreadsOption = 0,
    waiting: Annotated[str, typer.Option(help="Drafts that wait, with commas.")] = "1,4,16",
    parallel: Annotated[str, typer.Option(help="Drafts in flight, with commas.")] = "1,4",
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Measure how many drafts go through in an hour."""
    file = resolve(model, Path.cwd())
    runs = measure(file, threads, [int(n) for n in waiting.split(",")], [int(n) for n in parallel.split(",")])
    tell(report(runs, {"model": file.name, **machine.conditions()}), out, as_data)


if __name__ == "__main__":
    typer.run(main)
