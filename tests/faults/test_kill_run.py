"""A whole round over the drafts of scene.py is killed before every single thing it asks the kernel to change.

strace sends SIGKILL as the process enters the call, and each death is asserted: a sweep without kills proves nothing.
What the dead process left behind is looked at, then blogmetad is started anew, and everything has to be as if nothing
had happened. The second sweep kills that start as well.
"""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults import traced
from tests.faults.scene import GROUPS, Damage, Scene
from tests.faults.sweep import FINE, TURNS, Point, Sides, dead, dead_and_risen, points, risen, spread, wrong_in
from tests.faults.traced import CHANGING
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

FIRST_STEPS = 45
"""Calls of a recovery that are worth dying before; what comes after them is what any run does."""


@pytest.mark.parametrize("names", GROUPS, ids="+".join)
def test_a_run_killed_before_any_call_loses_nothing_and_doubles_nothing(
    names: tuple[str, ...], sides: Sides, full: bool, tally: Tally
) -> None:
    scene = sides.scene(names=names)
    ended = sides.blogmetad.traced(scene, calls=CHANGING)
    assert ended.code in FINE, ended.output
    assert list(scene.damage_at_rest()) == []
    every = points(ended.calls, scene.root)
    assert len(every) > 200

    def die(point: Point) -> Damage:
        return dead_and_risen(sides, sides.scene(names=names), point)

    results = sides.all(die, spread(every, None if full else 8))
    for point, damage in results.items():
        damage.count(tally.row("killed before a call, all of them dead", point.call))
    assert wrong_in(results) == {}


@pytest.mark.parametrize("names", GROUPS, ids="+".join)
def test_a_recovery_killed_before_any_call_loses_nothing_either(
    names: tuple[str, ...], sides: Sides, full: bool, tally: Tally
) -> None:
    scene = sides.scene(names=names)
    turns = [p for p in points(sides.blogmetad.traced(scene, calls=CHANGING).calls, scene.root) if p.call in TURNS]
    for first in spread(turns, 3 if full else 1):
        wreck = sides.scene(names=names)
        assert list(dead(sides, wreck, first)) == []
        again = sides.scene(wreck)
        every = points(sides.blogmetad.traced(again, calls=CHANGING).calls, again.root)[:FIRST_STEPS]

        def die(point: Point, wreck: Scene = wreck) -> Damage:
            return dead_and_risen(sides, sides.scene(wreck), point)

        results = sides.all(die, spread(every, None if full else 3))
        for damage in results.values():
            row = tally.row("killed again in recovery, all of them dead", f"after {first.call} {first.number}")
            damage.count(row)
        assert wrong_in(results) == {}


def test_a_run_with_several_drafts_in_flight_may_be_killed_at_any_moment(
    sides: Sides, full: bool, tally: Tally
) -> None:
    many = 60 if full else 8
    row = tally.row("killed at a moment, all of them dead", "three drafts in flight")
    for _ in range(2):  # the first one has to import things
        scene = sides.scene()
        began = time.monotonic()
        sides.blogmetad.run(scene, threads=True)
        usual = time.monotonic() - began
    assert list(scene.damage_at_rest()) == []
    results = {}
    for number in range(many):
        scene = sides.scene()
        after = usual * 0.8 * (number + 1) / many
        if sides.blogmetad.killed_after(scene, after) == -signal.SIGKILL:
            damage = scene.damage()
            results[after] = damage if any(damage) else risen(sides, scene)
            results[after].count(row)
    assert wrong_in(results) == {}
    assert row.tried > many / 4
