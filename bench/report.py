"""What the benchmark found: values, their medians and ratios, and how they are shown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

TARGET = 3.0
"""How many times faster than the plain way blogmetad has to be."""

SPREAD = 1.5
"""How many times its fastest round a side's slowest may take on a machine that does nothing else."""

DISTURBED = "Other work on the machine disturbed this run: the rounds of a side differ by more than half. Repeat it."


@dataclass(frozen=True, slots=True)
class Side:
    """One way of doing the work: seconds of every round; tokens evaluated and written; llama_decode calls that waited
    for an answer; and the answer itself, field by field."""

    name: str
    seconds: tuple[float, ...]
    prompt_tokens: int
    output_tokens: int
    steps: int
    answer: Mapping[str, object]

    @property
    def median(self) -> float:
        """The middle of the rounds, in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Report:
    """One run. ``floor_prefill`` and ``floor_decode`` are medians in seconds; ``cold`` is the first draft after loading
    in seconds; ``asked`` the fields asked for; ``conditions`` say what it ran on."""

    ours: Side
    plain: Side
    plain_digest: Side
    floor: Side
    floor_prefill: float
    floor_decode: float
    cold: float
    asked: tuple[str, ...]
    conditions: Mapping[str, object]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All of them, in the order they are shown."""
        return (self.ours, self.plain, self.plain_digest, self.floor)

    @property
    def plain_to_ours(self) -> float:
        """How many times longer the plain way takes."""
        return self.plain.median / self.ours.median

    @property
    def digest_to_ours(self) -> float:
        """How many times longer the plain way takes when it reads our digest instead of the post."""
        return self.plain_digest.median / self.ours.median

    @property
    def ours_to_floor(self) -> float:
        """How many times longer we take than llama.cpp needs for the same batches: the median over pairs that ran one
        right after the other, since other work on the machine weighs on both alike."""
        return statistics.median(o / f for o, f in zip(self.ours.seconds, self.floor.seconds, strict=True))

    @property
    def disturbed(self) -> bool:
        """Whether other work on the machine got in the way: the rounds of some side differ too much."""
        return any(max(side.seconds) > SPREAD * min(side.seconds) for side in self.sides)

    def missing(self, side: Side) -> tuple[str, ...]:
        """The fields a side was asked for and has no value of."""
        return tuple(field for field in self.asked if not side.answer.get(field))


def as_json(report: Report) -> dict[str, object]:
    """Everything, as JSON values; seconds are rounded to milliseconds."""
    return {
        "conditions": dict(report.conditions),
        "asked": list(report.asked),
        "sides": [
            asdict(side)
            | {
                "seconds": [round(s, 3) for s in side.seconds],
                "median": round(side.median, 3),
                "answer": dict(side.answer),
                "missing": list(report.missing(side)) if side.answer else [],
            }
            for side in report.sides
        ],
        "floor": {
            "prefill_seconds": round(report.floor_prefill, 3),
            "decode_seconds": round(report.floor_decode, 3),
        },
        "cold_seconds": round(report.cold, 3),
        "ratios": {
            "plain/ours": round(report.plain_to_ours, 2),
            "plain on digest/ours": round(report.digest_to_ours, 2),
            "ours/floor": round(report.ours_to_floor, 3),
        },
        "disturbed": report.disturbed,
        "target": {"plain/ours": TARGET, "met": report.plain_to_ours >= TARGET},
    }


def as_table(report: Report) -> Group:
    """The same for a person at a terminal."""
    table = Table(box=box.SIMPLE_HEAD, title="Seconds per draft", title_justify="left")
    for heading in ("", "median", "min", "max", "prompt tokens", "output tokens", "steps", "x ours"):
        table.add_column(heading, justify="left" if not heading else "right")
    for side in report.sides:
        table.add_row(
            side.name,
            f"{side.median:.2f}",
            f"{min(side.seconds):.2f}",
            f"{max(side.seconds):.2f}",
            str(side.prompt_tokens),
            str(side.output_tokens),
            str(side.steps),
            f"{side.median / report.ours.median:.2f}",
        )
    met = report.plain_to_ours >= TARGET
    lines = [
        f"plain / ours         {report.plain_to_ours:.2f}   (target {TARGET:g}: {'met' if met else 'MISSED'})",
        f"ours / floor         {report.ours_to_floor:.3f}  "
        f"(floor: {report.floor_prefill:.2f} s prefill, {report.floor_decode:.2f} s decode)",
        f"first draft, cold    {report.cold:.2f} s",
        *(
            f"{side.name} lacks {', '.join(gone)}"
            for side in report.sides
            if side.answer and (gone := report.missing(side))
        ),
        *([DISTURBED] if report.disturbed else []),
        "",
        *(f"{name}: {value}" for name, value in report.conditions.items()),
    ]
    return Group(table, Text("\n".join(lines)), _answers(report))


def _answers(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="Answers", title_justify="left")
    table.add_column("")
    sides = [side for side in report.sides if side.answer]
    for side in sides:
        table.add_column(side.name, ratio=1)
    for field in report.asked:
        table.add_row(field, *(_shown(side.answer.get(field)) for side in sides))
    return table


def _shown(value: object) -> Text:
    if isinstance(value, list | tuple):
        return Text(", ".join(map(str, value)))
    return Text("" if value is None else str(value))
