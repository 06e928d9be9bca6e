"""A whole round over the drafts of scene.py is killed before every single thing it asks the kernel to change.

strace sends SIGKILL as the process enters the call, and each death is asserted: a sweep without kills proves nothing.
What the dead process left behind is looked at, then blogmetad is started anew, and everything has to be as if nothing
had happened. The second sweep kills that start as well.
"""

from __future__ import annotations

import shutil
import signal
import time

import pytest

from tests.faults import traced
from tests.faults.scene import Damage, Scene
from tests.faults.sweep import FINE, Point, Sides, points, sides, spread, wrong_in
from tests.faults.traced import CHANGING
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

TURNS = ("link", "linkat", "rename", "renameat2")
"""Calls that bring a draft from one state into the next."""

FIRST_STEPS = 45
"""Calls of a recovery that are worth dying before; what comes after them is what any run does."""


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


def test_a_run_killed_before_any_call_loses_nothing_and_doubles_nothing(full: bool, tally: Tally) -> None:
    with sides() as made:
        scene = made.scene()
        ended = made.blogmetad.traced(scene, calls=CHANGING)
        assert ended.code in FINE, ended.output
        assert list(scene.damage_at_rest()) == []
        every = points(ended.calls, scene.root)
        assert len(every) > 400
        results = made.all(lambda point: dead_and_risen(made, made.scene(), point), spread(every, None if full else 25))
        for point, damage in results.items():
            damage.count(tally.row("killed before a call, all of them dead", point.call))
        assert wrong_in(results) == {}


def test_a_recovery_killed_before_any_call_loses_nothing_either(full: bool, tally: Tally) -> None:
    with sides() as made:
        scene = made.scene()
        calls = made.blogmetad.traced(scene, calls=CHANGING).calls
        for first in spread([p for p in points(calls, scene.root) if p.call in TURNS], 8 if full else 2):
            wreck = made.scene()
            assert list(dead(made, wreck, first)) == []
            again = made.scene(wreck)
            every = points(made.blogmetad.traced(again, calls=CHANGING).calls, again.root)[:FIRST_STEPS]

            def die(point: Point, wreck: Scene = wreck) -> Damage:
                return dead_and_risen(made, made.scene(wreck), point)

            results = made.all(die, spread(every, None if full else 5))
            for damage in results.values():
                row = tally.row("killed again in recovery, all of them dead", f"after {first.call} {first.number}")
                damage.count(row)
            assert wrong_in(results) == {}


def test_a_run_with_several_drafts_in_flight_may_be_killed_at_any_moment(full: bool, tally: Tally) -> None:
    many = 60 if full else 8
    row = tally.row("killed at a moment, all of them dead", "three drafts in flight")
    with sides() as made:
        for _ in range(2):  # the first one has to import things
            scene = made.scene()
            began = time.monotonic()
            made.blogmetad.run(scene, threads=True)
            usual = time.monotonic() - began
        assert list(scene.damage_at_rest()) == []
        results = {}
        for number in range(many):
            scene = made.scene()
            after = usual * 0.8 * (number + 1) / many
            if made.blogmetad.killed_after(scene, after) == -signal.SIGKILL:
                damage = scene.damage()
                results[after] = damage if any(damage) else risen(made, scene)
                results[after].count(row)
        assert wrong_in(results) == {}
        assert row.tried > many / 2
