"""The files of one download, and what makes it safe: nothing is lost when it stops, and nothing half is ever used.

What has come lies in ``FILE.partial``; how much of that is on disk for certain, and of which file, in
``FILE.partial.json``; the next pull goes on behind it. ``FILE`` appears in one step when size and SHA-256 are right.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from blogmetad import files
from blogmetad.errors import BlogmetadError

CHUNK = 1 << 20

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told bytes done, bytes in all, and what is going on in a few words."""

Free: TypeAlias = Callable[[Path], int]
"""Tells the free bytes of a folder's disk."""


class PullError(BlogmetadError):
    """A model that could not be pulled or removed; ``part`` is the package or the file at fault, if it is one."""

    def __init__(self, model: str, cause: str, hint: str, part: str | None = None) -> None:
        where = f" ({part})" if part else ""
        super().__init__(f"Model '{model}'{where}: {cause}.")
        self.model = model
        self.part = part
        self.cause = cause
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Place:
    """Where one file of the model ``name`` goes, and what it has to be."""

    name: str
    file: Path
    size: int
    sha256: str

    @property
    def partial(self) -> Path:
        """What has come so far."""
        return self.file.with_name(f"{self.file.name}.partial")

    @property
    def progress(self) -> Path:
        """How much of ``partial`` is on disk, and which file it is of."""
        return self.file.with_name(f"{self.file.name}.partial.json")

    @property
    def verified(self) -> Path:
        """Size and time of the file whose hash was checked, so that it is not hashed each time."""
        return self.file.with_name(f"{self.file.name}.verified.json")

    @property
    def wheels(self) -> Path:
        """Where wheels are fetched to, empty between pulls."""
        return self.file.with_name(f"{self.file.name}.wheels")


def free_on_disk(folder: Path) -> int:
    """Bytes that are free where ``folder`` is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@contextmanager
def alone(name: str, file: Path) -> Iterator[None]:
    """Keep out a second pull or removal of the model, also by another process; OSErrors become PullErrors."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with (file.parent / f".{file.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise PullError(name, "another pull of this model is running", "Wait for it to end, then try again.") from None
    except OSError as error:
        cause = f"{error.strerror or error} ({error.filename or file.parent})"
        raise PullError(name, cause, "Make room or mend that, then pull again; what has come is kept.") from error


def check_room(name: str, folder: Path, need: int, free: Free) -> None:
    """Raise PullError unless ``need`` bytes fit on the disk."""
    have = free(folder)
    if have < need:
        cause = f"{need / 1e6:,.0f} MB are needed and {have / 1e6:,.0f} MB are free on the disk of {folder}"
        raise PullError(name, cause, "Make room, or set XDG_DATA_HOME to a folder on another disk.")


def is_here(place: Place, progress: Progress) -> bool:
    """Whether the right file is there already; hashed only if that has not been done for this very file."""
    if not place.file.exists():
        return False
    if is_verified(place.file, place.sha256):
        return True
    if not _is_right(place, place.file, progress):
        cause = f"{place.file} is there, but it is not this model"
        raise PullError(place.name, cause, f"Move it away or run: blogmetad model remove {place.name}")
    _write_json(place.verified, _identity(place))
    return True


def arrived(place: Place) -> int:
    """How much of the file has come for certain; ``partial`` is cut back to just that."""
    done = _recorded(place)
    with place.partial.open("ab") as file:
        if os.fstat(file.fileno()).st_size < done:
            done = 0
        file.truncate(done)
    return done


def still_to_come(place: Place) -> int:
    """Bytes of the file that are not here yet, told without changing anything."""
    if place.file.exists():
        return 0
    have = place.partial.stat().st_size if place.partial.exists() else 0
    return place.size - min(have, _recorded(place))


def record(place: Place, done: int) -> None:
    """Note that the first ``done`` bytes of ``partial`` are on disk; they have been synced."""
    _write_json(place.progress, {"sha256": place.sha256, "bytes": done})


def forget(place: Place) -> None:
    """Throw away what has come."""
    place.partial.unlink(missing_ok=True)
    place.progress.unlink(missing_ok=True)


def finish(place: Place, progress: Progress, hint: str) -> None:
    """Verify what has come and give it its name; what is wrong is removed, and ``hint`` says what to do then."""
    if not _is_right(place, place.partial, progress):
        forget(place)
        cause = "what came does not have the right size and SHA-256, so it was removed"
        raise PullError(place.name, cause, hint, place.file.name)
    files.move(place.partial, place.file)
    _write_json(place.verified, _identity(place))
    place.progress.unlink(missing_ok=True)


def is_verified(file: Path, sha256: str | None) -> bool:
    """Whether this very file has had its hash checked, against ``sha256`` if that is known."""
    try:
        known, stat = json.loads(file.with_name(f"{file.name}.verified.json").read_bytes()), file.stat()
        same = (known["size"], known["mtime_ns"]) == (stat.st_size, stat.st_mtime_ns)
        return same and sha256 in (None, known["sha256"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return False


def remove(name: str, file: Path) -> int:
    """Remove a file and all that is left of its pulls, return the bytes freed; PullError while a pull is running."""
    place, freed = Place(name, file, 0, ""), 0
    if not file.parent.is_dir():
        return 0
    with alone(name, file):
        for path in (place.file, place.partial, place.progress, place.verified):
            if path.exists():
                freed += path.stat().st_size
                path.unlink()
        shutil.rmtree(place.wheels, ignore_errors=True)
    return freed


def _recorded(place: Place) -> int:
    try:
        record = json.loads(place.progress.read_bytes())
        done = int(record["bytes"]) if record["sha256"] == place.sha256 else 0
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return 0
    return done if 0 <= done <= place.size else 0


def _is_right(place: Place, path: Path, progress: Progress) -> bool:
    if path.stat().st_size != place.size:
        return False
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, place.size, "checking SHA-256")
    return digest.hexdigest() == place.sha256


def _identity(place: Place) -> dict[str, str | int]:
    stat = place.file.stat()
    return {"sha256": place.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _write_json(path: Path, values: dict[str, str | int]) -> None:
    """Write a small record so that after a power cut either the old or the new one is there."""
    files.write_new(path, json.dumps(values).encode(), replace=True)
