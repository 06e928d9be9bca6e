"""The ledger is lost at some moment of a run, and the start that builds it anew is killed before any call as well:
nothing that was kept is deleted, no post is lost, and none is made twice."""

from __future__ import annotations

import shutil
import signal
from collections import Counter

import pytest

from tests.faults import traced
from tests.faults.scene import Damage, Scene, contents
from tests.faults.sweep import FINE, TURNS, Point, Sides, points, spread, wrong_in
from tests.faults.sweep import sides as made_sides
from tests.faults.traced import CHANGING
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

KEPT = ("originals", "retired", "stage", "withdrawn", "quarantine")
FIRST_STEPS = 60
"""Calls of a start that are worth dying before: by then the ledger is built, and what comes after is as in any run."""


def test_a_ledger_lost_at_any_moment_is_built_anew_through_a_kill_and_costs_nothing(full: bool, tally: Tally) -> None:
    row = tally.row("ledger lost, then killed while it is built anew", "at any moment of a run")
    with made_sides() as sides:
        whole = sides.scene()
        turns = [p for p in points(sides.blogmetad.traced(whole, calls=CHANGING).calls, whole.root) if p.call in TURNS]
        for moment in spread(turns, 12 if full else 2):
            wreck = sides.scene()
            assert sides.blogmetad.traced(wreck, inject=moment.fault).code == -signal.SIGKILL
            for file in wreck.state.glob("ledger.db*"):
                file.unlink()
            again = sides.scene(wreck)
            every = points(sides.blogmetad.traced(again, calls=CHANGING).calls, again.root)[:FIRST_STEPS]

            def die(point: Point, wreck: Scene = wreck) -> Damage:
                return survived(sides, wreck, point)

            results = sides.all(die, spread(every, 20 if full else 4))
            for damage in results.values():
                damage.count(row)
            assert wrong_in(results) == {}


def survived(sides: Sides, wreck: Scene, point: Point) -> Damage:
    """What it has cost to die there, and to start once more."""
    scene = sides.scene(wreck)
    before = kept(scene)
    ended = sides.blogmetad.traced(scene, inject=point.fault)
    assert ended.code == -signal.SIGKILL, f"{point} was never reached: {ended.code}\n{ended.output}"
    damage = costs(scene.damage(), before, scene)
    if not any(damage):
        ended = sides.blogmetad.run(scene)
        assert ended.code in FINE, ended.output
        damage = costs(scene.damage_at_rest(), before, scene)
    shutil.rmtree(scene.root)
    return damage


def costs(damage: Damage, before: Counter[bytes], scene: Scene) -> Damage:
    """The damage that counts: a new ledger does not know all that the old one knew, and what it cannot account for is
    kept in quarantine, where the scene does not look for copies."""
    gone = before - kept(scene)
    posts = [what for what in damage.lost if not what.startswith("no copy of ")]
    return Damage([*posts, *(f"deleted: {raw[:40]!r}" for raw in gone)], damage.doubled, damage.changed, [])


def kept(scene: Scene) -> Counter[bytes]:
    """All that was kept of drafts and posts so far, and the drafts and posts themselves."""
    folders = (*(scene.state / name for name in KEPT), scene.root / "_inbox", scene.root / "_posts")
    return Counter({raw: 1 for folder in folders for raw in contents(folder).values()})
