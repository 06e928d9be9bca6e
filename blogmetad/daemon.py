"""Wiring only: the parts of blogmetad put together, and the loop that wakes them.

Watcher and scheduler run in threads of their own and do nothing but set a flag, as does a draft that is done; the work
on drafts is theirs alone (flights.py). Everything else happens here, one round after another.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

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
from blogmetad.publish.place import Placer
from blogmetad.rules import document
from blogmetad.runner import Runner
from blogmetad.site.index import CacheError, Index
from blogmetad.site.jekyll import read_site
from blogmetad.turns import Turns
from blogmetad.weeks import sum_up

log = structlog.get_logger("blogmetad")

PAUSE = 15.0
"""Seconds to wait when the state folder cannot be written."""

CATCH_UP = 0.05
"""Seconds to let a burst of events pass before the folder is scanned."""

SILENCE = 2.0
"""Seconds for which the work on a draft may well give no sign of life."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """A runner and the parts of it that its owner looks after."""

    runner: Runner
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

    claim = Claim(site.drafts)
    with alone(site.state / "lock"), closing(claim), open_whole(site.state / "ledger.db", now()) as ledger:
        claim.hold()
        proposer = open_proposer(config)
        index = Index(site.posts, site.state / "index.db")
        try:
            placer = Placer(Folders(site.drafts, site.posts, site.state), ledger, now, being_written)
            tools = Tools(config, rules, jekyll, index, ledger, placer, proposer, Turns(), now, keep_going)
            runner = Runner(tools, wake, claim.hold)
            try:
                runner.recover()
                runner.prune()
            except (CacheError, OSError) as error:
                log.error("recovery not finished", reason=str(error), next="it is tried again")
            try:
                sum_up(tools)
                yield Assembled(runner, proposer, tools)
            finally:
                runner.stop()
        finally:
            proposer.unload()
            index.close()


class Daemon:
    """The loop behind ``blogmetad run``."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop, self._wake = threading.Event(), threading.Event()
        self._prune, self._sum_up = threading.Event(), threading.Event()
        self._pinged = 0.0
        self._runner: Runner | None = None
        self.interrupted = False
        watchdog = watchdog_seconds()
        self._ping_every = watchdog / 3 if watchdog else None

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
                log.error("cannot work now", reason=str(error), again_in=PAUSE)
                self._stop.wait(PAUSE)

    def _run_until_the_ledger_is_lost(self) -> None:
        """Everything is opened anew when the ledger is found damaged, or its folder was taken away."""
        with assemble(self._config, self._keep_going, self._wake.set) as parts:
            self._runner = parts.runner
            watch = Watch(self._config.site.drafts, self._wake.set, polling=self._config.intake.polling)
            scheduler = BackgroundScheduler(timezone=dt.UTC, job_defaults={"misfire_grace_time": None})
            scheduler.add_job(self._wake.set, "interval", seconds=self._config.intake.rescan_seconds)
            scheduler.add_job(self._prune.set, "interval", days=1)
            scheduler.add_job(self._sum_up.set, "interval", hours=1)
            scheduler.start()
            try:
                self._serve(parts, watch, scheduler)
            finally:
                if self._stop.is_set():
                    notify("STOPPING=1")
                scheduler.shutdown(wait=False)
                watch.stop()
                log.info("stopped")

    def _serve(self, parts: Assembled, watch: Watch, scheduler: BackgroundScheduler) -> None:
        self._arm(watch)
        log.info(
            "watching",
            drafts=str(self._config.site.drafts),
            posts=str(self._config.site.posts),
            pid=os.getpid(),
        )
        notify(f"READY=1\nSTATUS=watching {self._config.site.drafts}")
        self._get_to_know_posts(parts.tools)
        gone = False
        while not self._stop.is_set():
            self._wake.clear()
            if self._sum_up.is_set():
                self._sum_up.clear()
                sum_up(parts.tools)
            try:
                if self._prune.is_set():
                    self._prune.clear()
                    parts.runner.prune()
                again = parts.runner.round().again
                if gone:
                    log.info("drafts folder is back")
                gone = False
            except FolderGone as error:
                if not gone:
                    log.error("drafts folder is away", reason=str(error))
                gone, again = True, None
            except (CacheError, LedgerError, OSError) as error:
                if isinstance(error, LedgerGone) or (isinstance(error, LedgerError) and error.corrupt):
                    log.error("ledger opened anew", reason=str(error))
                    return
                # A full or read-only disk: nothing is lost by waiting, and everything goes on by itself.
                log.error("cannot work now", reason=str(error), again_in=PAUSE)
                again = PAUSE
            self._wake_at(scheduler, "again", again)
            self._wake_at(scheduler, "idle", self._unload_when_idle(parts))
            self._keep_going()
            self._wait(parts.runner)
            if not watch.healthy():
                self._arm(watch)

    def _get_to_know_posts(self, tools: Tools) -> None:
        """Bring the index up to date now, so that the first draft need not wait for it."""
        try:
            seen = tools.index.refresh()
        except CacheError as error:
            log.error("posts not known", reason=str(error), next="the first draft tries again")
            return
        log.info("posts known", posts=seen.posts, read=seen.read, seconds=round(seen.seconds, 2))

    def _wait(self, runner: Runner) -> None:
        """Until there is something to do, or systemd has to be told something."""
        if self._wake.wait(self._ping_every) and not runner.landed:
            self._stop.wait(CATCH_UP)

    def _arm(self, watch: Watch) -> None:
        """Watch the folder (again). Where that fails, the periodic scan still finds every draft."""
        try:
            watch.rearm()
        except OSError as error:
            log.warning("folder not watched", reason=str(error), next="the periodic scan finds drafts meanwhile")

    def _wake_at(self, scheduler: BackgroundScheduler, name: str, seconds: float | None) -> None:
        """Have the scheduler wake the loop in so many seconds; None takes an earlier appointment back."""
        if seconds is None:
            if scheduler.get_job(name) is not None:
                scheduler.remove_job(name)
            return
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds + 0.01)
        scheduler.add_job(self._wake.set, "date", run_date=at, id=name, replace_existing=True)

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
        """Whether to go on. Asked by the main loop alone: what systemd hears as a sign of life stands for all drafts in
        flight as well, and is not given while the work on one of them is frozen."""
        now = time.monotonic()
        if self._ping_every is not None and now - self._pinged >= self._ping_every:
            frozen = self._runner is not None and self._runner.silence > max(self._ping_every, SILENCE)
            if not frozen:
                self._pinged = now
                notify("WATCHDOG=1")
        return not self._stop.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.interrupted = number == signal.SIGINT
        self._stop.set()
        self._wake.set()
