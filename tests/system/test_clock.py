"""Clocks that jump by years: nothing is lost, doubled or dated wrongly, and nothing waits for them."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from blogmetad import config as configuration
from blogmetad import matter
from blogmetad.journal.ledger import Ledger, State
from blogmetad.outcomes import Held, Published
from blogmetad.publish import prune
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.values import sha256
from tests.system import workshop as shops
from tests.system.blog import CHINESE, Blog, make_blog
from tests.system.workshop import TEXT, Desk, workshop

YEARS = dt.timedelta(days=3650)


class Clock:
    """Stands still until it is set."""

    def __init__(self, shown: dt.datetime) -> None:
        self.shown = shown

    def __call__(self) -> dt.datetime:
        return self.shown


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every workshop."""
    made = Clock(dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC))
    monkeypatch.setattr(shops, "now", made)
    return made


@pytest.mark.parametrize("jump", [YEARS, -YEARS], ids=["ahead", "back"])
def test_a_held_draft_is_published_once_its_date_has_come_and_never_again(
    tmp_path: Path, clock: Clock, jump: dt.timedelta
) -> None:
    begun, ahead = clock.shown, jump > dt.timedelta()
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.drop("明天.md", "---\ndate: 2026-11-27 12:00:00 +0000\n---\n" + TEXT.format("明天"))
        assert [type(done.outcome) for done in shop.drain()] == [Held]
        clock.shown = begun + jump
        assert [type(done.outcome) for done in shop.drain()] == ([Published] if ahead else [])
        clock.shown = begun
        assert shop.drain() == []
        clock.shown = begun + dt.timedelta(days=2)
        assert [type(done.outcome) for done in shop.drain()] == ([] if ahead else [Published])
        clock.shown = begun - YEARS
        assert shop.drain() == []
        (name,) = shop.published()
        assert name.startswith("2026-11-27-")
        assert shop.in_state(State.DONE) == ["明天.md"]


def test_a_draft_that_came_while_the_clock_was_ahead_is_dated_by_the_clock_that_was_set_right(
    tmp_path: Path, clock: Clock
) -> None:
    begun, clock.shown = clock.shown, clock.shown + YEARS
    desk = Desk()
    with workshop(tmp_path, desk, 1) as shop:
        shop.drop("甲.md")
        shop.runner.round()
        desk.until("甲")
        assert shop.job("甲.md").arrived > begun
    clock.shown = begun
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        assert [type(done.outcome) for done in shop.drain()] == [Published]
        (name,) = shop.published()
        assert name.startswith("2026-11-26-")
        head = matter.parse(matter.split((shop.posts / name).read_bytes()).head or b"") or {}
        assert str(head["date"]).startswith("2026-11-26")


@pytest.mark.parametrize("jump", [YEARS, -YEARS], ids=["ahead", "back"])
def test_how_long_a_draft_has_been_at_rest_is_not_asked_of_the_clock(
    tmp_path: Path, clock: Clock, jump: dt.timedelta
) -> None:
    with workshop(tmp_path, Desk(waits=False), 1, settle=0.3) as shop:
        shop.drop("甲.md")
        assert shop.runner.round().waiting == 1
        clock.shown += jump
        hastened = shop.runner.round()
        assert (hastened.waiting, hastened.flying) == (1, ())
        assert hastened.again is not None
        assert hastened.again <= 0.3
        time.sleep(hastened.again)
        assert [type(done.outcome) for done in shop.drain()] == [Published]


class Setting:
    """The clock of real processes, and how many days it is wrong by."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        # With a watchdog, a daemon looks more often whether all that wakes it is alive.
        self.environment = {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(file), "WATCHDOG_USEC": "3000000"}
        self.set(0)

    def set(self, days: int) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(str(days * 86400))
        aside.rename(self._file)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    library = tmp_path / "wrong_clock.so"
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    source = Path(__file__).with_name("wrong_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return Setting(library, tmp_path / "clock")


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


def keep(blog: Blog, many: int) -> set[str]:
    """So many drafts were dealt with a moment ago, and are kept: their ids."""
    site, moment = configuration.load(blog.config), dt.datetime.now(dt.UTC)
    with Ledger(blog.ledger) as ledger:
        placer = Placer(Folders.of(site), ledger, lambda: moment)
        assert placer.probe() == ()
        for number in range(many):
            raw = f"第 {number} 篇\n".encode()
            job = ledger.open_job(f"{number}.md", *(sha256(raw),) * 2, len(raw), moment, moment, moment)
            placer.keep_original(job.id, raw)
            ledger.step(job.id, "duplicate", {"post": "2025-01-01-old.md"}, moment)
            ledger.move(job.id, State.DUPLICATE, moment)
        return {job.id for job in ledger.jobs()}


def test_a_daemon_whose_clock_jumps_by_years_goes_on_and_prunes_nothing(blog: Blog, setting: Setting) -> None:
    kept = keep(blog, prune.NEWEST + 5)
    dated: list[tuple[str, int]] = []
    for jumps in ((0, 3650, 0), (3650,)):
        setting.set(jumps[0])
        with blog.daemon(**setting.environment) as daemon:
            for jump in jumps:
                setting.set(jump)
                name = f"{len(dated)}-稿.md"
                blog.drop(name, f"{name}\n\n{CHINESE}")
                dated.append((str(daemon.wait_for(name, State.DONE).target), jump))
            assert daemon.said("pruned") == []
            assert daemon.stop() == 0
    assert kept < {path.name for path in (blog.root / ".blogmetad" / "originals").iterdir()}
    assert sorted(name for name, _ in dated) == blog.published()
    for name, jump in dated:
        error = dt.datetime.fromisoformat(f"{name[:10]}T12:00Z") - dt.datetime.now(dt.UTC) - dt.timedelta(days=jump)
        assert abs(error) < dt.timedelta(days=2)


def test_a_daemon_publishes_what_it_held_once_its_clock_has_come_there_and_only_once(
    blog: Blog, setting: Setting
) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    with blog.daemon(**setting.environment) as daemon:
        blog.drop("明天.md", f"---\ndate: {tomorrow:%Y-%m-%d %H:%M:%S} +0000\n---\n{CHINESE}")
        daemon.wait_for("明天.md", State.HELD)
        setting.set(-3650)
        blog.drop("今天.md", f"今天。\n\n{CHINESE}")
        daemon.wait_for("今天.md", State.DONE)
        assert [job.name for job in blog.jobs(State.HELD)] == ["明天.md"]
        setting.set(2)
        daemon.wait_for("明天.md", State.DONE)
        setting.set(0)
        blog.drop("后来.md", f"后来。\n\n{CHINESE}")
        daemon.wait_for("后来.md", State.DONE)
    assert sorted(job.name for job in blog.jobs(State.DONE)) == sorted(["明天.md", "今天.md", "后来.md"])
    assert len(blog.published()) == 3
