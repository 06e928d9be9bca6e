"""The power goes in the middle of a round over the drafts of scene.py, on each file system: what is on the disk then is
looked at, blogmetad is started on it, and everything has to be as if nothing had happened.

What a cut shows and a kill does not is whether everything was really on the disk that the ledger said was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from blogmetad.values import sha256
from tests.faults import power
from tests.faults.power import FILE_SYSTEMS, Cut
from tests.faults.scene import Scene
from tests.faults.traced import Blogmetad
from tests.tally import Row, Tally

CUTS = 130
CUTS_IN_SHORT = 6
CUTS_OF_A_MUTANT = 40

WITH_PARKED = (0, 1)
"""Exit codes of a run over the scene: 1 where it is this run that tells of the draft that is too short."""

PUBLISHED = (State.PUBLISHED, State.DONE)

MUTANTS = {
    "the bytes of a file are not synced": "ext4",
    "no folder is ever synced": "btrfs",
    "SQLite syncs at checkpoints only": "ext4",
    "SQLite never syncs": "xfs",
}
"""Protections that only a power cut needs, and a file system on which their absence shows."""


@pytest.fixture(scope="module")
def blogmetad() -> Iterator[Blogmetad]:
    source = Blogmetad()
    yield source
    source.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_power_cut_anywhere_loses_nothing_doubles_nothing_and_breaks_no_promise(
    name: str, full: bool, blogmetad: Blogmetad, tally: Tally
) -> None:
    skip_without(name)
    row = tally.row("power cuts", name)
    wrong: dict[int, list[str]] = {}
    with power.roomy() as folder:
        for cut in power.cuts(FILE_SYSTEMS[name], folder, CUTS if full else CUTS_IN_SHORT):
            row.tried += 1
            if found := after(cut, name, folder, blogmetad, row):
                wrong[cut.number] = found
    assert row.tried >= (120 if full else CUTS_IN_SHORT)
    assert wrong == {}


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_power_cut_shows_that_a_protection_was_removed(mutant: str, blogmetad: Blogmetad, tally: Tally) -> None:
    name = MUTANTS[mutant]
    skip_without(name)
    row = tally.row("protections removed, and the power cut", mutant)
    with power.roomy() as folder:
        shown = None
        for cut in power.cuts(FILE_SYSTEMS[name], folder, CUTS_OF_A_MUTANT, mutant):
            row.tried += 1
            if shown := after(cut, name, folder, blogmetad, Row("")):
                break
    row.note = f"caught after {row.tried} cuts on {name}" + (f": {shown[0]}"[:60] if shown else "")
    assert shown


def skip_without(name: str) -> None:
    """Skip a test where this file system cannot be had."""
    if (reason := power.why_not(name)) is not None:
        pytest.skip(reason)


def after(cut: Cut, name: str, folder: Path, blogmetad: Blogmetad, row: Row) -> list[str]:
    """What is wrong right after a cut, and once blogmetad was started on what is left; the row counts the latter."""
    with power.mounted(cut.image, FILE_SYSTEMS[name], folder) as disk:
        scene = Scene(disk / "site")
        wrong = [*broken(cut, scene), *scene.damage()]
        ended = blogmetad.run(scene)
        rest = scene.damage_at_rest()
    cut.image.unlink()
    row.lost += len(rest.lost)
    row.doubled += len(rest.doubled)
    row.changed += len(rest.changed)
    ill = [] if ended.code in WITH_PARKED else [f"exit code {ended.code}: {ended.output}"]
    return [*wrong, *rest, *ill]


def broken(cut: Cut, scene: Scene) -> Iterator[str]:
    """What the ledger had said was done before the cut, and is not on the disk."""
    known = scene.known()
    now, posts = {job.id: job for job in known.jobs}, scene.posts
    for promised in cut.promised.jobs:
        job = now.get(promised.id)
        if job is None:
            yield f"the ledger has forgotten {promised.name}"
            continue
        as_it_was = (job.state, job.attempts, known.steps[job.id][: len(cut.promised.steps[job.id])])
        if as_it_was != (promised.state, promised.attempts, cut.promised.steps[job.id]):
            yield f"the ledger has forgotten how far {job.name} had come"
        if promised.state in PUBLISHED and sha256(posts.get(str(promised.target), b"")) != promised.post_sha256:
            yield f"the post {promised.target} was promised and is not there"
