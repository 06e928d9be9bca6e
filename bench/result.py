"""What a measurement found: a table for people, and everything behind it as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class Target:
    """What has to be reached: ``value`` is ``limit`` or less; with ``least``, that or more."""

    what: str
    value: float
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def line(self) -> str:
        """All of that in words."""
        bound = "least" if self.least else "most"
        verdict = "met" if self.met else "MISSED"
        return f"{self.what}: {self.value:.3g}{self.unit} (target: at {bound} {self.limit:g}{self.unit}; {verdict})"


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement. ``name`` is that of its files; the first of ``columns`` is text, the others are numbers."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: Mapping[str, object]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()


def as_markdown(result: Result) -> str:
    """The table, then the targets and the notes as a list."""
    lines = [f"## {result.title}", "", _row(result.columns)]
    lines.append("|---|" + "---:|" * (len(result.columns) - 1))
    lines += [_row(row) for row in result.rows]
    told = [target.line for target in result.targets] + list(result.notes)
    return "\n".join([*lines, *([""] if told else []), *(f"- {each}" for each in told)]) + "\n"


def as_json(result: Result) -> dict[str, object]:
    """Everything, as JSON values."""
    targets = [{"what": t.what, "value": t.value, "limit": t.limit, "met": t.met} for t in result.targets]
    return {"name": result.name, "title": result.title, **result.data, "targets": targets, "notes": list(result.notes)}


def tell(result: Result, folder: Path | None, as_data: bool) -> None:
    """Print it, as JSON where that is asked for or the output is piped; write both forms into ``folder`` if given."""
    data = json.dumps(as_json(result), ensure_ascii=False, indent=2)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{result.name}.json").write_text(data + "\n", encoding="utf-8")
        (folder / f"{result.name}.md").write_text(as_markdown(result), encoding="utf-8")
    typer.echo(data if as_data or not sys.stdout.isatty() else as_markdown(result))


def _row(cells: Iterable[str]) -> str:
    """A line of a table; what would end a cell or a line does not get into it."""
    return "| " + " | ".join(" ".join(cell.replace("|", "¦").split()) for cell in cells) + " |"
