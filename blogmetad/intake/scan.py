"""Scan: what lies in the drafts folder now. Events are hints, this is the truth."""

from __future__ import annotations

import fcntl
import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from blogmetad.errors import BlogmetadError
from blogmetad.values import Problem

SUFFIXES = (".md", ".markdown", ".mkd", ".mkdown")
_HIDDEN = (".", "_", "#", "~")
_UNFINISHED = ("~", ".swp", ".swx", ".swo", ".part", ".partial", ".tmp", ".crdownload", ".download", ".bak", ".orig")
_CONFLICT = ".sync-conflict-"


class FolderGone(BlogmetadError):
    """The drafts folder is away: renamed, removed or not mounted. It is looked for again."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the drafts folder {folder} cannot be read: {reason}")
        self.folder = folder
        self.hint = "create it, or name another one in the configuration"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when a file does, without reading it."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a draft: its name, where it is, and its state when it was seen."""

    name: str
    path: Path
    stat: Fingerprint


@dataclass(frozen=True, slots=True)
class Scan:
    """One look: the files that may be drafts, and what carries a draft's name without being one (``field`` of each
    problem is the name)."""

    found: tuple[Found, ...]
    odd: tuple[Problem, ...]


def is_ignored(name: str) -> bool:
    """Whether a name is hidden, a lock, a half-written file or no Markdown: nobody's draft, and not worth a word."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return (
        folded.startswith(_HIDDEN)
        or folded.endswith(_UNFINISHED)
        or _CONFLICT in folded
        or not folded.endswith(SUFFIXES)
    )


def scan(folder: Path, max_bytes: int) -> Scan:
    """Look at the files of ``folder`` (not at its subfolders), by name. Raises FolderGone."""
    found: list[Found] = []
    odd: list[Problem] = []
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not is_ignored(entry.name))
    except OSError as error:
        raise FolderGone(folder, error.strerror or str(error)) from None
    for name in names:
        try:
            state = (folder / name).lstat()
        except OSError:
            continue  # gone between the two calls
        wrong = _odd(name, state, max_bytes)
        if wrong is None:
            found.append(Found(name, folder / name, fingerprint(state)))
        else:
            odd.append(wrong)
    return Scan(tuple(found), tuple(odd))


def fingerprint(state: os.stat_result) -> Fingerprint:
    """The part of a file's state that tells whether it was touched."""
    return Fingerprint(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _odd(name: str, state: os.stat_result, max_bytes: int) -> Problem | None:
    if stat.S_ISLNK(state.st_mode):
        return Problem("draft.link", f"{name} is a symbolic link. Put the file itself into the drafts folder.", name)
    if not stat.S_ISREG(state.st_mode):
        kind = "a folder" if stat.S_ISDIR(state.st_mode) else "not a file"
        return Problem("draft.file", f"{name} is {kind}. Drafts are Markdown files directly in the folder.", name)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        return Problem("draft.name", f"The name {shown} is not valid UTF-8. Rename the file.", name)
    if state.st_size > max_bytes:
        size = f"{state.st_size} bytes, more than the {max_bytes} of intake.max_bytes"
        return Problem("draft.size", f"{name} is too large ({size}).", name)
    return None


def being_written(path: Path) -> bool | None:
    """Whether somebody has the file open for writing; None if the system cannot tell.

    A read lease is refused with EAGAIN while there is a writer (Linux; other file systems and owners cannot be asked).
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(fd)
