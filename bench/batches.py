"""What llama.cpp's batches cost by their size: why several drafts at once are hardly faster than one after another.

    python -m bench.batches [--model starter] [--drafts 4] [--parallel 1,4] [--out FOLDER] [--json]

On one thread and by its processor time, so that other work on the machine hardly counts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench import machine
from bench.options import JsonOption, ModelOption, OutOption
from bench.result import Result, tell
from bench.throughput import requests
from blogmetad.model.catalog import resolve
from blogmetad.model.local.engine import Engine
from blogmetad.model.local.llama import Cell, Llama, LoadOptions, Logits

SIZES = ((1, 1), (2, 2), (3, 7), (8, 63), (64, 512))
"""Tokens of a batch, from and to: text is read in the largest, lines are written in the smallest."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One call of llama_decode: its tokens, and seconds of the processor."""

    tokens: int
    seconds: float


class Counted(Llama):
    """A model that notes what each batch costs."""

    batches: list[Batch]

    def decode(self, cells: Sequence[Cell]) -> list[Logits]:
        """As ever; all cells fit into one batch, since the engine sees to that."""
        began = time.process_time()
        rows = super().decode(cells)
        self.batches.append(Batch(len(cells), time.process_time() - began))
        return rows


def measure(file: Path, drafts: int, parallel: Sequence[int]) -> dict[int, list[Batch]]:
    """The batches of so many drafts, by how many are in flight; the guidance is known."""
    asked, found = requests(drafts), {}
    model = Counted(LoadOptions(file, threads=1, gpu_layers=0))
    for flights in parallel:
        engine = Engine(model, file.name, "fast", parallel=flights)
        model.batches = []
        engine.propose(asked[0])
        model.batches = []
        for number, request in enumerate(asked):
            engine.admit(number, request)
        while engine.busy:
            engine.step()
        found[flights] = model.batches
    model.close()
    return found


def report(found: dict[int, list[Batch]], conditions: dict[str, object]) -> Result:
    """A row for every class of sizes."""
    columns = ["tokens in a batch"]
    for flights in found:
        columns += [f"{flights} in flight: batches", "ms a token", "seconds"]
    rows = []
    for low, high in SIZES:
        row = [str(low) if low == high else f"{low} to {high}"]
        for batches in found.values():
            these = [batch for batch in batches if low <= batch.tokens <= high]
            tokens, seconds = sum(batch.tokens for batch in these), sum(batch.seconds for batch in these)
            row += [str(len(these)), f"{1000 * seconds / tokens:.1f}" if tokens else "", f"{seconds:.1f}"]
        rows.append(tuple(row))
    sums = [(str(len(batches)), "", f"{sum(batch.seconds for batch in batches):.1f}") for batches in found.values()]
    rows.append(("**all**", *(cell for sum_ in sums for cell in sum_)))
    return Result(
        name="batches",
        title="What a batch costs, by its size",
        columns=tuple(columns),
        rows=tuple(rows),
        data={
            "batches": {str(flights): _data(batches) for flights, batches in found.items()},
            "conditions": conditions,
        },
        notes=("processor time of one thread",),
    )


def _data(batches: Sequence[Batch]) -> list[list[float]]:
    """Tokens and seconds of each."""
    return [[batch.tokens, round(batch.seconds, 4)] for batch in batches]


def main(
    model: ModelOption = "starter",
    drafts: Annotated[int, typer.Option(min=1, help="Drafts that are answered.")] = 4,
    parallel: Annotated[str, typer.Option(help="Drafts in flight, with commas.")] = "1,4",
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Measure what llama.cpp's batches cost by their size."""
    file = resolve(model, Path.cwd())
    found = measure(file, drafts, [int(n) for n in parallel.split(",")])
    tell(report(found, {"model": file.name, **machine.conditions()}), out, as_data)


if __name__ == "__main__":
    typer.run(main)
