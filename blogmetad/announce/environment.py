"""The environment in which programs of others run. Pure.

Ours is handed on, without what was meant for us alone: what Git tells the hooks it calls (blogmetad may have been
started by one), what systemd tells its services, and the key of a server.
"""

from __future__ import annotations

from collections.abc import Mapping

_KEPT_OF_GIT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
    }
)
"""Who somebody is and how to reach a server. All others say which repository, index or folder is meant."""

_OF_SYSTEMD = frozenset({"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})

_FOR_GIT = {
    "LC_ALL": "C.UTF-8",  # its messages are read
    "GIT_EDITOR": ":",
    "GIT_TERMINAL_PROMPT": "0",
}


def handed_on(ours: Mapping[str, str], secret: str = "") -> dict[str, str]:
    """Our environment as a program of others gets it; ``secret`` is the variable that holds a key, if there is one."""
    return {name: value for name, value in ours.items() if not _is_ours(name, secret)}


def for_git(ours: Mapping[str, str], secret: str = "") -> dict[str, str]:
    """The environment of Git, which asks nobody anything and speaks English."""
    return {**handed_on(ours, secret), **_FOR_GIT}


def _is_ours(name: str, secret: str) -> bool:
    of_git = name.startswith("GIT_") and name not in _KEPT_OF_GIT
    return of_git or name in _OF_SYSTEMD or name.startswith(("LISTEN_", "BLOGMETAD_")) or name == secret
