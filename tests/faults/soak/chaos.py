"""What befalls the daemon in the soak: kills, stops and restarts, of it and of the model's process."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.system.blog import Blog, Daemon


@dataclass(slots=True)
class Chaos:
    """Keeps a daemon on ``blog`` running, but for what it does to it."""

    blog: Blog
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    daemon: Daemon | None = None

    def start(self) -> Daemon:
        """The daemon, started if it does not run. One that ended by itself is a violation."""
        daemon = self.daemon
        if daemon is not None and daemon.process.poll() is None:
            return daemon
        if daemon is not None:
            self.wrong.append(f"the daemon ended by itself, with code {daemon.process.returncode}; see {daemon.log}")
        self.daemon = self.blog.daemon().__enter__()
        return self.daemon

    def rough(self) -> None:
        """One thing that may happen to a daemon and its model."""
        acts = {
            self.kill_daemon: 4,
            self.restart: 2,
            self.pause_daemon: 4,
            self.kill_worker: 6,
            self.pause_worker: 4,
            self.look: 2,
        }
        (act,) = self.chance.choices(list(acts), list(acts.values()))
        act()
        self.did[act.__name__] += 1

    def kill_daemon(self) -> None:
        """The way the power goes, and at once up again; or a while later."""
        self.start().kill()
        self._gone()
        time.sleep(self.chance.choice((0.0, 0.0, 1.5)))
        self.start()

    def restart(self) -> None:
        """In good order."""
        code = self.start().stop()
        if code != 0:
            self.wrong.append(f"the daemon ended with code {code} when it was asked to stop")
        self._gone()
        self.start()

    def pause_daemon(self) -> None:
        """As on a laptop that sleeps, though not its clocks."""
        process = self.start().process
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.1, 3))
        process.send_signal(signal.SIGCONT)

    def kill_worker(self) -> None:
        """A crash of llama.cpp, or the kernel's OOM killer."""
        for worker in self.workers():
            with suppress(psutil.NoSuchProcess):
                worker.send_signal(self.chance.choice((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)))

    def pause_worker(self) -> None:
        """A model that answers late."""
        for worker in self.workers():
            with suppress(psutil.NoSuchProcess):
                worker.suspend()
                time.sleep(self.chance.uniform(0.1, 2))
                worker.resume()

    def look(self) -> None:
        """Somebody asks how things are."""
        done = self.blog.command("status", "--json")
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            self.wrong.append(f"status ended with code {done.returncode}: {done.stderr[-300:]}")

    def workers(self) -> list[psutil.Process]:
        """The model's process, if there is one."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.start().process.pid).children()
        return []

    def end(self) -> None:
        """The daemon stopped in good order, and all it said of bugs taken down."""
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.restart()
            self.start().stop()
            self._gone()
        for log in self.blog.root.glob("daemon-*.log"):
            text = log.read_text("utf-8")
            if "Traceback" in text or '"unexpected"' in text:
                self.wrong.append(f"a bug shows in {log}")

    def _gone(self) -> None:
        self.daemon = None
