"""Work on a draft as steps: what it wants evaluated is yielded, the logits come back, until it returns its result.

Nothing here calls llama.cpp. The engine collects the cells of all work in flight into one batch, so whatever runs side
by side, lines of a title, fields of a draft or drafts, shares the cost of reading the weights.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from blogmetad.model.local.llama import Cell, Logits

T = TypeVar("T")
Step: TypeAlias = Generator[list[Cell], list[Logits], T]
"""Yields cells, is sent the logits of those wanted, in order; returns a T."""


def together(works: Sequence[Step[T]]) -> Step[list[T]]:
    """Run several works in lockstep, a batch of all their cells at a time; their results in the order given."""
    results: dict[int, T] = {}
    asking: dict[int, list[Cell]] = {}

    def resume(i: int, rows: list[Logits] | None) -> None:
        try:
            asking[i] = next(works[i]) if rows is None else works[i].send(rows)
        except StopIteration as end:
            results[i] = end.value
            asking.pop(i, None)

    for i in range(len(works)):
        resume(i, None)
    while asking:
        asked = dict(asking)
        rows = iter((yield [cell for cells in asked.values() for cell in cells]))
        for i, cells in asked.items():
            resume(i, [next(rows) for cell in cells if cell.wanted])
    return [results[i] for i in range(len(works))]


class Cursor:
    """The writing end of one or more sequences that hold the same. Tokens written wait until their successor's logits
    are needed, so a label costs no step of its own."""

    def __init__(self, sequences: tuple[int, ...], position: int) -> None:
        self.sequences, self.position = sequences, position
        self._waiting: list[int] = []

    def write(self, tokens: Sequence[int]) -> None:
        """Append tokens, evaluated with the next ``look``."""
        self._waiting += tokens

    def flush(self, wanted: bool) -> list[Cell]:
        """What waits, as cells to evaluate now; with the logits behind the last one or without."""
        last = len(self._waiting) - 1
        cells = [
            Cell(token, self.position + i, self.sequences, wanted and i == last)
            for i, token in enumerate(self._waiting)
        ]
        self.position += len(cells)
        self._waiting = []
        return cells

    def look(self) -> Step[Logits]:
        """Evaluate what waits; the logits for the next token."""
        return (yield self.flush(wanted=True))[0]
