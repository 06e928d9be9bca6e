"""Wiring only: the parts of blogmetad put together, and the loop that wakes them.

Watcher and scheduler run in threads of their own and do nothing but set a flag, as does a draft that is done; the work
on drafts is theirs alone (flights.py). Everything else happens here, one round after another. The loop also sees that
those threads live, and never waits so long that nobody else would.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from blogmetad import rounds
from blogmetad.attempt import Tools
from blogmetad.config import Config
from blogmetad.intake.scan import FolderGone, being_written
from blogmetad.intake.watch import Watch
from blogmetad.journal.ledger import LedgerError, LedgerGone
from blogmetad.journal.renewal import open_whole
from blogmetad.lock import Claim, alone
from blogmetad.model import catalog
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.remote import setup
from blogmetad.model.remote.proposer import Remote
from blogmetad.notify import notify, watchdog_seconds
from blogmetad.publish.folders import Folders
from blogmetad.publish.listing import Listing
from blogmetad.publish.place import Placer
from blogmetad.rules import document
from blogmetad.site.index import CacheError, Index
from blogmetad.site.jekyll import read_site
from blogmetad.turns import Turns
from blogmetad.vitals import Vitals
from blogmetad.wakeups import WakeUps
from blogmetad.weeks import sum_up

log = structlog.get_logger("blogmetad")

PAUSE = 15.0
"""Seconds to wait when the state folder cannot be written."""

CATCH_UP = 0.05
"""Seconds to let a burst of events pass before the folder is scanned."""

LOOK_EVERY = 30.0
"""Seconds between two looks at whether all that wakes us is alive, where systemd does not say how often."""

DAY, HOUR = 86400.0, 3600.0

SILENCE = 2.0
"""Seconds for which the work on a draft may well give no sign of life."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """The rounds over a site and the parts of them that its owner looks after."""

    runner: rounds.Rounds
    proposer: Worker | Remote
    tools: Tools


def worker_options(config: Config) -> WorkerOptions:
    """The worker's options from the configuration. Raises BlogmetadError if the model is not there."""
    model = config.model
    return WorkerOptions(
        model=catalog.resolve(model.name, config.site.root),
        name=Path(model.name).name,
        state=config.site.state,
        threads=model.threads,
        gpu_layers=model.gpu_layers,
        context=model.context,
        parallel=model.parallel,
        thinking=model.thinking_tokens if model.thinking == "on" else 0,
        saved=config.site.state / "prefix",
        load_timeout=model.load_timeout,
        job_timeout=model.job_timeout,
    )


def open_proposer(config: Config) -> Worker | Remote:
    """What proposes, as the configuration says: a model here, or a server. ``unload`` ends it.

    Raises BlogmetadError if the model, or the server's key, is not there.
    """
    if config.model.engine == "llama.cpp":
        return Worker(worker_options(config))
    for sentence in setup.advice(config):
        log.warning("server", advice=sentence)
    return Remote(setup.remote_options(config))


@contextmanager
def assemble(
    config: Config, keep_going: Callable[[], bool], wake: Callable[[], None] = lambda: None
) -> Iterator[Assembled]:
    """Take the site's lock, open everything, finish what an earlier run left half done, and close it all again.

    ``wake`` is called, in another thread, when a draft is done. Those still in flight at the end are withdrawn. Raises
    AlreadyRunning if the site, or its drafts folder, is another's.
    """
    site = config.site
    rules = document.load(site.rules)
    jekyll = read_site(site.root)

    def now() -> dt.datetime:
        return dt.datetime.now(jekyll.timezone)

    claim, listing = Claim(site.drafts), Listing()
    with (
        alone(site.state / "lock"),
        closing(claim),
        closing(listing),
        open_whole(site.state / "ledger.db", now()) as ledger,
    ):
        claim.hold()
        proposer = open_proposer(config)
        index = Index(site.posts, site.state / "index.db")
        try:
            placer = Placer(Folders.of(config), ledger, now, being_written, listing.taken)
            tools = Tools(config, rules, jekyll, index, ledger, placer, proposer, Turns(), now, keep_going)
            with rounds.opened(tools, wake, claim.hold) as both:
                try:
                    both.recover()
                    both.prune()
                except (CacheError, OSError) as error:
                    log.error("recovery not finished", reason=str(error), next="it is tried again")
                sum_up(tools)
                yield Assembled(both, proposer, tools)
        finally:
            proposer.unload()
            index.close()


class Daemon:
    """The loop behind ``blogmetad run``."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._gone = False
        self._told: str | None = None
        self._stop, self._wake = threading.Event(), threading.Event()
        self._prune, self._sum_up = threading.Event(), threading.Event()
        self._runner: rounds.Rounds | None = None
        self.interrupted = False
        watchdog = watchdog_seconds()
        self._vitals = Vitals(watchdog / 3 if watchdog else None)
        self._look_every = self._vitals.every or LOOK_EVERY

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises BlogmetadError if it cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._stop.is_set():
            try:
                self._run_until_the_ledger_is_lost()
            except (LedgerError, OSError) as error:
                if self._runner is None:
                    raise
                self._tell(error)
                self._stop.wait(PAUSE)
            else:
                self._stop.wait(CATCH_UP)

    def _tell(self, error: Exception) -> None:
        """Say why nothing can be done now, unless that was said already."""
        if str(error) != self._told:
            log.error("cannot work now", reason=str(error), again_every=PAUSE)
        self._told = str(error)

    def _run_until_the_ledger_is_lost(self) -> None:
        """Everything is opened anew when the ledger is found damaged, or its folder was taken away."""
        with assemble(self._config, self._keep_going, self._wake.set) as parts:
            self._runner = parts.runner
            polling = self._config.intake.polling
            watches = [Watch(folder, self._wake.set, polling) for folder in parts.runner.folders]
            wakeups = WakeUps(self._wake.set, self._recurring(), self._look_every)
            wakeups.start()
            self._vitals.watch_over(
                {
                    "folder watch": lambda: all(watch.healthy() or watch.refused for watch in watches),
                    "scheduler": wakeups.healthy,
                    "work on a draft": lambda: parts.runner.silence <= max(self._look_every, SILENCE),
                }
            )
            try:
                self._serve(parts, watches, wakeups)
            finally:
                if self._stop.is_set():
                    notify("STOPPING=1")
                self._vitals.watch_over({})
                wakeups.stop()
                for watch in watches:
                    watch.stop()
                log.info("stopped")

    def _recurring(self) -> dict[Callable[[], None], float]:
        return {self._wake.set: self._config.intake.rescan_seconds, self._prune.set: DAY, self._sum_up.set: HOUR}

    def _serve(self, parts: Assembled, watches: Sequence[Watch], wakeups: WakeUps) -> None:
        for watch in watches:
            self._arm(watch)
        log.info(
            "watching",
            drafts=str(self._config.site.drafts),
            posts=str(self._config.site.posts),
            pid=os.getpid(),
        )
        notify(f"READY=1\nSTATUS=watching {self._config.site.drafts}")
        self._get_to_know_posts(parts.tools)
        while not self._stop.is_set():
            self._wake.clear()
            try:
                if self._sum_up.is_set():
                    self._sum_up.clear()
                    sum_up(parts.tools)
                again = self._round(parts.runner)
                if self._told is not None:
                    log.info("works again")
                self._told = None
                if parts.runner.outdated and not parts.runner.busy:
                    log.info("posts wait for review", next="the review folder is watched from now on")
                    return
            except (CacheError, LedgerError, OSError) as error:
                if isinstance(error, LedgerGone) or (isinstance(error, LedgerError) and error.corrupt):
                    log.error("ledger opened anew", reason=str(error))
                    return
                # A full or read-only disk: nothing is lost by waiting, and everything goes on by itself.
                self._tell(error)
                again = PAUSE
            self._revive(watches, wakeups)
            wakeups.appoint("again", again)
            wakeups.appoint("idle", self._unload_when_idle(parts))
            self._keep_going()
            while not self._wake.wait(self._look_every):
                self._revive(watches, wakeups)
                self._keep_going()
            if not parts.runner.landed:
                self._stop.wait(CATCH_UP)

    def _round(self, runner: rounds.Rounds) -> float | None:
        """One round, if there is a folder to look at; seconds until the next is due, None if none is."""
        if self._prune.is_set():
            self._prune.clear()
            runner.prune()
        try:
            again = runner.round().again
        except FolderGone as error:
            if not self._gone:
                log.error("drafts folder is away", reason=str(error))
            self._gone = True
            return None
        if self._gone:
            log.info("drafts folder is back")
        self._gone = False
        return again

    def _revive(self, watches: Sequence[Watch], wakeups: WakeUps) -> None:
        """Whatever has died of what wakes us, started anew; another round looks for what was missed meanwhile."""
        for watch in watches:
            healthy = watch.healthy()
            if not healthy and not watch.refused and not self._gone:
                log.warning("folder watch lost", next="the folder is watched anew")
            if not healthy or watch.stale():
                self._arm(watch)
        if not wakeups.healthy():
            log.warning("scheduler silent", next="it is started anew")
            wakeups.start()
            self._wake.set()

    def _get_to_know_posts(self, tools: Tools) -> None:
        """Bring the index up to date now, so that the first draft need not wait for it."""
        try:
            seen = tools.index.refresh(self._keep_going)
        except CacheError as error:
            log.error("posts not known", reason=str(error), next="the first draft tries again")
            return
        log.info("posts known", posts=seen.posts, read=seen.read, seconds=round(seen.seconds, 2))

    def _arm(self, watch: Watch) -> None:
        """Watch the folder (again). Where that fails, the periodic scan still finds every draft."""
        told = watch.refused
        try:
            watch.rearm()
        except OSError as error:
            if not told:
                log.warning("folder not watched", reason=str(error), next="the periodic scan finds drafts meanwhile")
                self._wake.set()  # a round finds out what is the matter, and tells
        else:
            self._wake.set()

    def _unload_when_idle(self, parts: Assembled) -> float | None:
        """Free the model's memory if it was not used for long; seconds until that is due, None if none is loaded or
        drafts are in flight."""
        worker = parts.proposer
        if isinstance(worker, Remote) or worker.pid is None or parts.runner.busy:
            return None
        left = self._config.model.idle_seconds - (time.monotonic() - worker.last_used)
        if left > 0:
            return left
        worker.unload()
        log.info("model unloaded", idle_seconds=self._config.model.idle_seconds)
        return None

    def _keep_going(self) -> bool:
        """Whether to go on. Asked by the main loop alone: that it comes here is its own sign of life."""
        self._vitals.ping()
        return not self._stop.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.interrupted = number == signal.SIGINT
        self._stop.set()
        self._wake.set()
