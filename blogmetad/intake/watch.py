"""Watch: notice that something happened in the drafts folder. A hint and no more; the scan finds out what."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

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

from blogmetad.intake.scan import is_ignored

log = structlog.get_logger("blogmetad.intake")

_HINTS = (FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileClosedEvent)
_EXHAUSTED = (errno.ENOSPC, errno.EMFILE, errno.ENFILE)
JOIN_SECONDS = 5.0


class Watch:
    """Calls ``on_change`` (from a thread) when a file in ``folder`` may be worth a scan.

    Uses inotify, or looks every second where asked to or where the system has no watches left.
    """

    def __init__(self, folder: Path, on_change: Callable[[], None], *, polling: bool = False) -> None:
        self._folder, self._on_change, self._polling = folder, on_change, polling
        self._observer: BaseObserver | None = None
        self._root: tuple[int, int] | None = None
        self.mode = "polling" if polling else "inotify"

    def rearm(self) -> None:
        """Start watching, or start over: a folder that was replaced needs a new watch. Raises OSError."""
        self.stop()
        root = _identity(self._folder)
        if root is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
        try:
            self._start(PollingObserver() if self._polling else Observer())
        except OSError as error:
            if self._polling or error.errno not in _EXHAUSTED:
                raise
            log.warning(
                "no inotify watches left", reason=str(error), next="looking every second; raise max_user_watches"
            )
            self.stop()
            self.mode = "polling"
            self._start(PollingObserver())
        self._root = root
        self._on_change()

    def stop(self) -> None:
        """Stop watching; safe to call at any time."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            if observer.is_alive():
                observer.join(JOIN_SECONDS)

    def healthy(self) -> bool:
        """Whether events still come: observer and emitters alive, and the folder the one that is watched.

        A folder deleted and made again kills the emitter while the observer seems well; one renamed is watched under
        its old name.
        """
        observer = self._observer
        if observer is None or not observer.is_alive():
            return False
        return all(emitter.is_alive() for emitter in observer.emitters) and _identity(self._folder) == self._root

    def _start(self, observer: BaseObserver) -> None:
        self._observer = observer
        observer.schedule(_Handler(self._on_change), str(self._folder), recursive=False)
        observer.start()


class _Handler(FileSystemEventHandler):
    """Only passes the hint on: an exception in here would kill watchdog's thread."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Opening and reading are events too: reacting to our own reads would never end.
        if not isinstance(event, _HINTS):
            return
        if any(
            path and not is_ignored(os.path.basename(os.fsdecode(path))) for path in (event.src_path, event.dest_path)
        ):  # noqa: PTH119
            self._on_change()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
