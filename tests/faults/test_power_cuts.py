"""The power goes in the middle of a round over the drafts of scene.py, on each file system: what is on the disk then is
looked at, blogmetad is started on it, and everything has to be as if nothing had happened.

What a cut shows and a kill does not is whether everything was really on the disk that the ledger said was.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from blogmetad.journal.ledger import State
from blogmetad.values import sha256
from tests.faults import power
from tests.faults.power import FILE_SYSTEMS, Cut
from tests.faults.scene import Scene
from tests.faults.traced import Blogmetad
from tests.tally import Tally

CUTS = 130
CUTS_IN_SHORT = 6

WITH_PARKED = (0, 1)
"""Exit codes of a run over the scene: 1 where it is this run that tells of the draft that is too short."""

PUBLISHED = (State.PUBLISHED, State.DONE)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_power_cut_anywhere_loses_nothing_doubles_nothing_and_breaks_no_promise(
    name: str, full: bool, tally: Tally
) -> None:
    if (reason := power.why_not(name)) is not None:
        pytest.skip(reason)
    row = tally.row("power cuts", name)
    wrong: dict[int, list[str]] = {}
    with power.roomy() as folder:
        source = Blogmetad()
        try:
            for cut in power.cuts(FILE_SYSTEMS[name], folder, CUTS if full else CUTS_IN_SHORT):
                row.tried += 1
                with power.mounted(cut.image, FILE_SYSTEMS[name], folder) as disk:
                    scene = Scene(disk / "site")
                    then = [*broken(cut, scene), *scene.damage()]
                    ended = source.run(scene)
                    rest = scene.damage_at_rest()
                row.lost += len(rest.lost)
                row.doubled += len(rest.doubled)
                row.changed += len(rest.changed)
                ill = [] if ended.code in WITH_PARKED else [f"exit code {ended.code}: {ended.output}"]
                if found := [*then, *rest, *ill]:
                    wrong[cut.number] = found
                cut.image.unlink()
        finally:
            source.close()
    assert row.tried >= (120 if full else CUTS_IN_SHORT)
    assert wrong == {}


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
