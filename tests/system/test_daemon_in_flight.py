"""The daemon with several drafts in flight, as people run it: stopped, killed, and its model lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from blogmetad import matter
from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, Daemon, make_blog

DRAFTS = {f"{name}.md": f"{name}篇。\n\n{CHINESE}" for name in "甲乙丙丁戊己"}
PLACES = 4
MORE = 24


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model, extra=f"parallel = {PLACES}")


def drop_all(blog: Blog) -> None:
    for name, text in DRAFTS.items():
        blog.drop(name, text)


def with_all_places_taken(blog: Blog, daemon: Daemon) -> psutil.Process:
    """Drop all drafts while the model's process stands still; that process, with as many drafts as there are places."""
    blog.drop("first.md", CHINESE)
    daemon.wait_for("first.md", State.DONE)
    (worker,) = psutil.Process(daemon.process.pid).children()
    worker.suspend()
    drop_all(blog)
    daemon.wait(lambda: sum(job.attempts > 0 for job in blog.jobs(State.ACCEPTED)) == PLACES)
    return worker


def assert_each_is_published_once(blog: Blog, others: int = 0) -> None:
    bodies = [matter.split((blog.posts / name).read_bytes()).body.lstrip(b"\n").decode() for name in blog.published()]
    assert sorted(body for body in bodies if body != CHINESE) == sorted(DRAFTS.values())
    assert len(bodies) == len(DRAFTS) + others
    assert list(blog.inbox.iterdir()) == []
    done = blog.jobs(State.DONE)
    assert sorted(job.name for job in done if job.name in DRAFTS) == sorted(DRAFTS)
    assert sorted(str(job.entry) for job in done) == sorted(path.name for path in blog.journal.iterdir())


def test_drafts_in_flight_at_sigterm_are_given_up_at_once_and_published_at_the_next_start(blog: Blog) -> None:
    with blog.daemon() as daemon:
        worker = with_all_places_taken(blog, daemon)
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 5
        assert not worker.is_running()
        assert len(daemon.said("abandoned")) == PLACES
        assert {path.name for path in blog.inbox.iterdir()} == set(DRAFTS)
    with blog.daemon() as daemon:
        daemon.wait(lambda: len(blog.jobs(State.DONE)) == len(DRAFTS) + 1)
        assert daemon.stop() == 0
        assert daemon.said("worker lost") == daemon.said("parked") == []
    assert_each_is_published_once(blog, others=1)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_worker_lost_with_several_drafts_costs_none_of_them_its_post(blog: Blog, number: int) -> None:
    with blog.daemon() as daemon:
        worker = with_all_places_taken(blog, daemon)
        worker.send_signal(number)
        worker.resume()
        daemon.wait(lambda: len(blog.jobs(State.DONE)) == len(DRAFTS) + 1)
        lost = daemon.said("worker lost")
        assert 2 <= len(lost) <= PLACES  # the last one may not have reached the model yet
        assert {line["alone"] for line in lost} == {False}
        assert len(daemon.said("model loaded")) == 2
        assert daemon.said("parked") == []
        assert daemon.stop() == 0
    assert_each_is_published_once(blog, others=1)


def test_a_daemon_killed_with_drafts_in_flight_leaves_exactly_one_post_for_each(
    tmp_path: Path, tiny_model: Path
) -> None:
    for delay in (0.2, 0.5, 0.9):
        blog = make_blog(tmp_path / f"博客{delay}", tiny_model, extra=f"parallel = {PLACES}")
        drop_all(blog)
        with blog.daemon() as daemon:
            time.sleep(delay)
            daemon.kill()
        with blog.daemon() as daemon:
            daemon.wait(lambda made=blog: len(made.jobs(State.DONE)) == len(DRAFTS))
            assert daemon.stop() == 0
        assert_each_is_published_once(blog)


def test_once_publishes_all_that_waits_and_says_what_became_of_each(blog: Blog) -> None:
    drop_all(blog)
    blog.drop("短.md", "短")
    once = blog.command("once")
    assert once.returncode == 1
    told = {line["draft"]: line["outcome"] for line in map(json.loads, once.stdout.splitlines())}
    assert told == {**dict.fromkeys(DRAFTS, "published"), "短.md": "parked"}
    assert len(once.stdout.splitlines()) == len(told)
    (blog.inbox / "短.md").unlink()
    assert len(blog.published()) == len(DRAFTS)


def test_once_interrupted_gives_its_drafts_up_and_the_next_takes_them_up(blog: Blog) -> None:
    assert blog.command("once").returncode == 0
    drop_all(blog)
    for number in range(MORE):  # enough for it to be in the middle of them when it hears of the signal
        blog.drop(f"{number}.md", CHINESE + f"\n\n第{number}篇。")
    words = [sys.executable, "-m", "blogmetad", "once", "--config", str(blog.config)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as once:
        end = time.monotonic() + 30
        while not any(job.attempts for job in blog.jobs(State.ACCEPTED)):
            assert time.monotonic() < end
            time.sleep(0.01)
        once.send_signal(signal.SIGINT)
        assert once.wait(10) == 130
    assert blog.command("once").returncode == 0
    bodies = [matter.split((blog.posts / name).read_bytes()).body for name in blog.published()]
    assert len(set(bodies)) == len(bodies) == len(DRAFTS) + MORE
    assert list(blog.inbox.iterdir()) == []
