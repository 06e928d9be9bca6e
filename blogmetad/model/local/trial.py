"""How long a typical draft takes with the model as it is loaded, told from a small piece of one."""

from __future__ import annotations

import time

from blogmetad.model.local.llama import Cell, Llama

READ, WRITTEN = 600, 30
"""Tokens of a typical question, and steps of two tokens each that its answer takes."""
READ_HERE, WRITTEN_HERE, TIMES = 128, 3, 2
"""How many of either are tried, and how often: other work on the machine only makes a trial longer."""


def typical_seconds(model: Llama) -> float:
    """Seconds a draft would take; the model's memory is cleared."""
    return min(_once(model) for _ in range(TIMES))


def _once(model: Llama) -> float:
    model.clear()
    began = time.perf_counter()
    model.decode([Cell(n % model.vocabulary_size, n, (0, 1)) for n in range(READ_HERE)])
    read = time.perf_counter()
    for n in range(READ_HERE, READ_HERE + WRITTEN_HERE):
        model.decode([Cell(n % model.vocabulary_size, n, (sequence,), wanted=True) for sequence in (0, 1)])
    written = time.perf_counter()
    model.clear()
    return (read - began) * READ / READ_HERE + (written - read) * WRITTEN / WRITTEN_HERE
