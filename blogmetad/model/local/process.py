"""One process of the model, from its start to its death, and the requests it is working on.

A thread of its own does all the talking: it writes what is to be said when the pipe takes it, and hands every answer to
the caller who waits for it. So a process that hangs blocks nobody, and each caller can stop waiting by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import BinaryIO, TypeAlias

from blogmetad.model.local import wire
from blogmetad.model.proposal import Withdrawn
from blogmetad.values import Request

CRASHES = frozenset({signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE})

HELLO = 0
"""Where the answer to Load is waited for; requests are numbered from 1."""

POLL = 0.5
"""Seconds between two looks at whether the caller still wants its answer."""

GRACE = 2.0
"""Seconds a process has to give a request up before it is killed."""

Reply: TypeAlias = wire.Ready | wire.Answer | wire.Failed


class Lost(Exception):
    """The process is gone. ``how`` in words (``was killed by SIGSEGV``); ``crashed`` if native code did it;
    ``alone`` if it worked on nothing but what the caller asked."""

    def __init__(self, how: str, *, crashed: bool, alone: bool) -> None:
        super().__init__(how)
        self.how, self.crashed, self.alone = how, crashed, alone


class Process:
    """A child process that speaks ``wire``. Its methods may be called from several threads."""

    def __init__(self, command: Sequence[str], stderr: BinaryIO) -> None:
        self._listening, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        self._numbers = itertools.count(HELLO + 1)
        self._news = threading.Condition()
        self._unsaid = bytearray()
        self._open: dict[int, Reply | None] = {}
        self._heard = time.monotonic()
        self._how: str | None = None
        self._in_flight = 0
        self._closed = False
        self._process: subprocess.Popen[bytes]
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, args=(command, stderr, started), name="model", daemon=True)
        self._thread.start()
        started.result()

    @property
    def pid(self) -> int:
        """Process id, also of one that is dead."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether requests can be put to it."""
        return self._how is None and self._process.poll() is None

    @property
    def busy(self) -> bool:
        """Whether it works on any request."""
        return bool(self._open)

    def load(self, load: wire.Load, timeout: float, keep_going: Callable[[], bool]) -> wire.Ready | wire.Failed:
        """Have the model loaded. Raises Lost, Withdrawn."""
        try:
            reply = self._ask(HELLO, load, timeout, keep_going)
        except Withdrawn:
            self.end("was stopped while loading")  # it hears nothing before it has loaded
            raise
        assert not isinstance(reply, wire.Answer)
        return reply

    def propose(self, request: Request, timeout: float, keep_going: Callable[[], bool]) -> wire.Answer | wire.Failed:
        """Have one request answered. ``timeout`` is for the whole process: so long it may answer nobody. Raises Lost,
        Withdrawn."""
        number = next(self._numbers)
        reply = self._ask(number, wire.Propose(id=number, request=request), timeout, keep_going)
        assert not isinstance(reply, wire.Ready)
        return reply

    def end(self, how: str = "was ended") -> None:
        """Kill it; nothing of it needs saving. Whoever still waits for an answer learns ``how``."""
        self._lose(how)
        self._thread.join()

    def _ask(
        self, number: int, message: wire.Load | wire.Propose, timeout: float, keep_going: Callable[[], bool]
    ) -> Reply:
        with self._news:
            if not self._open:
                self._heard = time.monotonic()
            if self._how is None:
                self._open[number] = None
        try:
            self._say(message)
            while (reply := self._reply(number)) is None:
                if not keep_going():
                    self._take_back(number)
                    raise Withdrawn("the request was withdrawn")
                if time.monotonic() - self._heard > timeout:
                    self.end(f"was stopped: no answer within {timeout:.0f} seconds")
            return reply
        finally:
            with self._news:
                self._open.pop(number, None)

    def _take_back(self, number: int) -> None:
        """Withdraw a request; a process that goes on with it is killed."""
        if number == HELLO:
            return
        self._say(wire.Withdraw(id=number))
        deadline = time.monotonic() + GRACE
        with contextlib.suppress(Lost):
            while self._reply(number) is None:
                if time.monotonic() > deadline:
                    self.end("was stopped: it did not give up a request that was withdrawn")

    def _reply(self, number: int) -> Reply | None:
        """What was answered; None after a moment without an answer. Raises Lost."""
        with self._news:
            self._news.wait_for(lambda: self._open.get(number) is not None or self._how is not None, POLL)
            reply = self._open.get(number)
            if reply is None and self._how is not None:
                others = self._in_flight - (number in self._open)
                raise Lost(self._how, crashed=-(self._process.returncode or 0) in CRASHES, alone=others == 0)
            return reply

    def _say(self, message: wire.Message) -> None:
        data = wire.pack(message)
        with self._news:
            self._unsaid += data
            self._ring()

    def _ring(self) -> None:
        """Have the thread look up from its pipes. Called with the lock held: it closes them under it."""
        if not self._closed:
            with contextlib.suppress(BlockingIOError):  # it rings already
                os.write(self._bell, b"!")

    def _lose(self, how: str) -> None:
        """Note that the process is gone, in the first words anybody found for it, and see that it is."""
        with self._news:
            if self._how is None:
                self._how = how
                self._in_flight = sum(reply is None for reply in self._open.values())
            self._process.kill()
            self._news.notify_all()
            self._ring()

    def _live(self, command: Sequence[str], stderr: BinaryIO, started: Future[None]) -> None:
        """What the thread does, from the birth of the process to its death.

        It starts the process itself, since a child dies with the thread that started it and not with the whole parent.
        """
        try:
            pipe = subprocess.PIPE
            process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=stderr, bufsize=0, start_new_session=True
            )
        except BaseException as error:
            os.close(self._listening)
            os.close(self._bell)
            started.set_exception(error)
            return
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        self._process = process
        started.set_result(None)
        try:
            self._converse(process.stdin.fileno(), process.stdout.fileno())
            how = "was ended"
        except wire.Closed:
            how = _death(process)
        except wire.Garbled as error:
            how = f"was stopped: {error}"
        process.kill()
        process.wait()
        with self._news:
            self._lose(how)
            self._closed = True
            process.stdin.close()
            process.stdout.close()
            os.close(self._listening)
            os.close(self._bell)

    def _converse(self, mouth: int, ears: int) -> None:
        """Write what is to be said, take in what is answered. Raises Closed, Garbled."""
        inbox = wire.Inbox(ears)
        while self._how is None:
            heard, ready, _ = select.select([ears, self._listening], [mouth] if self._unsaid else [], [])
            if self._listening in heard:
                os.read(self._listening, 4096)
            if ready:
                self._write(mouth)
            if ears in heard:
                self._deliver(inbox.arrived(0))

    def _write(self, mouth: int) -> None:
        with self._news:
            try:
                del self._unsaid[: os.write(mouth, self._unsaid)]
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._unsaid.clear()  # what it said before it died may still be on its way

    def _deliver(self, messages: Sequence[wire.Message]) -> None:
        with self._news:
            for message in messages:
                if not isinstance(message, wire.Ready | wire.Answer | wire.Failed):
                    raise wire.Garbled("it spoke out of turn")
                number = HELLO if isinstance(message, wire.Ready) or message.id is None else message.id
                if number not in self._open or self._open[number] is not None:
                    raise wire.Garbled("it answered what nobody had asked")
                self._open[number] = message
            self._heard = time.monotonic()
            self._news.notify_all()


def _death(process: subprocess.Popen[bytes]) -> str:
    """How a process ended, in words, after its pipe closed."""
    try:
        code = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return "closed its pipe"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
