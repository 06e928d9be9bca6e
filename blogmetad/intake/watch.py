"""Hints that the drafts folder has changed. What changed is for the scan to find out."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog
from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from blogmetad.intake.scan import FolderGone, is_ignored

log = structlog.get_logger("blogmetad")

POLL_SECONDS = 1.0
BACK_SECONDS = 300.0
"""How long to poll where the system had no watch left, or one that failed at once, before it is asked again. Twice as
long each time it fails at once again, up to a day."""

DAY = 86400.0

STOP_SECONDS = 5.0

_EVENTS: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileClosedEvent]
"""Not among them: opening and closing after reading, or our own look at a draft would wake us again."""

_NO_WATCHES_LEFT = (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS)


class _Bell(FileSystemEventHandler):
    """Rings for drafts only. Runs in watchdog's thread, which an exception would end: it does nothing else."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = (os.fsdecode(event.src_path), os.fsdecode(event.dest_path))
        if any(path and not is_ignored(os.path.basename(path)) for path in paths):  # noqa: PTH119
            self._on_change()


class Watch:
    """Calls ``on_change``, from another thread, when something may have happened to a draft in ``folder``.

    Uses inotify, or looks every second with ``polling`` (network folders need it) and where the system has no watch
    left. Once started it can silently go deaf, so ask ``healthy`` now and then and ``rearm`` if it is not. ``refused``
    tells that the last try to watch failed for a reason outside: the folder is away, or cannot be read.
    """

    def __init__(self, folder: Path, on_change: Callable[[], None], polling: bool = False) -> None:
        self._folder, self._polling = folder, polling
        self._bell = _Bell(on_change)
        self._observer: BaseObserver | None = None
        self._root: tuple[int, int] | None = None
        self._mode: Literal["inotify", "polling"] = "polling" if polling else "inotify"
        self._armed_at, self._failures = 0.0, 0
        self.refused = False

    @property
    def mode(self) -> Literal["inotify", "polling"]:
        """How the folder is watched now, or was last."""
        return self._mode

    def start(self) -> None:
        """Begin to watch; does nothing if it does already. Raises FolderGone, or OSError if polling fails too."""
        if self._observer is None:
            self._start(polling=self._polling)

    def stop(self) -> None:
        """Stop watching; does nothing if it does not watch."""
        observer, self._observer = self._observer, None
        if observer is not None:
            _silence(observer)

    def rearm(self) -> None:
        """Watch afresh whatever is now at the folder's path; by looking, if inotify went deaf as soon as it was there.
        Raises as ``start`` does."""
        failed = self._failed_at_once()
        if failed:
            log.warning("inotify fails, polling instead", folder=str(self._folder))
            self._failures += 1
        elif self._mode == "inotify":
            self._failures = 0
        self.stop()
        self._start(polling=self._polling or failed)

    def healthy(self) -> bool:
        """Whether changes are still noticed: every thread alive, and the folder the one that is being watched."""
        if self._observer is None or not _hears(self._observer):
            return False
        try:
            return self._identity() == self._root
        except OSError:
            return False

    def stale(self) -> bool:
        """Whether it has polled long enough for want of a watch that works: another try may get one."""
        makeshift = self._mode == "polling" and not self._polling
        patience = min(BACK_SECONDS * 2.0**self._failures, DAY)
        return makeshift and self._observer is not None and time.monotonic() - self._armed_at >= patience

    def _identity(self) -> tuple[int, int]:
        status = self._folder.stat()
        return status.st_dev, status.st_ino

    def _failed_at_once(self) -> bool:
        if self._observer is None or self._mode == "polling" or _hears(self._observer):
            return False
        return time.monotonic() - self._armed_at < BACK_SECONDS

    def _start(self, *, polling: bool) -> None:
        self.refused = True
        try:
            root = self._identity()
        except OSError as error:
            raise FolderGone(self._folder, error.strerror or str(error)) from error
        self._observer, self._mode = self._arm(polling=polling)
        self._root, self._armed_at, self.refused = root, time.monotonic(), False

    def _arm(self, *, polling: bool) -> tuple[BaseObserver, Literal["inotify", "polling"]]:
        if not polling:
            try:
                observer = self._started(lambda: Observer(timeout=POLL_SECONDS))
            except OSError as error:
                if error.errno not in _NO_WATCHES_LEFT:
                    raise
                if self._mode == "inotify":
                    log.warning("no inotify watch left, polling instead", folder=str(self._folder), reason=str(error))
            else:
                if self._mode == "polling":
                    log.info("inotify watches the folder again", folder=str(self._folder))
                return observer, "inotify"
        return self._started(lambda: PollingObserver(timeout=POLL_SECONDS)), "polling"

    def _started(self, make: Callable[[], BaseObserver]) -> BaseObserver:
        observer = make()
        try:
            # watchdog does not follow a link at the root: it would watch the link, which never changes.
            observer.schedule(self._bell, str(self._folder.resolve()), event_filter=_EVENTS)
            observer.start()
        except BaseException:
            _silence(observer)
            raise
        return observer


def _hears(observer: BaseObserver) -> bool:
    """Whether all threads live through which an event has to come."""
    emitters = list(observer.emitters)
    reader = getattr(observer, "_inotify_fd", None)  # watchdog 7 has one read for all emitters
    readers = [reader] if isinstance(reader, threading.Thread) else []
    return bool(emitters) and all(thread.is_alive() for thread in (observer, *emitters, *readers))


def _silence(observer: BaseObserver) -> None:
    observer.stop()
    if observer.ident is not None:
        observer.join(STOP_SECONDS)
