"""The journal folder: our entries among the author's own files, none of which is ever touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blogmetad import files
from blogmetad.journal import entry
from blogmetad.values import sha256

MAX_ENTRY = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """Where an entry lies and the hash it was written with: one the author has edited since is left alone."""

    name: str
    sha256: str


def write(folder: Path, wanted: str, content: bytes, job_id: str, previous: Written | None) -> Written:
    """Put an entry into ``folder``, durably: over its own earlier version if that is unchanged, else under the next
    free name. Raises OSError."""
    files.make_dir(folder, 0o777)
    summed = sha256(content)
    for name in ([previous.name] if previous else []) + _names(wanted):
        path = folder / name
        try:
            files.write_new(path, content)
            return Written(name, summed)
        except FileExistsError:
            old = _read(path)
        if old == content:
            files.fsync_dir(folder)  # it may have got its name a moment before a crash
            return Written(name, summed)
        # Without a record of our own, the mark decides: a crash may have come between the file and the ledger.
        unchanged = sha256(old) == previous.sha256 if previous else entry.owner(old) == job_id
        if unchanged:
            files.write_new(path, content, replace=True)
            return Written(name, summed)
    raise FileExistsError(f"{folder} holds a hundred files named like {wanted}")


def clear(folder: Path) -> None:
    """Remove entries of ours that a crash left unfinished; each is written again. Raises OSError."""
    for path in folder.glob(".*-blogmetad-*"):
        if files.is_temporary(path.name):
            files.remove(path)


def write_once(folder: Path, wanted: str, content: bytes, mark: str) -> str | None:
    """Put an entry into ``folder``, durably, under the next free name, and tell that; None, and nothing is written, if
    one with this mark is there already. Raises OSError."""
    files.make_dir(folder, 0o777)
    for name in _names(wanted):
        try:
            files.write_new(folder / name, content)
        except FileExistsError:
            if entry.owner(_read(folder / name)) == mark:
                files.fsync_dir(folder)  # as above
                return None
        else:
            return name
    raise FileExistsError(f"{folder} holds a hundred files named like {wanted}")


def _names(wanted: str) -> list[str]:
    stem = wanted.removesuffix(".md")
    return [f"{stem}{f'-{count}' if count > 1 else ''}.md" for count in range(1, 100)]


def _read(path: Path) -> bytes:
    try:
        return files.read_stable(path, MAX_ENTRY)[0]
    except OSError:
        return b""
