"""What the daemon lives by, each part of it dead or frozen: noticed, ended, recovered from; and what systemd hears.

The daemon is a real process with a real NOTIFY_SOCKET, and ``Manager`` does to it what systemd would do.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, Daemon, make_blog

WATCHDOG = 3.0
"""Seconds; a healthy daemon pings three times as often, also on a busy machine."""


class Manager:
    """Listens as systemd does: what it was told, and when it last heard a sign of life."""

    def __init__(self, address: Path) -> None:
        self.said: list[str] = []
        self.last = time.monotonic()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self.environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                said = self._socket.recv(4096).decode()
            except OSError:
                return
            self.said.append(said)
            self.last = time.monotonic()

    def silent(self) -> bool:
        """Whether systemd would end the service now."""
        return time.monotonic() - self.last > WATCHDOG

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    blog = make_blog(tmp_path / "博客", tiny_model)
    text = blog.config.read_text("utf-8").replace("rescan_seconds = 5", "rescan_seconds = 3600")
    blog.config.write_text(text, "utf-8")
    return blog


@contextmanager
def faulty(blog: Blog, manager: Manager, part: str) -> Iterator[tuple[Daemon, Path]]:
    """A daemon in which ``part`` dies once the file that comes with it is made."""
    trigger = blog.root / "trigger"
    command = (sys.executable, "-m", "tests.system.faulty", part, str(trigger))
    with blog.daemon(command, **manager.environment) as daemon:
        yield daemon, trigger


def test_a_daemon_at_work_and_at_rest_is_never_silent(blog: Blog, manager: Manager) -> None:
    with blog.daemon(**manager.environment) as daemon:
        blog.drop("草稿.md", CHINESE)
        daemon.wait_for("草稿.md", State.DONE)
        end = time.monotonic() + 2 * WATCHDOG
        daemon.wait(lambda: manager.silent() or time.monotonic() > end)
        assert not manager.silent()
    assert manager.said[0].startswith("READY=1\nSTATUS=watching ")


@pytest.mark.parametrize("part", ["loop", pytest.param("draft", marks=pytest.mark.full)])
def test_where_the_loop_or_a_draft_hangs_pings_stop_and_the_next_start_takes_the_draft_up(
    blog: Blog, manager: Manager, part: str
) -> None:
    with faulty(blog, manager, part) as (daemon, trigger):
        trigger.touch()
        blog.drop("草稿.md", CHINESE)
        daemon.wait(manager.silent)
        pinged = len(manager.said)
        time.sleep(WATCHDOG / 2)
        assert len(manager.said) == pinged
        daemon.process.send_signal(signal.SIGABRT)  # what systemd does to a service whose watchdog has run out
        assert daemon.process.wait(20) == -signal.SIGABRT
    with blog.daemon() as daemon:
        daemon.wait_for("草稿.md", State.DONE)
    assert len(blog.published()) == 1


@pytest.mark.parametrize("part", ["handler", pytest.param("emitter", marks=pytest.mark.full)])
def test_a_watcher_that_dies_is_replaced_and_drafts_are_noticed_as_before(
    blog: Blog, manager: Manager, part: str
) -> None:
    with faulty(blog, manager, part) as (daemon, trigger):
        trigger.touch()
        if part == "handler":
            blog.drop("erste.md", CHINESE)
        daemon.wait(lambda: daemon.said("folder watch lost"))
        blog.drop("zweite.md", "第二篇。\n\n" + CHINESE)
        daemon.wait_for("zweite.md", State.DONE)
        assert not manager.silent()


def test_a_scheduler_that_dies_is_replaced_and_appointments_are_kept_as_before(blog: Blog, manager: Manager) -> None:
    with faulty(blog, manager, "scheduler") as (daemon, trigger):
        trigger.touch()
        daemon.wait(lambda: daemon.said("scheduler silent"))
        blog.drop("草稿.md", CHINESE)  # that it has settled is only noticed at an appointment
        daemon.wait_for("草稿.md", State.DONE)
        assert not manager.silent()


@pytest.mark.full
@pytest.mark.parametrize("part", ["emitter!", "scheduler!"])
def test_pings_stop_while_a_watcher_or_scheduler_that_died_cannot_be_replaced(
    blog: Blog, manager: Manager, part: str
) -> None:
    with faulty(blog, manager, part) as (daemon, trigger):
        trigger.touch()
        daemon.wait(lambda: manager.silent() and daemon.said("no sign of life"))
        of = "folder watch" if part == "emitter!" else "scheduler"
        assert [line["of"] for line in daemon.said("no sign of life")] == [[of]]
        trigger.unlink()
        daemon.wait(lambda: not manager.silent())
        blog.drop("草稿.md", CHINESE)
        daemon.wait_for("草稿.md", State.DONE)


@pytest.mark.full
def test_a_drafts_folder_that_is_away_is_no_reason_for_silence(blog: Blog, manager: Manager) -> None:
    with blog.daemon(**manager.environment) as daemon:
        blog.inbox.rename(blog.root / "weg")
        daemon.wait(lambda: daemon.said("drafts folder is away"))
        end = time.monotonic() + 2 * WATCHDOG
        daemon.wait(lambda: manager.silent() or time.monotonic() > end)
        assert not manager.silent()


@pytest.mark.full
def test_a_daemon_that_was_stopped_for_a_while_goes_on_as_if_nothing_had_been(blog: Blog, manager: Manager) -> None:
    with blog.daemon(**manager.environment) as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        blog.drop("草稿.md", CHINESE)
        time.sleep(WATCHDOG + 1)
        assert manager.silent()
        daemon.process.send_signal(signal.SIGCONT)
        daemon.wait_for("草稿.md", State.DONE)
        assert not manager.silent()
        assert daemon.said("scheduler silent") == daemon.said("folder watch lost") == []


def worker_of(daemon: Daemon) -> psutil.Process:
    (worker,) = psutil.Process(daemon.process.pid).children()
    return worker


def test_a_worker_that_hangs_is_replaced_at_its_deadline_and_systemd_hears_us_meanwhile(
    blog: Blog, manager: Manager
) -> None:
    text = blog.config.read_text("utf-8").replace("threads = 2", f"threads = 2\njob_timeout = {2 * WATCHDOG}")
    blog.config.write_text(text, "utf-8")
    with blog.daemon(**manager.environment) as daemon:
        blog.drop("erste.md", CHINESE)
        daemon.wait_for("erste.md", State.DONE)
        worker_of(daemon).suspend()
        blog.drop("zweite.md", "第二篇。\n\n" + CHINESE)
        daemon.wait(lambda: manager.silent() or daemon.said("worker lost"))
        assert not manager.silent()
        daemon.wait_for("zweite.md", State.DONE)
        assert re.search("no answer within", str(daemon.said("worker lost")[0]["reason"]))
    assert len(blog.published()) == 2


@contextmanager
def cramped(tmp_path: Path) -> Iterator[Path]:
    """A control group whose processes may have next to no more memory than they have when they come. Root only."""
    for base, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(base) / f"blogmetad-test-{os.getpid()}-{tmp_path.name}"
        try:
            group.mkdir()
            (group / limit).write_text("262144")
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        try:
            yield group
        finally:
            for _ in range(100):
                try:
                    group.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
        return
    pytest.skip("no control group for memory can be made here (that takes root)")


def test_a_worker_that_the_kernel_kills_for_memory_is_replaced_and_the_draft_published(
    blog: Blog, manager: Manager, tmp_path: Path
) -> None:
    with cramped(tmp_path) as group, blog.daemon(**manager.environment) as daemon:
        blog.drop("erste.md", CHINESE)
        daemon.wait_for("erste.md", State.DONE)
        worker = worker_of(daemon)
        (group / "cgroup.procs").write_text(str(worker.pid))
        blog.drop("zweite.md", "第二篇。\n\n" + CHINESE * 3)
        job = daemon.wait_for("zweite.md", State.DONE)
        assert job.attempts == 2
        assert "SIGKILL" in str(daemon.said("worker lost")[0]["reason"])
        assert worker_of(daemon).pid != worker.pid
        assert not manager.silent()
    assert len(blog.published()) == 2
