"""What sweeps share: sites in memory, blogmetad processes side by side, and the calls worth a fault."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.faults.scene import DRAFTS, Damage, Scene
from tests.faults.traced import Blogmetad, Call

Fault = TypeVar("Fault")
Result = TypeVar("Result")

SIDES = 2
"""Runs side by side: as many processors as the smallest machine has that this is run on."""

TURNS = ("link", "linkat", "rename", "renameat2")
"""Calls that bring a draft from one state into the next."""

FINE = (0, 1)
"""Exit codes of a run over the drafts of the scene: 1 where it is this run that tells of the one that is too short."""


@dataclass(frozen=True, slots=True)
class Point:
    """Die before the call of this name and number."""

    call: str
    number: int

    @property
    def fault(self) -> str:
        return f"{self.call}:signal=KILL:when={self.number}"


def points(calls: Sequence[Call], root: Path) -> list[Point]:
    """The calls that change something on the site. Of the pages that go into the ledger's log one after another, only
    the first and the last of a commit: in between there is nothing that a reader would take for a commit."""
    ours = [c for c in calls if any(path.startswith(f"{root}/") for path in c.paths) and _changes(c)]
    kept = []
    for before, call, after in zip([None, *ours], ours, [*ours[1:], None], strict=False):
        middle = all(c is not None and c.name == call.name and c.paths == call.paths for c in (before, after))
        if call.name != "pwrite64" or not middle:
            kept.append(Point(call.name, call.number))
    return kept


def _changes(call: Call) -> bool:
    """Whether a call changes what counts: the index of posts is a cache, and most files are opened to be read."""
    return (call.name != "openat" or call.creates) and not any("/index.db" in path for path in call.paths)


class Sides:
    """Several sources of blogmetad processes, and folders for their sites: in memory, since SIGKILL does not care."""

    def __init__(self, folder: Path, mutant: str | None = None) -> None:
        self.folder, self._mutant = folder, mutant
        self._own, self._pool = threading.local(), ThreadPoolExecutor(SIDES)
        self._all: list[Blogmetad] = []
        self._count = 0
        self._lock = threading.Lock()

    @property
    def blogmetad(self) -> Blogmetad:
        """This thread's own."""
        if not hasattr(self._own, "source"):
            self._own.source = Blogmetad(self._mutant)
            self._all.append(self._own.source)
        source: Blogmetad = self._own.source
        return source

    def scene(self, of: Scene | None = None, names: tuple[str, ...] = tuple(DRAFTS)) -> Scene:
        """A new site with drafts of these names, or a copy of one in which two names of one file stay that."""
        with self._lock:
            self._count += 1
            root = self.folder / f"site-{self._count:05}"
        if of is None:
            return Scene(root, names).create()
        subprocess.run(["cp", "-a", str(of.root), str(root)], check=True)
        return Scene(root, of.names)

    def each(self, work: Callable[[Fault], Result], faults: Sequence[Fault]) -> Iterator[Result]:
        """Do the work for every fault, side by side; the results in order."""
        return self._pool.map(work, faults)

    def all(self, work: Callable[[Fault], Damage], faults: Sequence[Fault]) -> dict[Fault, Damage]:
        """What every fault has cost."""
        return dict(zip(faults, self.each(work, faults), strict=True))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        for source in self._all:
            source.close()


@contextmanager
def sides(mutant: str | None = None) -> Iterator[Sides]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="blogmetad-", dir=memory if memory.is_dir() else None) as folder:
        made = Sides(Path(folder), mutant)
        try:
            yield made
        finally:
            made.close()


def spread(everything: Sequence[Fault], many: int | None) -> list[Fault]:
    """So many of them, evenly; all for None."""
    if many is None or many >= len(everything):
        return list(everything)
    return [everything[len(everything) * n // many] for n in range(many)]


def wrong_in(results: Mapping[Fault, Damage]) -> dict[Fault, list[str]]:
    """The faults that cost something, and what."""
    return {fault: list(damage) for fault, damage in results.items() if any(damage)}


def dead(made: Sides, scene: Scene, point: Point) -> Damage:
    """Run over the site and die; what is wrong right after."""
    ended = made.blogmetad.traced(scene, inject=point.fault)
    assert ended.code == -signal.SIGKILL, f"{point} was never reached: {ended.code}\n{ended.output}"
    return scene.damage()


def risen(made: Sides, scene: Scene) -> Damage:
    """Start anew, undisturbed, and be done with the site; what is wrong then."""
    ended = made.blogmetad.run(scene)
    damage = scene.damage_at_rest()
    if ended.code not in FINE:
        damage.unfinished.append(f"exit code {ended.code}: {ended.output}")
    shutil.rmtree(scene.root)
    return damage


def dead_and_risen(made: Sides, scene: Scene, point: Point) -> Damage:
    """Both, and what was wrong first."""
    damage = dead(made, scene, point)
    return damage if any(damage) else risen(made, scene)
