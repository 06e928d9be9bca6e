"""Exit codes, as the documents tell them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Exit(IntEnum):
    """What a command's exit code tells a script."""

    OK = 0
    NEEDS_YOU = 1
    USAGE = 2
    RUNNING = 3
    MODEL = 4
    BUG = 70
    INTERRUPTED = 130


MEANING: Mapping[Exit, str] = MappingProxyType({
    Exit.OK: "done",
    Exit.NEEDS_YOU: "a draft or a finding needs you",
    Exit.USAGE: "usage or configuration",
    Exit.RUNNING: "another blogmetad is running",
    Exit.MODEL: "the model cannot be used",
    Exit.BUG: "a bug of ours",
    Exit.INTERRUPTED: "interrupted",
})  # fmt: skip
"""Each code in a few words."""
