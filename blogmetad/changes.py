"""What may have changed in a folder since it was last looked over, so that thousands of posts need not be looked at for
every draft.

There is no thread and no waiting. The kernel queues a change as it happens (inotify), and the queue is read when
somebody asks: what was changed before the question is in the answer. Where that cannot be relied on, the answer is that
nobody knows. The limits of inotify are known, so what it cannot see is left to others: file systems that other machines
write to are not trusted at all, files with several names or behind a link have to be looked at every time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from pathlib import Path

_EVENT = struct.Struct("iIII")
_READ_AT_ONCE = 64 * 1024

_MODIFY, _ATTRIB, _CLOSE_WRITE, _CREATE, _DELETE = 0x2, 0x4, 0x8, 0x100, 0x200
_MOVED_FROM, _MOVED_TO, _DELETE_SELF, _MOVE_SELF = 0x40, 0x80, 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED, _IS_FOLDER = 0x2000, 0x4000, 0x8000, 0x4000_0000
_ONLY_FOLDERS = 0x100_0000
_WANTED = (
    *(_MODIFY, _ATTRIB, _CLOSE_WRITE, _CREATE, _DELETE),
    *(_MOVED_FROM, _MOVED_TO, _DELETE_SELF, _MOVE_SELF, _ONLY_FOLDERS),
)
_UNSURE = _DELETE_SELF | _MOVE_SELF | _UNMOUNT | _OVERFLOW | _IGNORED | _IS_FOLDER
"""After one of these somebody has to look everything over again."""

_LOCAL = {
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0xF2F52010: "f2fs",
    0xCA451A4E: "bcachefs",
    0x2FC12FC1: "zfs",
    0x01021994: "tmpfs",
    0x794C7630: "overlayfs",
}
"""File systems that no other machine changes behind this kernel's back, by the number ``statfs`` knows them by."""


class Changes:
    """The changes to some folders. Not thread-safe. For Linux only: elsewhere nobody ever knows."""

    def __init__(self) -> None:
        self._queue: int | None = None
        self._prefixes: dict[int, str] = {}
        self._root: tuple[Path, tuple[int, int]] | None = None

    def start(self, root: Path) -> None:
        """Forget everything and begin anew, with ``root`` as the folder that others lie in."""
        self.stop()
        with contextlib.suppress(OSError):
            self._root = (root, _identity(root))
            self._queue = _called("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)

    def watch(self, folder: Path, prefix: str) -> None:
        """Remember changes in ``folder`` from now on; their names will begin with ``prefix``. Call it before the folder
        is listed."""
        if self._queue is None:
            return
        try:
            if not _is_local(folder):
                self.stop()
                return
            number = _called("inotify_add_watch", self._queue, os.fsencode(folder), sum(_WANTED))
        except OSError:  # no watch left, or no such folder
            self.stop()
            return
        self._prefixes[number] = prefix

    def names(self) -> frozenset[str] | None:
        """The files that may have changed since this was last asked, and since ``watch``; None if nobody knows."""
        if self._queue is None or self._root is None:
            return None
        found: set[str] = set()
        try:
            if _identity(self._root[0]) != self._root[1]:
                self.stop()
                return None
            while True:
                for number, mask, name in _events(os.read(self._queue, _READ_AT_ONCE)):
                    if mask & _UNSURE or number not in self._prefixes:
                        self.stop()
                        return None
                    found.add(self._prefixes[number] + name)
        except BlockingIOError:
            return frozenset(found)
        except (OSError, UnicodeDecodeError):
            self.stop()
            return None

    def stop(self) -> None:
        """Let go of the queue: from now on nobody knows."""
        if self._queue is not None:
            os.close(self._queue)
        self._queue, self._root = None, None
        self._prefixes.clear()


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _events(data: bytes) -> list[tuple[int, int, str]]:
    """The watch's number, what happened, and the name of the file. Raises UnicodeDecodeError."""
    found: list[tuple[int, int, str]] = []
    at = 0
    while at < len(data):
        number, mask, _, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size + length
        found.append((number, mask, data[at - length : at].rstrip(b"\0").decode()))
    return found


def _is_local(folder: Path) -> bool:
    told = ctypes.create_string_buffer(512)
    _called("statfs", os.fsencode(folder), told)
    return ctypes.c_long.from_buffer(told).value & 0xFFFF_FFFF in _LOCAL


def _called(name: str, *values: object) -> int:
    """A call of the C library. Raises OSError, also where it has no such function."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        raise OSError(f"there is no {name} here")
    result = int(function(*values))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result
