"""Being the only one: on a site, whose state two could not share, and on a drafts folder, from which two would publish
every draft twice.

The kernel keeps these locks and drops them with the process, however it ends: none is ever left behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blogmetad import files
from blogmetad.errors import BlogmetadError

_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL)


class AlreadyRunning(BlogmetadError):
    """Another blogmetad works here. ``pid`` is its process id, if it could be read."""

    def __init__(self, pid: str = "", where: str = "on this site") -> None:
        super().__init__(f"another blogmetad{f' (process {pid})' if pid else ''} is running {where}")
        self.pid = pid
        self.hint = "stop it first, or just drop your drafts: it takes care of them"


class NoLocks(BlogmetadError):
    """The file system has no locks, so nothing keeps a second blogmetad away."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is on a file system without locks, where two could work at once unnoticed")
        self.hint = "set site.state in the configuration to a folder on a local disk"


@contextmanager
def alone(file: Path, where: str = "on this site") -> Iterator[None]:
    """Hold a lock file, which tells this process's id. Raises AlreadyRunning, NoLocks, OSError."""
    files.make_dir(file.parent)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(os.read(fd, 32).decode("ascii", "ignore").strip(), where) from None
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                raise NoLocks(file.parent) from None
            raise OSError(error.errno, error.strerror, str(file)) from None
        with suppress(OSError):  # on a full disk the lock holds all the same, and only its holder is not told
            os.ftruncate(fd, 0)
            os.write(fd, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(fd)


class Claim:
    """The claim on a folder that another configuration may lead to as well. Nothing is written into it.

    Where the folder's file system knows no locks for folders (NFS), there is no claim, and nobody is kept out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd: int | None = None

    def hold(self) -> None:
        """Claim what is at the path now, if it is not claimed yet; a folder that is gone is let go.

        Raises AlreadyRunning.
        """
        if self._fd is not None:
            with suppress(OSError):
                if os.path.samestat(os.fstat(self._fd), self._folder.stat()):
                    return
            self.close()
        try:
            fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            where = f"on the drafts folder {self._folder}, with another configuration"
            raise AlreadyRunning(where=where) from None
        except OSError:
            os.close(fd)
        else:
            self._fd = fd

    def close(self) -> None:
        """Let go of it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
