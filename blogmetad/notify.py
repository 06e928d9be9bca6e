"""Telling systemd how the daemon is: ready, alive, stopping. Silent where nobody listens."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send one sd_notify message such as ``READY=1``; does nothing outside systemd. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode("utf-8"), target)
    except OSError:
        return


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear from this process, None if it does not."""
    owner = os.environ.get("WATCHDOG_PID")
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or (owner and owner != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000
