"""Seconds a draft against its length, blogmetad's and the plain way's, and the picture of it.

    python -m bench.length [--model starter] [--threads 0] [--repeat 3] [--plain 2000,5000,10000] [--picture FILE.svg]

The drafts begin with ``post-zh.md`` and go on with other texts of our own. The plain way reads all of a draft, so it is
asked about the shorter ones alone, once each.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import drafts, machine
from bench import task as tasks
from bench.options import JsonOption, ModelOption, OutOption, RepeatOption, ThreadsOption
from bench.picture import Line, picture
from bench.plain import ANSWER_TOKENS, Plain
from bench.result import Result, Target, tell
from bench.task import Task
from bench.working import working
from blogmetad.config import Model as ModelConfig
from blogmetad.model.catalog import resolve
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.local.worker import Worker
from blogmetad.values import Draft

LENGTHS = "2000,5000,10000,20000,50000,100000,200000"
SHORT, LONG, FLAT = 5000, 100_000, 1.3
"""A draft of LONG characters may cost at most FLAT times one of SHORT."""

say = Console(stderr=True, highlight=False)


def of_length(task: Task, characters: int) -> Task:
    """The same task with a draft of about so many characters."""
    raw = drafts.lengthened(task.draft.text, characters).encode()
    return Task(Draft(f"{characters}.md", raw, b"", {}, raw), task.rules, task.budget)


def ours(file: Path, threads: int, asked: Mapping[int, Task], repeat: int) -> dict[int, list[float]]:
    """Seconds of every length in every round, plan and digest included; the lengths take turns."""
    found: dict[int, list[float]] = {length: [] for length in asked}
    with tempfile.TemporaryDirectory() as state, working(file, Path(state), threads=threads) as worker:
        _seconds(worker, next(iter(asked.values())))
        for n in range(repeat):
            for length, task in asked.items():
                found[length].append(_seconds(worker, task))
            say.print(f"round {n + 1} of {repeat}")
    return found


def _seconds(worker: Worker, task: Task) -> float:
    began = time.perf_counter()
    worker.propose(task.request(), lambda: True)
    return time.perf_counter() - began


def plain(file: Path, threads: int, asked: Mapping[int, Task]) -> dict[int, float]:
    """Seconds of the plain way, with flash attention, which pays on long texts; loading is not counted."""
    found: dict[int, float] = {}
    for length, task in asked.items():
        room = -(-(len(task.draft.text) + 1024 + ANSWER_TOKENS) // 256) * 256
        side = Plain(file, threads, room, flash_attention=True)
        found[length] = side.answer(task.request(), task.draft.text).seconds
        side.close()
        say.print(f"the plain way, {length:,} characters: {found[length]:.1f} s")
    return found


def report(
    mine: Mapping[int, Sequence[float]],
    theirs: Mapping[int, float],
    characters: Mapping[int, int],
    conditions: dict[str, object],
) -> Result:
    """A row for every length."""
    median = {length: statistics.median(seconds) for length, seconds in mine.items()}
    rows = []
    for length, seconds in median.items():
        other = theirs.get(length)
        rows.append(
            (
                f"{characters[length]:,} characters",
                f"{seconds:.2f}",
                f"{min(mine[length]):.2f} – {max(mine[length]):.2f}",
                "" if other is None else f"{other:.1f}",
                "" if other is None else f"{other / seconds:.1f}",
            )
        )
    targets: tuple[Target, ...] = ()
    if SHORT in median and LONG in median:
        what = f"{LONG:,} characters against {SHORT:,}"
        targets = (Target(what, median[LONG] / median[SHORT], FLAT),)
    return Result(
        name="length",
        title="Seconds a draft against its length",
        columns=("draft", "blogmetad, median", "min – max", "plain way", "plain / blogmetad"),
        rows=tuple(rows),
        data={
            "blogmetad": {str(characters[n]): [round(s, 3) for s in seconds] for n, seconds in mine.items()},
            "plain": {str(characters[n]): round(seconds, 3) for n, seconds in theirs.items()},
            "conditions": conditions,
        },
        targets=targets,
        notes=("the plain way once a length; blank where it was not asked, since it takes many minutes there",),
    )


def drawn(result: Result) -> str:
    """The picture of a report, from its data."""
    mine, theirs = result.data["blogmetad"], result.data["plain"]
    assert isinstance(mine, dict)
    assert isinstance(theirs, dict)
    lines = [Line("blogmetad", tuple((float(n), statistics.median(s)) for n, s in mine.items()))]
    if theirs:
        lines.append(Line("one chat completion over the whole post", tuple((float(n), s) for n, s in theirs.items())))
    return picture("Seconds a draft, by its length", "characters of the draft", "seconds", lines)


def main(
    model: ModelOption = "starter",
    threads: ThreadsOption = 0,
    repeat: RepeatOption = 3,
    lengths: Annotated[str, typer.Option(help="Characters, with commas.")] = LENGTHS,
    plain_lengths: Annotated[
        str, typer.Option("--plain", help="Those the plain way is asked about.")
    ] = "2000,5000,10000",
    picture_file: Annotated[Path | None, typer.Option("--picture", help="An SVG file to draw.")] = None,
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Measure what the length of a draft costs."""
    file, threads = resolve(model, Path.cwd()), threads or physical_cores()
    task = tasks.load(tasks.POST, tasks.RULES, ModelConfig().digest_tokens)
    asked = {int(n): of_length(task, int(n)) for n in lengths.split(",")}
    mine = ours(file, threads, asked, repeat)
    theirs = plain(file, threads, {int(n): of_length(task, int(n)) for n in plain_lengths.split(",") if n})
    characters = {n: len(of_length(task, n).draft.text) for n in (*mine, *theirs)}
    result = report(mine, theirs, characters, {"model": file.name, **machine.conditions()})
    if picture_file is not None:
        picture_file.parent.mkdir(parents=True, exist_ok=True)
        picture_file.write_text(drawn(result), encoding="utf-8")
    tell(result, out, as_data)


if __name__ == "__main__":
    typer.run(main)
