"""Jekyll itself, where it is installed: what it reads of a file, what it makes of a site."""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_suffix(".rb")


@lru_cache(maxsize=1)
def is_here() -> bool:
    """Whether Ruby can load Jekyll."""
    if shutil.which("ruby") is None:
        return False
    return subprocess.run(["ruby", "-e", "require 'jekyll'"], capture_output=True, check=False).returncode == 0


def needed() -> None:
    """Skip the test where there is no Jekyll."""
    if not is_here():
        pytest.skip("Jekyll is not installed here (Debian: apt-get install jekyll)")


@dataclass(frozen=True)
class Reading:
    """What Jekyll reads of one file: the values of its front matter (None without one), and what is behind it."""

    fields: Any
    body: bytes


class Reader:
    """One Ruby process that reads file after file."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self, raw: bytes) -> Reading:
        """Raises AssertionError with Jekyll's words if it refuses the file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{base64.b64encode(raw).decode()}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{answer['error']}\n{raw[:600].decode('utf-8', 'replace')}"
        return Reading(_values(answer.get("fields")), base64.b64decode(answer["body"]))

    def refusal(self, body: str) -> str:
        """Why Liquid refuses a body; empty if it takes it. Only of a process for ``liquid``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{base64.b64encode(body.encode()).decode()}\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))


@contextmanager
def reader(of: str = "documents") -> Iterator[Reader]:
    """A process to read files with, or bodies as Liquid does; the test is skipped where there is no Jekyll."""
    needed()
    with subprocess.Popen(
        ["ruby", str(SCRIPT), of], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Reader(process)


def posts(site: Path) -> dict[str, dict[str, Any]]:
    """The posts of a site by the name of their file, as Jekyll would publish them. Nothing is rendered."""
    needed()
    done = subprocess.run(["ruby", str(SCRIPT), "site", str(site)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr, done.stderr
    return {Path(post["path"]).name: {key: _values(value) for key, value in post.items()}
            for post in json.loads(done.stdout)}  # fmt: skip


def as_ruby(value: Any) -> Any:
    """A value as Ruby has it: a moment without an offset is one in UTC."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0) if value.tzinfo else value
    if isinstance(value, list | tuple):
        return [as_ruby(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_ruby(inner) for key, inner in value.items()}
    return str(value) if isinstance(value, str) else value


def _values(value: Any) -> Any:
    """Ruby's values as Python's."""
    if isinstance(value, list):
        return [_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    match kind:
        case "time":
            return dt.datetime.fromisoformat(inner)
        case "date":
            return dt.date.fromisoformat(inner)
        case "float":
            return float(inner)
        case "map":
            return {key if isinstance(key, str) else json.dumps(key): _values(each) for key, each in inner}
        case other:
            raise AssertionError(f"Ruby has a {other} there: {inner}")
