"""Blogmetad is killed while others are told what became of drafts: hooks are called once at most and none is forgotten,
each post is committed once, and whatever else its author has staged stays staged.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Ledger, State
from tests.faults import traced
from tests.faults.scene import Scene
from tests.faults.traced import Blogmetad
from tests.system.repository import Repo, make
from tests.tally import Tally

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))

DRAFTS = ("因果.md", "windows.md", "collide.md", "短.md")
TOLD = """
[git]
commit = true

[[hooks]]
on = ["published", "parked"]
command = ["./hook", "first"]

[[hooks]]
on = ["published"]
command = ["./hook", "second"]
"""
HOOK = '#!/bin/sh\necho "$1 $BLOGMETAD_DRAFT" >> told\nsleep 0.05\n'
CUT_OFF = "blogmetad ended while it ran; it is not called again"


def scene_in(root: Path) -> tuple[Scene, Repo]:
    """A blog in a repository, with something of its author's staged."""
    scene = Scene(root, DRAFTS).create()
    (root / "hook").write_text(HOOK)
    (root / "hook").chmod(0o755)
    scene.config.write_text(scene.config.read_text("utf-8") + TOLD, "utf-8")
    repo = make(root)
    repo.write("about.md", "staged\n")
    repo.git("add", "about.md")
    return scene, repo


def wrong(scene: Scene, repo: Repo, begun: str) -> list[str]:
    """All that is not as it has to be once blogmetad has been started again and has come to its end."""
    told = Counter((scene.root / "told").read_text("utf-8").splitlines())
    found = [f"{line} was called {times} times" for line, times in told.items() if times != 1]
    with Ledger.open_readonly(scene.state / "ledger.db") as ledger:
        for job in ledger.jobs(State.DONE, State.PARKED):
            steps = ledger.steps(job.id)
            names = [step.name for step in steps]
            cut = {str(step.data["hook"]) for step in steps if step.data.get("result") == CUT_OFF}
            wanted = ("first", "second") if job.state is State.DONE else ("first",)
            missed = [each for each in wanted if not told[f"{each} {job.name}"] and f"./hook {each}" not in cut]
            found += [f"{each} was never called for {job.name}" for each in missed]
            if names.count("announced") != 1:
                found.append(f"{job.name}: {names}")
            if job.state is State.DONE:
                commits = repo.git("log", "--format=%H", f"{begun}..", "--", f"_posts/{job.target}").split()
                found += [f"{job.name} was committed {len(commits)} times"] if len(commits) != 1 else []
                found += [f"{commit} has more in it" for commit in commits if len(repo.changed(commit)) != 1]
    staged = repo.git("diff", "--cached", "--name-only").split()
    return found + ([] if staged == ["about.md"] else [f"staged: {staged}"])


def test_killed_at_any_moment_none_is_told_twice_and_none_forgotten(tmp_path: Path, full: bool, tally: Tally) -> None:
    many = 30 if full else 6
    row = tally.row("killed while others are told", "hooks and commits")
    blogmetad = Blogmetad()
    try:
        for number in range(2):  # the first one has to import things
            scene, repo = scene_in(tmp_path / f"whole-{number}")
            begun, began = repo.head(), time.monotonic()
            blogmetad.run(scene, threads=True)
            usual = time.monotonic() - began
            assert wrong(scene, repo, begun) == []
        results: dict[float, list[str]] = {}
        for number in range(many):
            scene, repo = scene_in(tmp_path / f"{number}")
            begun, after = repo.head(), usual * (number + 1) / (many + 1)
            if blogmetad.killed_after(scene, after) == -signal.SIGKILL:
                row.tried += 1
                time.sleep(0.1)  # a program that was begun goes on by itself
                assert blogmetad.run(scene, threads=True).code in (0, 1)
                results[after] = wrong(scene, repo, begun)
        assert {after: found for after, found in results.items() if found} == {}
        assert len(results) > many / 2
    finally:
        blogmetad.close()
