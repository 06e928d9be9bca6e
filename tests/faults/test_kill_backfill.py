"""Fields offered for a published post, approved and taken back, with a kill before every single thing that is done to
the disk or the ledger: the post is always one of its two versions, whole, and the former one is never lost."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad import files
from blogmetad.journal.ledger import Ledger, State
from blogmetad.outcomes import Published
from blogmetad.publish import exchange, offer
from blogmetad.publish.offer import Offer
from blogmetad.publish.place import Placer
from blogmetad.publish.recover import recover
from blogmetad.publish.undo import complete, undo, unfinished
from tests.faults import traced
from tests.faults.scene import contents
from tests.faults.sweep import Sides, points, spread
from tests.faults.test_kill_place import Site, child, disk, finished, killed, now
from tests.faults.traced import CHANGING

__all__ = ["disk"]

PATH = "旧文/2024-01-01-备份.md"
NAME = "2024-01-01-备份.md"
RAW = "---\ntitle: 备份  # 我的\n---\n三份数据，两种介质。\n".encode()
NEW = RAW.replace(b"\n---\n", "\ndescription: 三份数据。\n---\n".encode())
EXCHANGE = files.exchange
SAVED = RAW.replace("三份".encode(), "四份".encode())


class Blog(Site):
    """A site with one post, in a folder of its own, and nothing else."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.folders = replace(self.folders, review=root / "_review")
        self.post = self.folders.posts / PATH

    def create(self) -> Blog:
        for folder in (self.folders.drafts, self.post.parent, self.folders.state):
            folder.mkdir(parents=True)
        self.post.write_bytes(RAW)
        return self

    def copy(self, root: Path) -> Blog:
        return Blog(super().copy(root).root)


def opened(site: Site) -> tuple[Ledger, Placer]:
    ledger = Ledger(site.folders.state / "ledger")
    return ledger, Placer(site.folders, ledger, now)


def come_to_rest(site: Site) -> None:
    """What a start of blogmetad does for offers."""
    ledger, placer = opened(site)
    with ledger:
        recover(placer)
        for job in ledger.jobs(State.STAGED):
            offer.go_on(offer.offering(placer), job)
        for job in ledger.jobs(State.UNDONE):
            if unfinished(placer, job):
                complete(placer, job)
        for job in ledger.jobs(State.WAITING):
            conclude(ledger, job.id, exchange.settle(placer, job))


def conclude(ledger: Ledger, job_id: str, found: object) -> None:
    if isinstance(found, Published):
        ledger.move(job_id, State.DONE, now(), target=found.filename, post_sha256=found.sha256)


def run_backfill(site: Site) -> None:
    ledger, placer = opened(site)
    with ledger:
        if not ledger.jobs(State.STAGED, State.WAITING):
            offer.make(offer.offering(placer), Offer(PATH, RAW, NEW, ("description",)))


def run_approve(site: Site) -> None:
    ledger, placer = opened(site)
    with ledger:
        for job in ledger.jobs(State.WAITING):
            content = (site.root / "_review" / str(job.target)).read_bytes()
            conclude(ledger, job.id, exchange.exchange(placer, job, content))


def run_undo(site: Site) -> None:
    ledger, placer = opened(site)
    with ledger:
        undo(placer, ledger.jobs(State.WAITING, State.DONE)[0])


def everything(site: Site) -> list[bytes]:
    return [path.read_bytes() for path in site.root.rglob("*") if path.is_file() and path.name != "ledger"]


def assert_whole(site: Blog, *versions: bytes) -> None:
    """At every instant: the post is one version of it, nobody else's, and the former one is somewhere."""
    assert site.post.read_bytes() in (versions or (RAW, NEW))
    assert RAW in everything(site)
    assert [path.name for path in site.folders.posts.rglob("*.md")] == [NAME]


def sweep(start: Blog, disk: Path, work: Callable[[Site], None]) -> Iterator[Blog]:
    """The site as it is after a kill before each call of the work, one after another."""
    calls = finished(start.copy(disk / "whole"), work)
    assert calls > 8
    for at in range(1, calls + 1):
        site = start.copy(disk / f"{at}")
        killed(site, work, at)
        assert_whole(site)
        yield site
        shutil.rmtree(site.root)


@pytest.fixture
def published(disk: Path) -> Blog:
    return Blog(disk / "site").create()


def waits(site: Blog) -> bool:
    (job,) = site.jobs() or (None,)
    return job is not None and job.state is State.WAITING


def test_an_offer_killed_at_any_point_waits_once_or_not_at_all(published: Blog, disk: Path) -> None:
    seen = set()
    for site in sweep(published, disk, run_backfill):
        finished(site, come_to_rest)
        review = contents(site.root / "_review")
        assert site.post.read_bytes() == RAW
        assert review == ({NAME: NEW} if [job for job in site.jobs() if job.state is State.WAITING] else {})
        assert {job.state for job in site.jobs()} <= {State.WAITING, State.SUPERSEDED}
        assert contents(site.folders.stage) == {}
        seen.add(bool(review))
        finished(site, run_backfill)
        assert contents(site.root / "_review") == {NAME: NEW}
    assert seen == {True, False}


def test_an_approval_killed_at_any_point_is_done_or_can_be_said_again(published: Blog, disk: Path) -> None:
    finished(published, run_backfill)
    seen = set()
    for site in sweep(published, disk, run_approve):
        finished(site, come_to_rest)
        (job,) = site.jobs()
        assert (site.post.read_bytes(), job.state) in ((RAW, State.WAITING), (NEW, State.DONE))
        seen.add(job.state)
        finished(site, run_approve)
        (job,) = site.jobs()
        assert (site.post.read_bytes(), job.state, job.target) == (NEW, State.DONE, PATH)
        assert contents(site.folders.state / "withdrawn") == {job.id: RAW}
    assert seen == {State.WAITING, State.DONE}


def test_an_approval_killed_twice_costs_nothing_either(published: Blog, disk: Path, full: bool) -> None:
    finished(published, run_backfill)
    for number, site in enumerate(sweep(published, disk, run_approve)):
        if not full and number % 13:
            continue
        for again in range(1, finished(site.copy(disk / f"{number}-whole"), come_to_rest) + 1):
            twice = site.copy(disk / f"{number}-{again}")
            killed(twice, come_to_rest, again)
            assert_whole(twice)
            finished(twice, come_to_rest)
            finished(twice, run_approve)
            assert twice.post.read_bytes() == NEW
            shutil.rmtree(twice.root)


@pytest.mark.parametrize("approved", [False, True], ids=["waiting", "approved"])
def test_taking_it_back_killed_at_any_point_is_not_begun_or_completed(
    published: Blog, disk: Path, approved: bool
) -> None:
    finished(published, run_backfill)
    if approved:
        finished(published, run_approve)
    ends = set()
    for site in sweep(published, disk, run_undo):
        finished(site, come_to_rest)
        (job,) = site.jobs()
        ends.add(job.state)
        if job.state is State.UNDONE:
            assert site.post.read_bytes() == RAW
            assert NEW in contents(site.folders.state / "withdrawn").values()
        if not approved:
            assert contents(site.root / "_review") == ({} if job.state is State.UNDONE else {NAME: NEW})
    assert ends == {State.UNDONE, State.DONE if approved else State.WAITING}


def exchange_and_die(one: Path, other: Path) -> None:
    EXCHANGE(one, other)
    signal.raise_signal(signal.SIGKILL)


@pytest.mark.parametrize("work", [run_approve, run_undo], ids=["approved", "taken back"])
@pytest.mark.parametrize("dies", [False, True], ids=["lives on", "dies at the next call"])
def test_a_post_saved_at_any_point_keeps_what_was_saved(
    published: Blog, disk: Path, work: Callable[[Site], None], dies: bool
) -> None:
    finished(published, run_backfill)
    if work is run_undo:
        finished(published, run_approve)
    calls, ends = finished(published.copy(disk / "whole"), work), set[int]()
    for at in range(1, calls + 1):
        site = published.copy(disk / f"{at}")

        def save(site: Blog = site) -> None:
            new = site.root / "saving"
            new.write_bytes(SAVED)
            new.replace(site.post)
            if dies:  # what came out of the exchange is the author's, and has not gone back yet
                files.exchange = exchange_and_die

        ends.add(child(site, work, at, save)[0])
        assert SAVED in everything(site)
        finished(site, come_to_rest)
        assert site.post.read_bytes() == SAVED, at
        shutil.rmtree(site.root)
    assert ends == ({0, -signal.SIGKILL} if dies else {0})


@pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))
@pytest.mark.parametrize(
    "words", [("backfill", "2024-01-01-old"), ("approve", "--all"), ("undo", "2024-01-01-old")], ids=lambda w: w[0]
)
def test_the_commands_killed_before_any_call_leave_the_post_whole(
    words: tuple[str, ...], sides: Sides, full: bool
) -> None:
    start = sides.scene(names=())
    rules = start.root / "rules.md"
    text = rules.read_text("utf-8").replace("max_length: 200}", "max_length: 200, need: recommended}")
    rules.write_text(text, "utf-8")
    post = start.root / "_posts" / "2024-01-01-old.md"
    before = post.read_bytes()
    steps = [("backfill", post.name), ("approve", "--all"), ("undo", post.name)]
    for earlier in steps[: [step[0] for step in steps].index(words[0])]:
        assert sides.blogmetad.run(start, *earlier).code == 0
    trial = sides.scene(start)
    every = points(sides.blogmetad.traced(trial, *words, calls=CHANGING).calls, trial.root)
    after = (trial.root / "_posts" / post.name).read_bytes()
    for point in spread(every, None if full else 2):
        scene = sides.scene(start)
        killed_post = scene.root / "_posts" / post.name
        ended = sides.blogmetad.traced(scene, *words, inject=point.fault)
        assert ended.code == -signal.SIGKILL, ended.output
        assert killed_post.read_bytes() in (before, post.read_bytes(), after)
        assert sides.blogmetad.run(scene).code == 0
        sides.blogmetad.run(scene, *words)
        assert killed_post.read_bytes() == after
        assert sorted(path.name for path in killed_post.parent.glob("*.md")) == sorted(
            path.name for path in post.parent.glob("*.md")
        )
        shutil.rmtree(scene.root)


@pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))
def test_a_renaming_killed_before_any_call_leaves_one_post_under_one_name(sides: Sides, full: bool) -> None:
    start = sides.scene(names=("因果.md",))
    (start.root / "_config.yml").write_text("plugins: [jekyll-redirect-from]\npermalink: /:title/\n", "utf-8")
    assert sides.blogmetad.run(start).code == 0
    posts = start.root / "_posts"
    (old,) = (path for path in posts.glob("*.md") if "相关不是因果" in path.read_text("utf-8"))
    before, new = old.read_bytes(), old.name[:11] + "因果推断.md"
    words = ("revise", old.name, "文件名改成 因果推断")
    trial = sides.scene(start)
    every = points(sides.blogmetad.traced(trial, *words, calls=CHANGING).calls, trial.root)
    after = (trial.root / "_posts" / new).read_bytes()
    assert after.replace(f"redirect_from: [/{old.stem[11:]}/]\n".encode(), b"") == before
    seen = set()
    for point in spread(every, None if full else 3):
        scene = sides.scene(start)
        ended = sides.blogmetad.traced(scene, *words, inject=point.fault)
        assert ended.code == -signal.SIGKILL, ended.output
        ours = [path for path in (scene.root / "_posts").glob("*.md") if path.read_bytes() in (before, after)]
        assert len({path.stat().st_ino for path in ours}) == 1
        assert sides.blogmetad.run(scene).code == 0
        (kept,) = (path for path in (scene.root / "_posts").glob("*.md") if path.read_bytes() in (before, after))
        seen.add((kept.name, kept.read_bytes()))
        if kept.name == old.name:
            assert sides.blogmetad.run(scene, *words).code == 0
        assert (scene.root / "_posts" / new).read_bytes() == after
        assert not (scene.root / "_posts" / old.name).exists()
        assert sides.blogmetad.run(scene, "undo", new).code == 0
        shutil.rmtree(scene.root)
    assert seen <= {(old.name, before), (new, after)}
