"""The daemon, and the unit of systemd that keeps it running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blogmetad.cli import service
from blogmetad.cli.doctor.finding import Finding
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.service import manager
from blogmetad.service.manager import Seen, ServiceError

AGAIN = "blogmetad service install"


def look(settings: Config, file: Path) -> Iterator[Finding]:
    """Findings on the daemon and on its unit, which nobody has to have."""
    pid = daemon_pid(settings.site.state)
    yield Finding("daemon", True, "not running" if pid is None else f"running, process {pid}")
    unit = manager.file()
    absent = manager.absence()
    if not unit.exists():
        seen = f"not installed; {absent}" if absent else f"not installed; to have it always run:  {AGAIN}"
        yield Finding("service", True, seen)
        return
    if absent is not None:
        yield Finding("service", False, f"{unit} is there, but {absent}", absent.hint)
        return
    stale = service.standing(file)
    if stale:
        yield Finding("service", False, f"{unit}: {stale}", AGAIN)
        return
    try:
        yield _runs(manager.look())
    except ServiceError as error:
        yield Finding("service", False, str(error), error.hint)


def _runs(seen: Seen) -> Finding:
    if seen.active == "failed":
        return Finding("service", False, f"has failed: {seen.result}", "blogmetad service logs")
    if seen.enabled != "enabled":
        return Finding("service", False, f"does not start at login ({seen.enabled})", AGAIN)
    if not seen.runs:
        return Finding("service", False, f"is not running ({seen.active})", "systemctl --user start blogmetad")
    ends = " It ends when you log out; loginctl enable-linger keeps it." if seen.lingering is False else ""
    return Finding("service", True, f"running, process {seen.pid}, and starts at login.{ends}")
