"""The one writer: every function does one durable thing to the disk, or raises OSError having done nothing.

Durable means: once the function has returned, a power cut does not take it back. File contents are synced
before the file gets its name, and folders are synced after a name changes. A failed fsync is never repeated,
because the kernel may have dropped the data and would report success the second time: what was written is
thrown away instead.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP)
_AT_FDCWD, _RENAME_NOREPLACE, _RENAME_EXCHANGE = -100, 1, 2


def fsync_dir(folder: Path) -> None:
    """Make the names in ``folder`` durable. Some network file systems do that by themselves and refuse to be asked."""
    fd = os.open(folder, _FOLDER)
    try:
        with _named(folder):
            os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(fd)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Have errors of calls that know a file by its descriptor alone say which it is."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def make_dir(folder: Path, mode: int = 0o700) -> None:
    """Create ``folder`` and whatever is missing above it; an existing folder is left as it is."""
    if folder.is_dir():
        return
    make_dir(folder.parent, mode)
    folder.mkdir(mode, exist_ok=True)
    fsync_dir(folder.parent)


def is_temporary(name: str) -> bool:
    """Whether ``name`` is one of ``write_new``'s unfinished files, left behind by a crash."""
    return name.startswith(".") and ".tmp-" in name


def write_new(path: Path, data: bytes, *, replace: bool = False, mode: int = 0o666) -> None:
    """Write a whole file under its name, or not at all; ``mode`` is subject to the umask.

    Raises FileExistsError if the name is taken, unless ``replace`` asks for the old file to be exchanged in
    one step.
    """
    temp = path.with_name(f".{path.name[:60]}.tmp-{secrets.token_hex(6)}")
    try:
        with _named(path):
            _write_synced(temp, data, mode)
        if replace:
            temp.rename(path)
        else:
            _take_name(temp, path)
            with suppress(FileNotFoundError):
                temp.unlink()
    except BaseException:
        with suppress(OSError):
            temp.unlink()
        raise
    fsync_dir(path.parent)


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, _CREATE, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def link_new(source: Path, target: Path) -> None:
    """Give ``source`` the second name ``target``. Raises FileExistsError if the name is taken: nothing is
    ever overwritten, not even in a race.

    Where files have one name only (FAT, exFAT), it is the new one then."""
    _take_name(source, target)
    fsync_dir(target.parent)


def _take_name(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_new(source, target)


def exchange(one: Path, other: Path) -> None:
    """Give two files of one file system each other's names, in one step. Raises OSError: EOPNOTSUPP where the file
    system cannot."""
    _renamed(one, other, _RENAME_EXCHANGE)
    fsync_dir(one.parent)
    fsync_dir(other.parent)


def rename_new(source: Path, target: Path) -> None:
    """Give a file another name in its folder. Raises FileExistsError if it is taken: nothing is ever overwritten. Where
    the kernel cannot promise that, the file has both names for a moment."""
    try:
        _rename_new(source, target)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        os.link(source, target, follow_symlinks=False)
        source.unlink()
    fsync_dir(target.parent)


def _rename_new(source: Path, target: Path) -> None:
    """Rename without ever replacing, which only the kernel can promise. Raises OSError: EOPNOTSUPP where it cannot."""
    _renamed(source, target, _RENAME_NOREPLACE)


def _renamed(source: Path, target: Path, flags: int) -> None:
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = os.fsencode(source), os.fsencode(target)
    if rename is not None and rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0:
        return
    code = errno.ENOSYS if rename is None else ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS):
        code = errno.EOPNOTSUPP
    raise OSError(code, os.strerror(code), str(source), None, str(target))


def move(source: Path, target: Path) -> None:
    """Rename within one file system, replacing ``target`` if there is one."""
    source.rename(target)
    fsync_dir(target.parent)
    if source.parent != target.parent:
        fsync_dir(source.parent)


def remove(path: Path) -> None:
    """Remove a name; one that is already gone is fine."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    fsync_dir(path.parent)


def read_stable(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file that did not change while they were read, with its state.

    Raises OSError: ELOOP for a symbolic link, EINVAL for anything else that is not a regular file, EFBIG
    above ``limit`` bytes, EAGAIN (BlockingIOError) if it changed meanwhile, and whatever opening and reading
    raise.
    """
    fd = _open_regular(path)
    try:
        before = os.fstat(fd)
        if before.st_size > limit:
            raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(path))
        parts = []
        size = 0
        with _named(path):
            while size <= limit and (part := os.read(fd, _CHUNK)):
                parts.append(part)
                size += len(part)
        after = os.fstat(fd)
        if size != before.st_size or _state(before) != _state(after):
            raise BlockingIOError(errno.EAGAIN, "changed while it was read", str(path))
        return b"".join(parts), after
    finally:
        os.close(fd)


def digest(path: Path) -> str | None:
    """Hex SHA-256 of a regular file, None if there is no such file; OSError (ELOOP, EINVAL) if it is no
    file."""
    try:
        fd = _open_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        summed = hashlib.sha256()
        with _named(path):
            while part := os.read(fd, _CHUNK):
                summed.update(part)
        return summed.hexdigest()
    finally:
        os.close(fd)


def same_file(one: Path, other: Path) -> bool:
    """Whether both names exist and lead to one and the same file."""
    try:
        return os.path.samestat(one.lstat(), other.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _open_regular(path: Path) -> int:
    # O_NONBLOCK: a FIFO under a draft's name must not hang the daemon
    fd = os.open(path, _READ)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
