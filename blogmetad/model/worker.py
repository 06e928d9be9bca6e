"""The supervisor of the model's process: starts it, talks to it, survives its death.

The model is native code: it can crash, hang or be killed for memory. It therefore lives in a child process of its own
session that the daemon can lose at any moment; what that costs is one retry.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from blogmetad.model import modes, wire
from blogmetad.model.proposal import ModelUnavailable, Withdrawn, WorkerLost
from blogmetad.values import Proposal, Request

log = structlog.get_logger("blogmetad.model")

COMMAND = (sys.executable, "-m", "blogmetad.model.child")
CRASHES = frozenset({signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE})


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Which model, how, and how long to wait (seconds). ``state`` keeps the memory of crashed modes and the log."""

    model: Path
    name: str
    state: Path
    threads: int = 0
    gpu_layers: int = -1
    context: int = 4096
    load_timeout: float = 300.0
    job_timeout: float = 600.0


class Worker:
    """A Proposer that keeps one child process with the model in it. Not thread-safe; ``unload`` frees the memory."""

    def __init__(self, options: WorkerOptions, command: Sequence[str] = COMMAND) -> None:
        self._options, self._command = options, tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self.library = importlib.metadata.version("llama-cpp-python")
        self._memory = modes.Memory(options.state / "engine.json", options.model, self.library)
        self.mode = ""
        self.last_used = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while no model is loaded."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def struck(self) -> tuple[modes.Struck, ...]:
        """The modes that crashed on this machine and are not tried any more."""
        return self._memory.struck()

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """Load the model in the fastest mode that works here, unless it is loaded."""
        self.last_used = time.monotonic()
        if self.pid is not None:
            return
        self.unload()
        struck = {s.mode: s.because for s in self._memory.struck()}
        ladder = modes.ladder(self._options.gpu_layers)
        for mode in ladder:
            if mode.name in struck and mode is not ladder[-1]:
                log.info("mode skipped", mode=mode.name, because=struck[mode.name])
                continue
            crash = self._start(mode, keep_going)
            if crash is None:
                return
            self._memory.strike(mode.name, crash)
            log.warning("mode crashed", mode=mode.name, because=crash, next="a slower mode is tried and remembered")
        raise ModelUnavailable(
            f"llama.cpp crashes with {self._options.model} in every mode tried here; "
            f"see {self._options.state / 'worker.log'}, and rebuild llama-cpp-python if it was built on another machine"
        )

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        """Have the child fill in what is asked; see Proposer."""
        self.prepare(keep_going)
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            wire.send(process.stdin.fileno(), wire.Propose(request=request))
            answer = wire.receive(process.stdout.fileno(), self._options.job_timeout, keep_going)
        except wire.Closed:
            raise WorkerLost(f"the model's process {self._death()} while it worked on this draft") from None
        except (wire.TimedOut, wire.Garbled) as error:
            self.unload()
            raise WorkerLost(f"the model's process was stopped: {error}") from None
        self.last_used = time.monotonic()
        if answer is None:
            self.unload()
            raise Withdrawn("the request was withdrawn")
        if isinstance(answer, wire.Answer):
            return answer.proposal
        reason = answer.reason if isinstance(answer, wire.Failed) else "an answer out of turn"
        self.unload()
        raise WorkerLost(f"the model gave up on this draft: {reason}")

    def unload(self) -> None:
        """End the child and free its memory. Nothing of it needs saving, so it is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _start(self, mode: modes.Mode, keep_going: Callable[[], bool]) -> str | None:
        """Start a child in ``mode``. None if it is ready, else how it crashed. Raises ModelUnavailable, Withdrawn."""
        options = self._options
        options.state.mkdir(parents=True, exist_ok=True)
        with (options.state / "worker.log").open("wb") as stderr:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                start_new_session=True,
            )
        self._process, self.mode = process, mode.name
        assert process.stdin is not None
        assert process.stdout is not None
        load = wire.Load(
            path=str(options.model),
            name=options.name,
            mode=mode.name,
            threads=options.threads or modes.physical_cores(),
            gpu_layers=mode.gpu_layers,
            extra_buffers=mode.extra_buffers,
            context=options.context,
        )
        try:
            wire.send(process.stdin.fileno(), load)
            hello = wire.receive(process.stdout.fileno(), options.load_timeout, keep_going)
        except wire.Closed:
            death = self._death()
            if -(process.returncode or 0) in CRASHES:
                return death
            raise ModelUnavailable(f"the model's process {death} while loading {options.model}") from None
        except (wire.TimedOut, wire.Garbled) as error:
            self.unload()
            raise ModelUnavailable(f"loading {options.model}: {error}") from None
        if hello is None:
            self.unload()
            raise Withdrawn("the request was withdrawn")
        if not isinstance(hello, wire.Ready):
            self.unload()
            reason = hello.reason if isinstance(hello, wire.Failed) else "it answered out of turn"
            raise ModelUnavailable(f"{reason}; see {options.state / 'worker.log'}")
        log.info(
            "model loaded",
            model=options.name,
            mode=self.mode,
            seconds=round(hello.seconds, 2),
            pid=process.pid,
        )
        return None

    def _death(self) -> str:
        """How the child ended, in words, after its pipe closed."""
        process = self._process
        assert process is not None
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = None
        self.unload()
        if code is None:
            return "closed its pipe"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"
