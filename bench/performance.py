"""All measurements of speed, one after another, and the page of their results.

    python -m bench.performance [--full] [--model starter] [--write bench/performance.md] [--picture docs/latency.svg]

Each runs in a process of its own, so that none finds memory or a model of another's. What fails is named, and the
others go on. ``make bench`` takes five minutes, ``make bench-full`` thirty-five, on two cores with the 0.5B model.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine
from bench.options import ModelOption
from bench.result import Result, Target, as_json, as_markdown

OUT = Path("build/bench/results")
FLOOR, PLAIN = 1.25, 5.0
"""How many times its floor blogmetad may take at most, and the plain way must take at least."""

say = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement: its module, and the options it is run with. ``model``: it takes one."""

    module: str
    options: tuple[str, ...] = ()
    model: bool = True


QUICK = (Run("latency", ("--repeat", "1", "--json")), Run("throughput", ("--waiting", "1,4")))
FULL = (
    Run("latency", ("--repeat", "3", "--json")),
    Run("peers"),
    Run("start"),
    Run("throughput"),
    Run("length"),
    Run("overhead", model=False),
    Run("idle"),
)


def of_latency(data: Mapping[str, Any]) -> Result:
    """The report of ``bench.latency`` as a table like the others."""
    ours = data["sides"][0]["median"]
    rows = [
        (
            side["name"],
            f"{side['median']:.2f}",
            f"{min(side['seconds']):.2f} – {max(side['seconds']):.2f}",
            f"{side['prompt_tokens']:,}",
            f"{side['output_tokens']:,}",
            str(side["steps"]),
            f"{side['median'] / ours:.2f}",
        )
        for side in data["sides"]
    ]
    notes = [f"first draft after loading: {data['cold_seconds']:.2f} s"]
    for side in data["sides"]:
        if side["answer"]:
            notes.append(f"{side['name']} said: {json.dumps(side['answer'], ensure_ascii=False)}")
        if side["missing"]:
            notes.append(f"{side['name']} lacks {', '.join(side['missing'])}")
    if data["disturbed"]:
        notes.append("other work on the machine disturbed this run; do not quote it")
    return Result(
        name="latency",
        title="Seconds a draft, against the plain way and the floor",
        columns=("side", "median", "min – max", "prompt tokens", "output tokens", "steps", "x blogmetad"),
        rows=tuple(rows),
        data=data,
        targets=(
            Target("blogmetad / its floor", data["ratios"]["ours/floor"], FLOOR),
            Target("plain way / blogmetad", data["ratios"]["plain/ours"], PLAIN, least=True),
        ),
        notes=tuple(notes),
    )


def page(sections: Sequence[str], failed: Sequence[str], conditions: Mapping[str, object]) -> str:
    """The whole page: what it was measured on, every table, and what is missing."""
    lines = ["# Performance", "", "What each table measures, and what makes it fair, is in `bench/README.md`.", ""]
    lines += [f"- {name}: {value}" for name, value in conditions.items()]
    lines += [f"- **not measured**: {name}" for name in failed]
    return "\n".join([*lines, "", *sections])


def measured(run: Run, model: str, picture: Path | None, *, keep: bool) -> str | None:
    """Run one, unless its table is there and is to be kept; the table, None if it failed. Its files are in OUT."""
    table = OUT / f"{run.module}.md"
    if keep and table.exists():
        return table.read_text(encoding="utf-8")
    command = [sys.executable, "-m", f"bench.{run.module}", *run.options]
    command += ["--model", model] if run.model else []
    if run.module == "latency":
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return None
        result = of_latency(json.loads(done.stdout))
        (OUT / "latency.json").write_text(
            json.dumps(as_json(result), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        table.write_text(as_markdown(result), encoding="utf-8")
        return as_markdown(result)
    command += ["--out", str(OUT)]
    if run.module == "length" and picture is not None:
        command += ["--picture", str(picture)]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        return None
    return table.read_text(encoding="utf-8")


def main(
    model: ModelOption = "starter",
    full: Annotated[bool, typer.Option("--full", help="Everything, not only latency and throughput.")] = False,
    write: Annotated[Path, typer.Option(help="The page.")] = OUT / "performance.md",
    picture: Annotated[Path | None, typer.Option(help="Latency against length, as SVG; only with --full.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with an earlier run: its tables stay.")] = False,
) -> None:
    """Measure speed and write the page of it."""
    OUT.mkdir(parents=True, exist_ok=True)
    runs = FULL if full else QUICK
    began, sections, failed = time.monotonic(), [], []
    for run in runs:
        say.print(f"[bold]{run.module}[/]")
        section = measured(run, model, picture, keep=keep)
        if section is None:
            failed.append(run.module)
            continue
        sections.append(section)
        say.print(section, markup=False, soft_wrap=True)
    conditions = {"model": model, **machine.conditions(), "minutes": f"{(time.monotonic() - began) / 60:.0f}"}
    results = {
        run.module: json.loads((OUT / f"{run.module}.json").read_text("utf-8"))
        for run in runs
        if run.module not in failed
    }
    (OUT / "performance.json").write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write.parent.mkdir(parents=True, exist_ok=True)
    write.write_text(page(sections, failed, conditions), encoding="utf-8")
    typer.echo(f"written: {write} and {OUT / 'performance.json'}")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
