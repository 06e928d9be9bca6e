"""Whether posts are reviewed is switched while blogmetad is dead in the middle of a draft, and switched back later:
each draft is one post, among the posts or waiting for its author, and the ledger knows which."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator

import pytest

from blogmetad.journal.ledger import State
from tests.faults import traced
from tests.faults.scene import DRAFTS, STRANGER, Damage, Scene, body_of, carries, contents
from tests.faults.sweep import FINE, Point, Sides, points, spread, wrong_in
from tests.faults.traced import CHANGING
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

NAMES = ("因果.md", "race.md")
MODES = ("auto", "review")


def say(scene: Scene, mode: str) -> None:
    """What the configuration says from now on."""
    text = scene.config.read_text("utf-8").split("\n[publish]\n")[0]
    scene.config.write_text(f'{text}\n[publish]\nmode = "{mode}"\n', "utf-8")


def wrong(scene: Scene) -> Damage:
    """What is wrong once all is at rest."""
    damage = Damage()
    posts, waiting = scene.posts, contents(scene.root / "_review")
    jobs = {job.name: job for job in scene.known().jobs}
    for name in NAMES:
        body, job = body_of(DRAFTS[name]), jobs.get(name)
        homes = [(State.DONE, post) for post, raw in posts.items() if carries(raw, body)]
        homes += [(State.WAITING, post) for post, raw in waiting.items() if carries(raw, body)]
        if not homes:
            damage.lost.append(f"no post of {name}")
        if len(homes) > 1:
            damage.doubled.append(f"{name} is {homes}")
        if job is None or (job.state, job.target) not in homes:
            damage.unfinished.append(f"{name} is {homes}, and to the ledger {job and (job.state, job.target)}")
    damage.unfinished += leftovers(scene)
    if posts.get(STRANGER[0], STRANGER[1]) != STRANGER[1]:
        damage.changed.append(f"the author's post {STRANGER[0]} was changed")
    return damage


def leftovers(scene: Scene) -> Iterator[str]:
    yield from (f"in the drafts folder: {name}" for name in scene.drafts)
    yield from (f"in the stage: {name}" for name in contents(scene.state / "stage"))


@pytest.mark.parametrize("begun", MODES)
def test_a_job_that_was_half_done_when_the_mode_was_switched_is_finished_once(
    begun: str, sides: Sides, full: bool, tally: Tally
) -> None:
    other = MODES[1 - MODES.index(begun)]
    row = tally.row("killed, then publish.mode switched, all of them dead", f"from {begun} to {other}")

    def scene_in(mode: str) -> Scene:
        scene = sides.scene(names=NAMES)
        say(scene, mode)
        return scene

    whole = scene_in(begun)
    every = points(sides.blogmetad.traced(whole, calls=CHANGING).calls, whole.root)
    assert list(wrong(whole)) == []

    def die(point: Point) -> Damage:
        scene = scene_in(begun)
        assert sides.blogmetad.traced(scene, inject=point.fault).code == -signal.SIGKILL
        damage = Damage()
        for mode in (other, begun):
            say(scene, mode)
            ended = sides.blogmetad.run(scene)
            damage = damage.and_then(wrong(scene))
            damage.unfinished += [] if ended.code in FINE else [f"exit code {ended.code}: {ended.output}"]
        shutil.rmtree(scene.root)
        return damage

    results = sides.all(die, spread(every, 120 if full else 10))
    for damage in results.values():
        damage.count(row)
    assert wrong_in(results) == {}
