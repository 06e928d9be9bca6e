"""Exit codes, as the README documents them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code tells a script."""

    OK = 0
    NEEDS_YOU = 1
    USAGE = 2
    RUNNING = 3
    MODEL = 4
    BUG = 70
    INTERRUPTED = 130
