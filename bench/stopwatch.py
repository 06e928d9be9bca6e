"""Where the time of a piece of work goes, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Mapping


class Stopwatch:
    """Runs from the moment it is made. Each ``mark`` ends a stage that began with the mark before."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._since = time.perf_counter()

    @property
    def seconds(self) -> Mapping[str, float]:
        """What each stage took; one that was met several times, all together."""
        return self._spent

    def mark(self, stage: str) -> None:
        """What went by since the last mark belongs to ``stage``."""
        now = time.perf_counter()
        self._spent[stage] = self._spent.get(stage, 0.0) + now - self._since
        self._since = now
