"""A program of somebody else's, run: in a time that is bounded, with as much to say as fits, and ended together with
all it began.

It leads a process group of its own. What leaves that group, as daemons do, is neither waited for nor ended.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

End = Literal["exited", "killed", "timed out", "stopped", "not started"]

KEPT = 2000
"""Bytes that are kept of what a program says: the last ones."""

ANSWER = 64 * 1024
"""Bytes of standard output that are kept as its answer: the first ones."""

GRACE = 2.0
"""Seconds between the request to end and the end; git takes its lock files away in that time."""

_TICK = 0.05
_ENDED = "ended"
_CHUNK = 64 * 1024
_FLOOD = 1 << 20
_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]")
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program. ``code`` is its exit code, the signal that killed it, or 0; ``output`` what it said at
    last, both ways together, ``answer`` its standard output, ``why`` is for those that could not be started."""

    end: End
    code: int
    seconds: float
    output: str = ""
    answer: str = ""
    why: str = ""

    @property
    def well(self) -> bool:
        """Whether it came to its end by itself and reports success."""
        return self.end == "exited" and self.code == 0

    @property
    def words(self) -> str:
        """How it ended, in words."""
        match self.end:
            case "exited":
                return f"exit code {self.code}"
            case "killed":
                return f"killed by signal {self.code}"
            case "timed out":
                return f"ended after {self.seconds:.1f} s, as its time was up"
            case "stopped":
                return "ended, as blogmetad was asked to stop"
            case "not started":
                return f"cannot be started: {self.why}"


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    keep_going: Callable[[], bool],
    given: bytes = b"",
) -> Ran:
    """Run a program in ``folder`` to its end, with ``given`` on standard input. Never raises for what it does."""
    began = time.monotonic()
    try:
        process = _start(command, folder, environment, given)
    except OSError as error:
        where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
        return Ran("not started", 0, 0.0, why=f"{error.strerror or error}{where}")
    heard = _Heard()
    try:
        end = _follow(process, heard, began + timeout, keep_going)
    except BaseException:  # Ctrl-C: nothing is left running behind our back
        _end(process, "stopped")
        raise
    finally:
        code = _reap(process)
    if code < 0 and end == "exited":
        end, code = "killed", -code
    answer = heard.answer.decode("utf-8", "replace")
    return Ran(end, max(code, 0), time.monotonic() - began, heard.output, answer)


def _start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], given: bytes
) -> subprocess.Popen[bytes]:
    # A file and not a pipe: nobody has to write it while the program runs, or may not want to read it.
    source = os.memfd_create("blogmetad", os.MFD_CLOEXEC)
    try:
        rest = memoryview(given)
        while rest:
            rest = rest[os.write(source, rest) :]
        os.lseek(source, 0, os.SEEK_SET)
        return subprocess.Popen(
            list(command),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    finally:
        os.close(source)


class _Heard:
    """What a program has said so far, of which little is kept."""

    def __init__(self) -> None:
        self.answer = b""
        self.total = 0
        self._last = b""

    def take(self, said: bytes, *, answer: bool) -> None:
        self.total += len(said)
        self._last = (self._last + said)[-KEPT:]
        if answer:
            self.answer += said[: ANSWER - len(self.answer)]

    @property
    def output(self) -> str:
        """As text without colours, in which nothing moves a terminal's cursor."""
        text = _COLOURS.sub("", self._last.decode("utf-8", "replace")).replace("\r\n", "\n").translate(_CONTROLS)
        return f"…{text}".strip() if self.total > KEPT else text.strip()


def _follow(process: subprocess.Popen[bytes], heard: _Heard, deadline: float, keep_going: Callable[[], bool]) -> End:
    """Listen until the program has ended, whoever else still holds its pipes."""
    with selectors.DefaultSelector() as selector, _wakened(process, selector):
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        while not _has_ended(process):
            if not keep_going():
                return _end(process, "stopped")
            if time.monotonic() > deadline:
                return _end(process, "timed out")
            if heard.total > _FLOOD:
                time.sleep(_TICK)  # whoever says that much is heard slowly, or listening would be all we do
            _listen(process, selector, heard, _TICK)
        while _listen(process, selector, heard, 0.0) and heard.total <= _FLOOD:
            pass
        return "exited"


@contextmanager
def _wakened(process: subprocess.Popen[bytes], selector: selectors.DefaultSelector) -> Iterator[None]:
    """Have the end of the program end the listening too. Where the kernel cannot do that, it is noticed a bit later."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        yield
        return
    try:
        selector.register(fd, selectors.EVENT_READ, _ENDED)
        yield
    finally:
        os.close(fd)


def _listen(
    process: subprocess.Popen[bytes], selector: selectors.DefaultSelector, heard: _Heard, seconds: float
) -> bool:
    """Whether anything was said."""
    before = heard.total
    for key, _ in selector.select(seconds):
        if key.data == _ENDED:
            continue
        try:
            said = os.read(key.fd, _CHUNK)
        except BlockingIOError:
            continue
        if not said:
            selector.unregister(key.fileobj)
        heard.take(said, answer=key.fileobj is process.stdout)
    return heard.total > before


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without taking note of it: as long as nobody has, its number is no other program's, nor that of its group."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen[bytes], why: End) -> End:
    """Ask the group to end, and after a while make it."""
    deadline = time.monotonic() + GRACE
    _signal(process, signal.SIGTERM)
    while not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(_TICK)
    _signal(process, signal.SIGKILL)
    return why


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _reap(process: subprocess.Popen[bytes]) -> int:
    """The exit code; negative for a signal. A program that even SIGKILL does not end at once is left behind."""
    pipes: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for pipe in pipes:
        if pipe is not None:
            pipe.close()
    try:
        return process.wait(GRACE)
    except subprocess.TimeoutExpired:
        return 0
