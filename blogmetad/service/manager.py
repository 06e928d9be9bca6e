"""The user's systemd: what it knows of our service, and what it is told. Everything goes through its own commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blogmetad.errors import BlogmetadError
from blogmetad.service.unit import NAME

PATIENCE = 150.0
"""Seconds for a command: a start counts as one only when blogmetad says that it is ready."""

RELOAD = ("systemctl", "--user", "daemon-reload")
ENABLE = ("systemctl", "--user", "enable", NAME)
RESTART = ("systemctl", "--user", "restart", NAME)
DISABLE = ("systemctl", "--user", "disable", "--now", NAME)
LOOK = ("systemctl", "--user", "show", NAME)
ANYBODY = ("systemctl", "--user", "show", "--property=Version")
RESET = ("systemctl", "--user", "reset-failed", NAME)

_ASKED = "LoadState,UnitFileState,ActiveState,SubState,MainPID,Result,NRestarts,ActiveEnterTimestamp,StatusText"


class ServiceError(BlogmetadError):
    """systemd is not there for this user, or would not do what it was told."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Seen:
    """What systemd says of the service. ``active`` and ``enabled`` are its own words; ``since`` is when the service
    began to run, ``result`` why it last ended, ``lingering`` whether it runs while its user is logged out (None where
    nobody tells)."""

    loaded: bool
    enabled: str
    active: str
    pid: int | None
    since: str
    result: str
    restarts: int
    says: str
    lingering: bool | None

    @property
    def runs(self) -> bool:
        """Whether it is at work, or about to be."""
        return self.active in ("active", "activating", "reloading")


def units_folder() -> Path:
    """Where a user's own units lie."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    home = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return home / "systemd" / "user"


def file() -> Path:
    """Where our unit lies, or would."""
    return units_folder() / NAME


def absence() -> ServiceError | None:
    """Why there is no systemd that could run services of this user; None if there is one."""
    if shutil.which("systemctl") is None:
        return ServiceError("there is no systemd here (no systemctl)", instead())
    asked = tell(ANYBODY, check=False)
    if asked.returncode == 0:
        return None
    said = (asked.stderr.strip() or "no answer").splitlines()[-1]
    if (
        shutil.which("systemd-detect-virt")
        and tell(("systemd-detect-virt", "--container"), check=False).returncode == 0
    ):
        return ServiceError(f"no systemd runs for your user in this container ({said})", instead())
    if not os.environ.get("XDG_RUNTIME_DIR"):
        hint = "log in as this user (su and sudo do not count), or:  export XDG_RUNTIME_DIR=/run/user/$(id -u)"
        return ServiceError(f"your user's systemd cannot be reached ({said})", f"{hint}; else {instead()}")
    return ServiceError(f"your user's systemd does not answer ({said})", instead())


def instead() -> str:
    """How blogmetad is run where there is no systemd."""
    return (
        "without it, have 'blogmetad run' started by what starts programs here (a container's command, supervisord, "
        "launchd), or 'blogmetad once' by cron"
    )


def look() -> Seen:
    """What systemd says of the service now. Raises ServiceError where it does not answer."""
    said = dict(line.partition("=")[::2] for line in tell((*LOOK, f"--property={_ASKED}")).stdout.splitlines())
    pid, restarts = said.get("MainPID", "0"), said.get("NRestarts", "0")
    return Seen(
        loaded=said.get("LoadState") == "loaded",
        enabled=said.get("UnitFileState", ""),
        active=said.get("ActiveState", ""),
        pid=int(pid) if pid.isdigit() and pid != "0" else None,
        since=said.get("ActiveEnterTimestamp", ""),
        result=said.get("Result", ""),
        restarts=int(restarts) if restarts.isdigit() else 0,
        says=said.get("StatusText", ""),
        lingering=_lingering(),
    )


def tell(command: Sequence[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of systemd's commands to its end. With ``check``, raises ServiceError if it fails."""
    words = " ".join(command)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        done = subprocess.CompletedProcess(command, 127, "", f"there is no {command[0]}")
    except subprocess.TimeoutExpired:
        raise ServiceError(f"'{words}' has not ended after {PATIENCE:.0f} s", "see: blogmetad service logs") from None
    if check and done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or "nothing"
        raise ServiceError(f"'{words}' failed and said: {said}", "see: blogmetad service logs")
    return done


def _lingering() -> bool | None:
    asked = tell(("loginctl", "show-user", str(os.getuid()), "--property=Linger"), check=False)
    return asked.stdout.strip() == "Linger=yes" if asked.returncode == 0 else None
