"""Running blogmetad under strace: what it asks the kernel for, and faults injected into chosen calls of it."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scene import Scene

CHANGING = (
    *("openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "unlink", "unlinkat", "mkdir", "rmdir", "flock"),
)
"""Calls that change something that outlives the process, or make it durable."""

_LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?(?: (E\w+))?.*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FD = re.compile(r"^(\d+|AT_FDCWD)<((?:[^>\\]|\\.)*)>")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as strace shows it. ``paths`` are those named in quotes, or that of the descriptor; ``number`` counts
    the calls of this name, from 1, as strace's ``when=`` does; ``failed`` is the name of its error, ``never`` if the
    process died of it."""

    name: str
    number: int
    arguments: str
    paths: tuple[str, ...]
    failed: str | None

    @property
    def creates(self) -> bool:
        """Whether this opens a file that may come into being by it."""
        return self.name == "openat" and "O_CREAT" in self.arguments


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, or minus the signal; what it printed; the calls that were logged."""

    code: int
    output: str
    calls: tuple[Call, ...] = ()


class Blogmetad:
    """A source of blogmetad processes: driver.py, with an optional ``mutant``. Used by one thread."""

    def __init__(self, mutant: str | None = None) -> None:
        words = [sys.executable, "-m", "tests.faults.driver", *(["--mutant", mutant] if mutant else [])]
        self._server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        """End the source. Runs are over by then."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def run(self, scene: Scene, *words: str, **options: bool) -> Ended:
        """Run a command (``once``) to its end, undisturbed."""
        self._order(scene, words, options)
        self._answer("pid")
        return Ended(self._answer("ended"), _output(scene).read_text("utf-8", "replace"))

    def traced(self, scene: Scene, *words: str, inject: str = "", calls: Sequence[str] = (), **options: bool) -> Ended:
        """Run a command under strace. ``inject`` is a fault in strace's words (``rename:signal=KILL:when=3``);
        ``calls`` are those to be logged."""
        self._order(scene, words, {**options, "stopped": True})
        pid = self._answer("pid")
        log = scene.root.with_suffix(".strace")
        watched = {*calls, inject.split(":")[0]} - {""}
        words = ("-y", "-s", "4096", "-o", str(log), "-e", f"trace={','.join(sorted(watched))}", "-e", "signal=none")
        fault = ("-e", f"inject={inject}") if inject else ()
        with _attached(pid, (*words, *fault)):
            ended = self._answer("ended")
        made = tuple(parsed(log)) if calls else ()
        return Ended(ended, _output(scene).read_text("utf-8", "replace"), made)

    def killed_after(self, scene: Scene, seconds: float) -> int:
        """Run ``once`` with drafts in flight and kill it after so long; how it ended."""
        self._order(scene, (), {"threads": True})
        pid = self._answer("pid")
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return self._answer("ended")

    def _order(self, scene: Scene, words: Sequence[str], options: dict[str, bool]) -> None:
        order = {"root": str(scene.root), "output": str(_output(scene)), "words": words or ["once"], **options}
        assert self._server.stdin is not None
        self._server.stdin.write(f"{json.dumps(order)}\n")
        self._server.stdin.flush()

    def _answer(self, key: str) -> int:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, "the source of processes has ended"
        return int(json.loads(line)[key])


def _output(scene: Scene) -> Path:
    return scene.root.with_suffix(".output")


@contextmanager
def _attached(pid: int, words: Sequence[str]) -> Iterator[None]:
    """strace, attached to a stopped process that then goes on."""
    command = ["strace", "-f", "-p", str(pid), *words]
    strace = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        os.kill(pid, signal.SIGCONT)
        assert "attached" in said, said + strace.stderr.read()
        yield
    finally:
        strace.wait()
        assert strace.stderr is not None
        strace.stderr.close()


@functools.cache
def why_not() -> str | None:
    """Why nothing can be traced here, if so."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["strace", "-o", f"{folder}/log", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"strace does not work here: {tried.stderr.strip()}"


def parsed(log: Path) -> Iterator[Call]:
    """The calls of a log, in order."""
    counts: dict[str, int] = {}
    for line in log.read_text("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, arguments, result, opened, failed = match.groups()
        counts[name] = counts.get(name, 0) + 1
        yield Call(name, counts[name], arguments, _paths(arguments, opened), "never" if result == "?" else failed)


def _paths(arguments: str, opened: str | None) -> tuple[str, ...]:
    descriptor = _FD.match(arguments)
    if descriptor and descriptor[1] != "AT_FDCWD":
        return (_plain(descriptor[2]),)
    named = tuple(_plain(quoted) for quoted in _QUOTED.findall(arguments))
    return named or ((_plain(opened),) if opened else ())


def _plain(quoted: str) -> str:
    """A path out of strace's escapes."""
    return quoted.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
