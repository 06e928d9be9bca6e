"""The pictures of the journal's page and of the review page, made anew: ``make screenshots``.

Drafts go through the real program and the starter model, on a throw-away copy of the demonstration's site. Their days
are moved apart afterwards, to those that they themselves bear.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from blogmetad import matter
from blogmetad.journal import account
from blogmetad.journal.entry import Story
from blogmetad.journal.ledger import Ledger
from blogmetad.journal.page import render, view
from blogmetad.journal.record import story_of
from blogmetad.site.jekyll import read_site
from tests.browser import Browser, browser

HERE = Path(__file__).parent
DEMO = HERE.parent / "blogmetad" / "cli" / "demo_site"
TODAY = dt.date(2026, 11, 26)
DAYS = {"systemd-timers.md": TODAY - dt.timedelta(days=12), "sqlite-wal.md": TODAY}
"""The drafts of the demonstration and when they are written."""

OPENED = "sqlite-wal.md"
"""The draft whose story is shown opened."""


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory(prefix="blogmetad-screenshots-") as scratch:
        site = Path(scratch) / "site"
        shutil.copytree(DEMO, site, ignore=shutil.ignore_patterns("drafts"))
        config = Path(scratch) / "config.toml"
        _command(config, "init", str(site), "--rules", "bilingual-zh-en", "--model", "starter", "--yes")
        for name, day in DAYS.items():
            _drop(site, name, day)
            # The first one finds out how the model runs best here, which is not to be seen in the pictures.
            _command(config, "preview", str(site / "_inbox" / name))
            _command(config, "once")
        _drop_others(site)
        _command(config, "once", fine=(1,))
        stories = list(_stories(site))
        with browser(Path(scratch) / "profile") as window:
            _picture(window, stories, site, "en", HERE / "journal-page.png")
            _picture(window, stories, site, "zh", HERE / "journal-page.zh-CN.png", dark=True)
            _review(window, config, site)


def _command(config: Path, *words: str, fine: tuple[int, ...] = (0,)) -> None:
    environment = {**os.environ, "BLOGMETAD_CONFIG": str(config)}
    extra = ["--config", str(config)] if words[0] == "init" else []
    done = subprocess.run([sys.executable, "-m", "blogmetad", *words, *extra], env=environment, check=False)
    if done.returncode not in fine:
        raise SystemExit(f"blogmetad {words[0]} ended with {done.returncode}")


def _drop(site: Path, name: str, day: dt.date) -> None:
    text = matter.split((DEMO / "drafts" / name).read_bytes()).body
    (site / "_inbox" / name).write_bytes(f"---\ndate: {day}\n---\n".encode() + text)


def _drop_others(site: Path) -> None:
    """One draft that needs its author, and one that waits for its date."""
    (site / "_inbox" / "想法.md").write_text("以后写一篇关于备份的文章。\n", "utf-8")
    text = (DEMO / "drafts" / "systemd-timers.md").read_bytes().split(b"---\n", 2)[2].replace(b"timer", b"socket")
    (site / "_inbox" / "新年计划.md").write_bytes(b"---\ndate: 2027-01-01 09:00:00 +0800\n---\n" + text)


def _stories(site: Path) -> Iterator[Story]:
    """What the ledger tells of the drafts, each moved to its day, the latest first."""
    with Ledger.open_readonly(site / ".blogmetad" / "ledger.db") as ledger:
        stories = [story_of(job, ledger) for job in ledger.jobs()]
    zone = read_site(site).timezone
    for hour, story in enumerate(sorted(stories, key=lambda each: DAYS.get(each.name, TODAY), reverse=True)):
        moved = dt.datetime.combine(DAYS.get(story.name, TODAY), dt.time(21 - hour, 7 * hour), zone) - story.arrived
        steps = tuple(replace(step, at=step.at + moved) for step in story.steps)
        yield replace(story, arrived=story.arrived + moved, settled=story.settled + moved, steps=steps)


def _picture(window: Browser, stories: list[Story], site: Path, tongue: str, file: Path, *, dark: bool = False) -> None:
    jekyll = read_site(site)
    now = dt.datetime.combine(TODAY, dt.time(22), jekyll.timezone)
    overview = view.overview([account.read(story) for story in stories], now)
    page = site / f"journal-{tongue}.html"
    page.write_bytes(render.render(stories, overview, render.Frame(jekyll.title, now)))
    window.window(1120, 1560)
    window.prefers("dark" if dark else "light")
    window.speaks("zh-CN,zh" if tongue == "zh" else "en-GB,en")
    opened = next(story.id for story in stories if story.name == OPENED)
    window.open(f"{page.as_uri()}#d-{opened}")
    window.run("document.querySelector('[open] tr.generated .grounds').setAttribute('open', '')")
    window.run("window.scrollTo(0, 0)")
    window.screenshot(file)
    print(f"wrote {file} ({file.stat().st_size // 1024} KiB)")


def _review(window: Browser, config: Path, site: Path) -> None:
    """The drafts of the demonstration once more, as posts that wait on the review page."""
    config.write_text(config.read_text("utf-8") + '\n[publish]\nmode = "review"\n', "utf-8")
    for name in DAYS:
        _command(config, "undo", name)
        _command(config, "retry", name)
    # What needs its author is told once more, which is no failure here.
    _command(config, "once", fine=(0, 1))
    environment = {**os.environ, "BLOGMETAD_CONFIG": str(config)}
    words = [sys.executable, "-m", "blogmetad", "review", "--no-open", "--json"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            window.speaks("en-GB,en")
            window.open(json.loads(server.stdout.readline())["address"])
            base = str(window.driver.current_url)
            for tongue, draft, dark in (("en", "systemd-timers.md", False), ("zh", OPENED, True)):
                _review_picture(window, f"{base}post/{_job(site, draft)}", tongue, dark=dark)
        finally:
            server.send_signal(signal.SIGINT)


def _review_picture(window: Browser, address: str, tongue: str, *, dark: bool) -> None:
    window.window(1280, 1180)
    window.prefers("dark" if dark else "light")
    window.speaks("zh-CN,zh" if tongue == "zh" else "en-GB,en")
    window.open(address)
    window.run("document.querySelector('.field.generated .grounds').setAttribute('open', '')")
    file = HERE / ("review-page.zh-CN.png" if tongue == "zh" else "review-page.png")
    window.screenshot(file)
    print(f"wrote {file} ({file.stat().st_size // 1024} KiB)")


def _job(site: Path, draft: str) -> str:
    with Ledger.open_readonly(site / ".blogmetad" / "ledger.db") as ledger:
        found = ledger.latest(draft)
    assert found is not None
    return found.id


if __name__ == "__main__":
    main()
