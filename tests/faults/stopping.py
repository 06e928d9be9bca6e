"""A run of blogmetad that stops before calls it is told of, for power.py.

Standard input has the number of the next call to stop before, 0 for the end of the run; standard output answers
``stopped N``, or ``ended N`` with the number of calls there were.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults import driver

CHANGING = ("open", "write", "fsync", "link", "rename", "unlink", "mkdir")


class Stops:
    """Counts calls, and stops before the next that was asked for."""

    def __init__(self) -> None:
        self._count = 0
        self._answers = os.fdopen(os.dup(1), "w", buffering=1)
        self._next = int(sys.stdin.readline())

    def counted(self, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Make a call, but stop first if it is the one."""
        self._count += 1
        if self._count == self._next:
            print("stopped", self._count, file=self._answers)
            self._next = int(sys.stdin.readline())
        return real(*args, **options)

    def ended(self) -> None:
        """Tell that the run is over."""
        print("ended", self._count, file=self._answers)


def install(stops: Stops) -> None:
    """Count everything that changes something on the disk, and every statement that changes the ledger."""

    class Counted(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql.startswith(("SELECT", "PRAGMA")):
                return super().execute(sql, *args)
            return stops.counted(super().execute, sql, *args)  # type: ignore[no-any-return]

    for name in CHANGING:
        setattr(os, name, partial(stops.counted, getattr(os, name)))
    connect = sqlite3.connect

    def connected(database: Any, **options: Any) -> sqlite3.Connection:
        ours = "ledger.db" in str(database)
        return connect(database, **options, **({"factory": Counted} if ours else {}))

    sqlite3.connect = connected  # type: ignore[assignment]


def main() -> None:
    root, *mutant = sys.argv[1:]
    if mutant:
        from tests.faults.mutants import install as break_it

        break_it(mutant[0])
    import blogmetad.cli.app  # noqa: F401

    stops = Stops()
    install(stops)
    order = driver.Order(Path(root), Path(os.devnull), ["once"], stopped=False, threads=False, probe=True)
    driver.run(order)
    stops.ended()


if __name__ == "__main__":
    main()
