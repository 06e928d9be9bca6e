"""What is in the drafts folder now: the truth that events only hint at."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blogmetad.errors import BlogmetadError
from blogmetad.values import Problem

SUFFIXES = (".md", ".markdown", ".mkd", ".mdown")
MAX_BYTES = 10 * 1024 * 1024

_IGNORED_STARTS = (".", "_", "#", "~")
_IGNORED_ENDS = ("~", ".swp", ".part", ".tmp", ".crdownload")
_SYNC_CONFLICT = ".sync-conflict-"
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class FolderGone(BlogmetadError, OSError):
    """The drafts folder cannot be listed: removed, unmounted or closed to us. ``folder`` and ``reason`` in words."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the drafts folder {folder} cannot be read: {reason}")
        self.folder, self.reason = folder, reason
        self.hint = "create it, mount it or correct its permissions; drafts are taken up as soon as it is back"

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when a file does. Bytes and nanoseconds."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Fingerprint:
        """The fingerprint of a file that was looked at."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a draft. ``path`` opens it by the very bytes of its name."""

    name: str
    path: Path
    stat: Fingerprint


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at the folder, by name. ``odd`` names what is called like a draft and cannot be one (in ``field``);
    it is equal from scan to scan, so that it can be told once."""

    found: tuple[Found, ...]
    odd: tuple[Problem, ...]


def is_ignored(name: str) -> bool:
    """Whether a name is an editor's, a sync tool's or our own, hidden, or that of no Markdown file."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return (
        plain.startswith(_IGNORED_STARTS)
        or plain.endswith(_IGNORED_ENDS)
        or _SYNC_CONFLICT in plain
        or not plain.endswith(SUFFIXES)
    )


def scan(folder: Path, ignored: Callable[[str], bool] = is_ignored, max_bytes: int = MAX_BYTES) -> Scan:
    """Look at the files of ``folder`` itself; what lies in subfolders is not a draft. Nothing is opened.

    A file that vanishes while we look is left out. Raises FolderGone if the folder cannot be listed.
    """
    found: list[Found] = []
    odd: list[Problem] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if ignored(entry.name):
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                problem = _oddity(entry.name, status, max_bytes)
                if problem is None:
                    found.append(Found(entry.name, Path(entry.path), Fingerprint.of(status)))
                else:
                    odd.append(problem)
    except OSError as error:
        raise FolderGone(folder, error.strerror or str(error)) from error
    return Scan(tuple(sorted(found, key=lambda f: f.name)), tuple(sorted(odd, key=lambda p: (p.field or "", p.rule))))


def _oddity(name: str, status: os.stat_result, max_bytes: int) -> Problem | None:
    """Why a file called like a draft cannot be one, if it cannot."""
    if not _can_be_shown(name):
        shown = shown_name(name)
        message = f"The file name {shown} is not printable UTF-8. Rename it."
        return Problem("draft.name", message, shown)
    if not stat.S_ISREG(status.st_mode):
        kind = next((words for test, words in _KINDS if test(status.st_mode)), "a device")
        message = f"{name} is {kind}, not a file. Put the text itself into the drafts folder."
        return Problem("draft.kind", message, name)
    if status.st_size > max_bytes:
        message = (
            f"{name} has {status.st_size} bytes, more than the {max_bytes} that a draft may have. "
            "Shorten it, or raise intake.max_bytes in the configuration."
        )
        return Problem("draft.size", message, name)
    return None


def shown_name(name: str) -> str:
    """A file's name as drafts are told of by it: itself, but for what cannot be shown."""
    return name if _can_be_shown(name) else ascii(name)[1:-1]


def _can_be_shown(name: str) -> bool:
    return all(map(_is_printable, name)) and _is_utf8(name)


def _is_printable(character: str) -> bool:
    """Whether a character can be shown; spaces of all widths can, and so can what joins the parts of an emoji."""
    return character.isprintable() or unicodedata.category(character) == "Zs" or character == "\u200d"


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def being_written(path: Path) -> bool | None:
    """Whether a process has the file open for writing; None where the system does not tell.

    A read lease is granted only while no one writes. If a writer comes between taking and giving back the lease,
    the kernel signals us; by default with SIGIO, which kills the process, hence SIGURG, which is ignored.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(fd)
    return False
