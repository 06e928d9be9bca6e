"""A line chart as SVG, by hand: both axes logarithmic, readable on light and on dark pages. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 48, 56
"""Room around the chart, for its labels."""

COLOURS = ("#0969da", "#bc4c00", "#8250df", "#1a7f37")
DARK = ("#58a6ff", "#f0883e", "#bc8cff", "#3fb950")
"""The same on a dark page."""


@dataclass(frozen=True, slots=True)
class Line:
    """A name and its points, from left to right; both numbers above zero."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis: the numbers between ``low`` and ``high`` on the way from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, number: float) -> float:
        """Where a number lies."""
        share = (math.log(number) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """The round numbers on it: 1, 2 and 5 times powers of ten."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [n for p in powers for m in (1, 2, 5) if self.low <= (n := m * 10.0**p) <= self.high]


def picture(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """The chart. ``across`` and ``up`` name the axes. ValueError where there is nothing to draw."""
    points = [point for line in lines for point in line.points]
    if not points:
        raise ValueError("there are no points to draw")
    x = Axis(*_around([point[0] for point in points]), LEFT, WIDTH - RIGHT)
    y = Axis(*_around([point[1] for point in points]), HEIGHT - BOTTOM, TOP)
    return "\n".join([*_frame(title, across, up, x, y), *_drawn(lines, x, y), "</svg>", ""])


def number(value: float) -> str:
    """A number as short as it can be told: 200k, 5, 0.5."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _around(values: Sequence[float]) -> tuple[float, float]:
    """The nearest round numbers below and above."""
    return _round(min(values), up=False), _round(max(values), up=True)


def _round(value: float, *, up: bool) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    steps = [power * m for m in (1, 2, 5, 10)]
    if up:
        return next(step for step in (*steps, 20 * power) if step > value)
    below = [step for step in steps if step < value]
    return below[-1] if below else power / 2


def _frame(title: str, across: str, up: str, x: Axis, y: Axis) -> Iterator[str]:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    yield "<style>"
    yield "text { font: 13px system-ui, sans-serif; fill: #1f2328 } .grid { stroke: #d1d9e0 }"
    yield ".title { font-size: 16px; font-weight: 600 } polyline { fill: none; stroke-width: 2.5 }"
    yield from (f".l{n} {{ stroke: {c}; fill: {c} }} text.l{n} {{ stroke: none }}" for n, c in enumerate(COLOURS))
    yield "@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #3d444d }"
    yield from (f".l{n} {{ stroke: {c}; fill: {c} }}" for n, c in enumerate(DARK))
    yield "} polyline.l0, polyline.l1, polyline.l2, polyline.l3 { fill: none }"
    yield "</style>"
    yield f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>'
    for tick in x.ticks():
        yield f'<line class="grid" x1="{x.at(tick):.1f}" y1="{TOP}" x2="{x.at(tick):.1f}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x.at(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(tick)}</text>'
    for tick in y.ticks():
        yield f'<line class="grid" x1="{LEFT}" y1="{y.at(tick):.1f}" x2="{WIDTH - RIGHT}" y2="{y.at(tick):.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y.at(tick) + 4:.1f}" text-anchor="end">{number(tick)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(across)}</text>'
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(up)}</text>'


def _drawn(lines: Sequence[Line], x: Axis, y: Axis) -> Iterator[str]:
    for n, line in enumerate(lines):
        places = [(x.at(across), y.at(up)) for across, up in line.points]
        yield f'<polyline class="l{n}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in places)}"/>'
        for (a, b), (across, up) in zip(places, line.points, strict=True):
            label = f"{line.name}: {number(across)}, {up:.3g}"
            yield f'<circle class="l{n}" cx="{a:.1f}" cy="{b:.1f}" r="3.5"><title>{escape(label)}</title></circle>'
        a, b = places[-1]
        # Beside the last point, on the side where there is room for the name.
        anchor = "end" if a > WIDTH / 2 else "start"
        yield f'<text class="l{n}" x="{a:.1f}" y="{b - 10:.1f}" text-anchor="{anchor}">{escape(line.name)}</text>'
