"""What shows that a protection is at work: each tries something on a blogmetad, sound or broken on purpose, and yields
what went wrong. A sound one yields nothing."""

from __future__ import annotations

import fcntl
import itertools
import shutil
from collections.abc import Iterator
from itertools import pairwise

from tests.faults.order import Order
from tests.faults.scene import DRAFTS, Damage, Scene
from tests.faults.sweep import FINE, TURNS, Point, Sides, dead_and_risen, points, spread
from tests.faults.traced import CHANGING, Call

ONE = "windows.md"
LOCKED = 3
"""Exit code where another blogmetad works on the site."""


def run(made: Sides) -> Iterator[str]:
    """An undisturbed run over all drafts comes to the right end, and in the right order."""
    scene = made.scene()
    ended = made.blogmetad.traced(scene, calls=CHANGING)
    if ended.code not in FINE:
        yield f"exit code {ended.code}: {ended.output}"
    yield from scene.damage_at_rest()
    order = Order(scene.root)
    order.follow(ended.calls)
    yield from order.end()
    shutil.rmtree(scene.root)


def undo(made: Sides) -> Iterator[str]:
    """A draft is taken back in the right order: as it was retired, and where only its original is kept."""
    for retired_is_lost in (False, True):
        scene = _published(made)
        (job,) = scene.known().jobs
        if retired_is_lost:
            (scene.state / "retired" / job.id).unlink()
        ended = made.blogmetad.traced(scene, "undo", job.id, calls=CHANGING)
        yield from _undone(scene, ended.code, ended.output)
        order = Order(scene.root)
        order.follow(ended.calls)
        yield from order.end()


def killed_undo(made: Sides) -> Iterator[str]:
    """An undo that is killed before any call has not begun, or is completed by the next start."""
    published = _published(made)
    (job,) = published.known().jobs
    whole = made.scene(published)
    every = points(made.blogmetad.traced(whole, "undo", job.id, calls=CHANGING).calls, whole.root)

    def die(point: Point) -> list[str]:
        scene = made.scene(published)
        ended = made.blogmetad.traced(scene, "undo", job.id, inject=point.fault)
        assert ended.code < 0, f"{point} was never reached"
        wrong = list(scene.damage())
        again = made.blogmetad.run(scene)
        if list(scene.damage_at_rest()):  # then it has to be undone, and completely
            wrong += _undone(scene, again.code, again.output)
        shutil.rmtree(scene.root)
        return wrong

    yield from itertools.chain.from_iterable(made.each(die, every))


def order_through_kills(made: Sides, many: int | None = None) -> Iterator[str]:
    """What a killed process had named and not synced, the next start syncs."""
    for name in ("windows.md", "late.md", "duplicate.md"):
        whole = made.scene(names=(name,))
        calls = points(made.blogmetad.traced(whole, calls=CHANGING).calls, whole.root)
        between = [after for before, after in pairwise(calls) if before.call in (*TURNS, "unlink")]

        def die(point: Point, name: str = name) -> list[str]:
            scene = made.scene(names=(name,))
            order = Order(scene.root)
            order.follow(made.blogmetad.traced(scene, inject=point.fault, calls=CHANGING).calls)
            order.die()
            # Without the probe of the folders, which syncs them all by the way.
            order.follow(made.blogmetad.traced(scene, calls=CHANGING, probe=False).calls)
            shutil.rmtree(scene.root)
            return order.end()

        yield from itertools.chain.from_iterable(made.each(die, spread(between, many)))


def kills(made: Sides) -> Iterator[str]:
    """A run over one draft that is killed before any call is finished by the next, as in test_kill_run.py."""
    names = (ONE,)
    whole = made.scene(names=names)
    every = points(made.blogmetad.traced(whole, calls=CHANGING).calls, whole.root)

    def die(point: Point) -> Damage:
        return dead_and_risen(made, made.scene(names=names), point)

    shuffled = [point for start in range(8) for point in every[start::8]]  # a mutant shows here or there
    yield from itertools.chain.from_iterable(made.each(die, shuffled))


def company(made: Sides) -> Iterator[str]:
    """Where another blogmetad works on the site, this one does not."""
    scene = made.scene()
    scene.state.mkdir()
    with (scene.state / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ended = made.blogmetad.run(scene)
    if ended.code != LOCKED:
        yield f"beside another one it ended with {ended.code}: {ended.output}"


def failing_syncs(made: Sides, many: int | None = None) -> Iterator[str]:
    """A file whose fsync failed is thrown away: it is neither synced once more nor given its name."""
    whole = made.scene()
    syncs = [call for call in made.blogmetad.traced(whole, calls=CHANGING).calls if _syncs_a_file(call)]

    def fail(call: Call) -> list[str]:
        scene = made.scene()
        ended = made.blogmetad.traced(scene, inject=f"fsync:error=EIO:when={call.number}", calls=CHANGING)
        order = Order(scene.root)
        order.follow(ended.calls)
        wrong = [*order.end(), *scene.damage()]
        shutil.rmtree(scene.root)
        return wrong

    yield from itertools.chain.from_iterable(made.each(fail, spread(syncs, many)))


def _syncs_a_file(call: Call) -> bool:
    return call.name == "fsync" and ".tmp-" in call.paths[0]


def _published(made: Sides) -> Scene:
    scene = made.scene(names=(ONE,))
    made.blogmetad.run(scene)
    return scene


def _undone(scene: Scene, code: int, output: str) -> Iterator[str]:
    if code != 0:
        yield f"exit code {code}: {output}"
    if scene.drafts != {ONE: DRAFTS[ONE]}:
        yield f"in the drafts folder: {sorted(scene.drafts)}"
    if scene.new_posts:
        yield f"still published: {sorted(scene.new_posts)}"
