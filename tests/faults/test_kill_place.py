"""A real process places a post and is killed at every single thing it does to the disk or the ledger.

Each run is a forked child in which the functions that change something are counted; at the chosen call the child
sends itself SIGKILL, so nothing of Python's own gets a chance to clean up. The parent asserts that the child really
died of it: a sweep without kills proves nothing. Then another child recovers, as the daemon does at its start.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
import signal
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.outcomes import Published
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.publish.recover import recover
from blogmetad.publish.undo import undo
from blogmetad.values import Post, sha256

NAME = "因果.md"
RAW = "# 因果推断\n\n相关不是因果。\n".encode()
EDITED = RAW + "补充一句。\n".encode()
# Dying before each of these, and before each statement to SQLite, meets every state the disk can be left in: an open
# or an fsync in between changes nothing that survives the process.
CHANGING = ("write", "link", "rename", "unlink", "mkdir")
NEVER = 1 << 30


def post_of(raw: bytes) -> Post:
    return Post("2025-04-29-causal.md", b"---\nlayout: post\n---\n\n" + raw)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: SIGKILL does not care, and thousands of fsyncs take no time there."""
    Ledger(tmp_path / "first").close()  # what is done once in a process is done: every child makes the same calls
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="blogmetad-", dir=memory) as folder:
        yield Path(folder)


class Site:
    """The folders of a blog under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folders = Folders(root / "drafts", root / "_posts", root / "state")
        self.draft = root / "drafts" / NAME

    def create(self) -> Site:
        for folder in (self.folders.drafts, self.folders.posts, self.folders.state):
            folder.mkdir(parents=True)
        self.draft.write_bytes(RAW)
        return self

    def copy(self, root: Path) -> Site:
        """The same files elsewhere, with two names of one file staying two names of one file."""
        seen: dict[int, Path] = {}
        for path in sorted(self.root.rglob("*")):
            to = root / path.relative_to(self.root)
            inode = path.stat().st_ino
            if path.is_dir():
                to.mkdir(parents=True)
            elif inode in seen:
                to.hardlink_to(seen[inode])
            else:
                shutil.copy2(path, to)
                seen[inode] = to
        return Site(root)

    def posts(self) -> dict[str, bytes]:
        return contents(self.folders.posts)

    def jobs(self) -> tuple[Job, ...]:
        with Ledger(self.folders.state / "ledger") as ledger:
            return ledger.jobs()

    def state(self) -> tuple[object, ...]:
        """All that a recovery can see, to tell which points of death leave different sites behind."""
        tree = tuple(
            (str(p.relative_to(self.root)).split(".tmp-")[0], p.stat().st_nlink, p.read_bytes())
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and not p.name.startswith("ledger")
        )
        path = self.folders.state / "ledger"
        rows = [(job.name, job.state, job.target) for job in self.jobs()] if path.exists() else []
        return tree, tuple(rows)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} if folder.is_dir() else {}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def run_daemon(site: Site) -> None:
    """What the daemon does at its start: recover, then take up every draft it does not know."""
    with Ledger(site.folders.state / "ledger") as ledger:
        placer = Placer(site.folders, ledger, now)
        recover(placer)
        for draft in sorted(site.folders.drafts.glob("*.md")):
            raw = draft.read_bytes()
            job = ledger.latest(draft.name, sha256(raw))
            if job is None or job.state is State.SUPERSEDED:
                with ledger.transaction():
                    hashes = sha256(raw), sha256(raw)
                    job = ledger.open_job(draft.name, *hashes, len(raw), now(), now(), now())
                    placer.keep_original(job.id, raw)
            if job.state is not State.UNDONE:
                ledger.attempt(job.id, now())
                if isinstance(placer.place(job, post_of(raw)), Published):
                    placer.finish(job, "done", {})


def run_undo(site: Site) -> None:
    with Ledger(site.folders.state / "ledger") as ledger:
        undo(Placer(site.folders, ledger, now), ledger.jobs()[0])


def count_calls(at: int, act: Callable[[], None]) -> Iterator[int]:
    """Replace everything that changes something, for the rest of this process; ``act`` at call number ``at``."""
    counter = itertools.count(1)
    total = [0]

    def counted(real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        total[0] = next(counter)
        if total[0] == at:
            act()
        return real(*args, **options)

    class Counted(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql.startswith("SELECT"):
                return super().execute(sql, *args)
            return counted(super().execute, sql, *args)  # type: ignore[no-any-return]

    for name in CHANGING:
        setattr(os, name, partial(counted, getattr(os, name)))
    sqlite3.connect = partial(sqlite3.connect, factory=Counted)  # type: ignore[assignment]
    while True:
        yield total[0]


def child(site: Site, work: Callable[[Site], None], at: int, act: Callable[[], None]) -> tuple[int, int]:
    """Run ``work`` in a process of its own. How it ended (0, 1, or minus a signal) and the calls it made."""
    count_file = site.root.with_suffix(".calls")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            real_write_text = count_file.write_text
            calls = count_calls(at, act)
            next(calls)
            work(site)
            made = next(calls)
            real_write_text(str(made))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    return ended, int(count_file.read_text()) if ended == 0 else 0


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(site: Site, work: Callable[[Site], None], at: int) -> Site:
    assert child(site, work, at, kill) == (-signal.SIGKILL, 0), f"not killed at call {at}"
    return site


def finished(site: Site, work: Callable[[Site], None]) -> int:
    """Let ``work`` come to its end; the calls it made."""
    ended, calls = child(site, work, NEVER, kill)
    assert ended == 0
    return calls


def assert_nothing_is_lost_or_half_done(site: Site) -> None:
    """True at every instant: I1, and I2 as far as it can be seen from outside."""
    state = site.folders.state
    copies = [contents(folder) for folder in (site.folders.drafts, state / "originals", state / "retired")]
    whole = [raw for copy in copies for name, raw in copy.items() if not name.startswith(".")]
    assert RAW in whole
    assert site.posts() in ({}, {post_of(RAW).filename: post_of(RAW).content})


def assert_published_once(site: Site) -> None:
    """I1, I2 and I3 once everything has come to rest."""
    assert site.posts() == {post_of(RAW).filename: post_of(RAW).content}
    assert contents(site.folders.drafts) == {}
    (job,) = site.jobs()
    assert job.state is State.DONE
    assert contents(site.folders.originals) == contents(site.folders.retired) == {job.id: RAW}
    assert contents(site.folders.stage) == {}
    with Ledger(site.folders.state / "ledger") as ledger:
        names = [step.name for step in ledger.steps(job.id)]
    assert sum(name in ("done", "recovered") for name in names) == 1


def test_a_kill_at_any_point_costs_nothing_and_doubles_nothing(disk: Path) -> None:
    calls = finished(Site(disk / "whole").create(), run_daemon)
    assert calls > 30

    for at in range(1, calls + 1):
        site = killed(Site(disk / f"{at}").create(), run_daemon, at)
        assert_nothing_is_lost_or_half_done(site)
        finished(site, run_daemon)
        assert_published_once(site)


def test_a_second_kill_at_any_point_of_the_recovery_costs_nothing_either(disk: Path) -> None:
    calls = finished(Site(disk / "whole").create(), run_daemon)
    left_behind: dict[tuple[object, ...], Site] = {}
    for at in range(1, calls + 1):
        site = killed(Site(disk / f"{at}").create(), run_daemon, at)
        left_behind.setdefault(site.copy(disk / f"{at}-seen").state(), site)
    assert len(left_behind) > 10

    for number, site in enumerate(left_behind.values()):
        for again in range(1, finished(site.copy(disk / f"{number}-whole"), run_daemon) + 1):
            twice = killed(site.copy(disk / f"{number}-{again}"), run_daemon, again)
            assert_nothing_is_lost_or_half_done(twice)
            finished(twice, run_daemon)
            assert_published_once(twice)
            shutil.rmtree(twice.root)


def test_a_kill_at_any_point_of_an_undo_leaves_it_not_begun_or_completed(disk: Path) -> None:
    published = Site(disk / "published").create()
    finished(published, run_daemon)
    calls = finished(published.copy(disk / "whole"), run_undo)
    ends = set()

    for at in range(1, calls + 1):
        site = killed(published.copy(disk / f"{at}"), run_undo, at)
        assert_nothing_is_lost_or_half_done(site)
        finished(site, run_daemon)
        (job,) = site.jobs()
        ends.add(job.state)
        if job.state is State.DONE:
            assert_published_once(site)
        else:
            assert contents(site.folders.drafts) == {NAME: RAW}
            assert site.draft.stat().st_nlink == 1
            assert site.posts() == {}

    assert ends == {State.DONE, State.UNDONE}


@pytest.mark.parametrize("way", ["in place", "by renaming"])
def test_a_draft_saved_again_at_any_point_keeps_both_versions(disk: Path, way: str) -> None:
    calls = finished(Site(disk / "whole").create(), run_daemon)
    real_rename = os.rename
    seen = set()

    for at in range(1, calls + 1):
        site = Site(disk / f"{at}").create()

        def save(site: Site = site) -> None:
            new = site.draft if way == "in place" else site.draft.with_name(".saving")
            with new.open("wb") as file:
                file.write(EDITED)
            real_rename(new, site.draft)

        assert child(site, run_daemon, at, save)[0] == 0
        finished(site, run_daemon)

        texts = sorted(raw.split(b"\n\n", 1)[1] for raw in site.posts().values())
        assert texts in ([EDITED], [RAW, EDITED])
        assert contents(site.folders.drafts) == {}
        assert EDITED in contents(site.folders.retired).values()
        assert {job.state for job in site.jobs()} <= {State.DONE, State.SUPERSEDED}
        seen.add(len(texts))

    assert seen == {1, 2}
