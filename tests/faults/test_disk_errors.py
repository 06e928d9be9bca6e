"""The disk fails: every call on the site's files meets every error it can meet, once or from then on.

strace has the call return the error. blogmetad has to say which file and why, in one message and not in a traceback,
and nothing may be lost, doubled or changed. The next run, on a disk that works again, has to finish everything.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import traced
from tests.faults.scene import GROUPS, Damage, Scene
from tests.faults.sweep import Sides, spread, wrong_in
from tests.faults.traced import CHANGING, Call
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

ERRORS = {
    "openat": ("EIO", "EACCES", "EMFILE", "ENOSPC", "EROFS"),
    "read": ("EIO",),
    "pread64": ("EIO",),
    "getdents64": ("EIO", "EACCES"),
    "write": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "ftruncate": ("EIO", "ENOSPC"),
    "flock": ("EIO", "ENOLCK"),
    "mkdir": ("ENOSPC", "EIO", "EACCES", "EROFS"),
    "link": ("ENOSPC", "EIO", "EACCES", "EROFS"),
    "linkat": ("ENOSPC", "EIO", "EACCES", "EROFS"),
    "rename": ("ENOSPC", "EIO", "EACCES", "EROFS"),
    "unlink": ("EIO", "EACCES", "EROFS"),
}
IN_OTHER_WORDS = ("disk I/O error", "database or disk is full", "unable to open database file", "without locks")
"""Causes as SQLite names them, and as we name a lock that cannot be had."""

ENDS = (0, 1, 2)
"""Exit codes that tell of no bug: done, a draft or the disk needs you, the configuration."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of one call, or of it and all calls of that name that follow."""

    call: str
    error: str
    number: int
    path: str
    for_good: bool
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        return f"{self.call}:error={self.error}:when={self.number}{'+' if self.for_good else ''}"


def faults(calls: Sequence[Call], scene: Scene, many: int) -> list[Fault]:
    """For every call of a run and every error so many faults, evenly over the run, every other one for good; but not of
    write, which is also how a process says what is wrong."""
    chosen = []
    for name, errors in ERRORS.items():
        ours = [call for call in calls if call.name == name and _is_ours(call, scene.root)]
        for error in errors:
            able = [call for call in ours if error not in ("ENOSPC", "EROFS") or name != "openat" or call.creates]
            for nth, call in enumerate(spread(able, many)):
                for_good = nth % 2 == 1 and name != "write"
                chosen.append(Fault(name, error, call.number, call.paths[0], for_good, scene.names))
    return chosen


def _is_ours(call: Call, root: Path) -> bool:
    """Whether a call is about the site, and not its author's."""
    inside = [path for path in call.paths if path.startswith(f"{root}/")]
    return bool(inside) and not any("/_author/" in path for path in inside)


def suffered(sides: Sides, fault: Fault) -> Damage:
    """Run with the fault, then without."""
    scene = sides.scene(names=fault.names)
    ended = sides.blogmetad.traced(scene, inject=fault.words)
    damage = scene.damage()
    damage.unfinished += ill(ended.code, ended.output, fault)
    again = sides.blogmetad.run(scene)
    rest = scene.damage_at_rest()
    if list(rest):
        rest.unfinished.append(f"first {ended.code}: {ended.output}\nthen {again.code}: {again.output}")
    shutil.rmtree(scene.root)
    return Damage(
        *(getattr(damage, kind) + getattr(rest, kind) for kind in ("lost", "doubled", "changed", "unfinished"))
    )


def ill(code: int, output: str, fault: Fault) -> list[str]:
    """What a person would not put up with in the way a run ended."""
    wrong = []
    if "Traceback" in output:
        wrong.append(f"a traceback: {output}")
    if code not in ENDS:
        wrong.append(f"exit code {code}: {output}")
    if "blogmetad: " in output:
        causes = (os.strerror(getattr(errno, fault.error)), *IN_OTHER_WORDS)
        if not any(cause in output for cause in causes):
            wrong.append(f"no cause is named: {output}")
        if not re.search(r"^blogmetad: .*/\S+", output, re.MULTILINE):
            wrong.append(f"no file is named: {output}")
    return wrong


def test_a_disk_that_fails_costs_nothing_and_is_told_of(sides: Sides, full: bool, tally: Tally) -> None:
    every: list[Fault] = []
    for names in GROUPS:
        scene = sides.scene(names=names)
        calls = sides.blogmetad.traced(scene, calls=sorted({*CHANGING, *ERRORS})).calls
        every += faults(calls, scene, 2 if full else 1)
    results = sides.all(lambda fault: suffered(sides, fault), every if full else every[::8])
    for fault, damage in results.items():
        damage.count(tally.row("disk errors", f"{fault.error} on {fault.call}"))
    assert wrong_in(results) == {}
