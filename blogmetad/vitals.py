"""Signs of life: systemd is told that all is well only while everything the daemon lives by is really alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog

from blogmetad.notify import notify

log = structlog.get_logger("blogmetad")

AGAIN = 1.0
"""Seconds until something that gave no sign of life is looked at again."""


class Vitals:
    """Pings systemd's watchdog when asked to, and when due. Whoever asks shows by that to be alive as well."""

    def __init__(self, every: float | None) -> None:
        """``every`` is how many seconds to leave between two pings; None if nobody listens."""
        self.every = every
        self._next = 0.0
        self._signs: Mapping[str, Callable[[], bool]] = {}
        self._ailing: list[str] = []

    def watch_over(self, signs: Mapping[str, Callable[[], bool]]) -> None:
        """What has to be alive from now on: each tells whether it is."""
        self._signs = signs

    def ping(self) -> None:
        """Tell systemd, if that is due and true."""
        now = time.monotonic()
        if self.every is None or now < self._next:
            return
        ailing = [name for name, alive in self._signs.items() if not alive()]
        if ailing and ailing != self._ailing:
            log.error("no sign of life", of=ailing, next="systemd is told nothing until that is over")
        self._ailing = ailing
        self._next = now + (AGAIN if ailing else self.every)
        if not ailing:
            notify("WATCHDOG=1")
