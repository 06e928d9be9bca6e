"""The supervisor of the model's process: starts it, talks to it, survives its death.

The model is native code: it can crash, hang or be killed for memory. It therefore lives in a child process of its own
session that the daemon can lose at any moment; what that costs is one retry of the drafts it was working on.
"""

from __future__ import annotations

import importlib.metadata
import math
import shlex
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from blogmetad.model.local import modes, wire
from blogmetad.model.local.process import POLL, Lost, Process
from blogmetad.model.proposal import ModelUnavailable, Withdrawn, WorkerLost
from blogmetad.values import Proposal, Request

log = structlog.get_logger("blogmetad.model")

TIMED_FROM = 100_000_000
"""Bytes of a model file from which on it is worth some seconds, once, to find out which mode is the fastest."""

COMMAND = (sys.executable, "-m", "blogmetad.model.local.child")


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Which model, how, and how long to wait (seconds). ``state`` keeps the memory of crashed modes and the log.

    ``parallel``, ``thinking`` and ``saved`` are as wire.Load has them.
    """

    model: Path
    name: str
    state: Path
    threads: int = 0
    gpu_layers: int = -1
    context: int = 4096
    parallel: int = 1
    thinking: int = 0
    saved: Path | None = None
    load_timeout: float = 300.0
    job_timeout: float = 600.0


class _NoRoomOnGpu(Exception):
    """The model does not load onto the GPU, most often because it is too large for it."""


class Worker:
    """A Proposer that keeps one child process with the model in it. ``unload`` frees the memory."""

    def __init__(self, options: WorkerOptions, command: Sequence[str] = COMMAND) -> None:
        self._options, self._command = options, tuple(command)
        self._process: Process | None = None
        self._starting = threading.Lock()
        self._failures, self._why = 0, ""
        self.library = importlib.metadata.version("llama-cpp-python")
        self._memory = modes.Memory(options.state / "engine.json", options.model, self.library)
        self.mode = ""
        self.last_used = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while no model is loaded."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    @property
    def struck(self) -> tuple[modes.Struck, ...]:
        """The modes that crashed on this machine and are not tried any more."""
        return self._memory.struck()

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """Load the model in the fastest mode that works here, unless it is loaded."""
        self._ready(keep_going)

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        """Have the child fill in what is asked; see Proposer."""
        process = self._ready(keep_going)
        try:
            reply = process.propose(request, self._options.job_timeout, keep_going)
        except Lost as lost:
            over = "this draft" if lost.alone else "several drafts"
            raise WorkerLost(f"the model's process {lost.how} while it worked on {over}", alone=lost.alone) from None
        finally:
            self.last_used = time.monotonic()
        if isinstance(reply, wire.Answer):
            return reply.proposal
        if not process.busy:
            process.end()  # as a precaution; not while others are waiting for it
        raise WorkerLost(f"the model gave up on this draft: {reply.reason}")

    def unload(self) -> None:
        """End the child and free its memory. Requests it still works on are lost."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _ready(self, keep_going: Callable[[], bool]) -> Process:
        """The child with the model loaded; whoever comes first starts it, all others wait. Raises ModelUnavailable,
        Withdrawn."""
        self.last_used = time.monotonic()
        failures = self._failures
        with self._the_one_to_start(keep_going):
            process = self._process
            if process is not None and process.alive:
                return process
            if self._failures != failures:
                raise ModelUnavailable(self._why)  # found out by the one we waited for
            self.unload()
            try:
                self._process = self._start(keep_going)
            except ModelUnavailable as error:
                self._failures, self._why = failures + 1, str(error)
                raise
            return self._process

    @contextmanager
    def _the_one_to_start(self, keep_going: Callable[[], bool]) -> Iterator[None]:
        while not self._starting.acquire(timeout=POLL):
            if not keep_going():
                raise Withdrawn("the request was withdrawn")
        try:
            yield
        finally:
            self._starting.release()

    def _start(self, keep_going: Callable[[], bool]) -> Process:
        """A child in the fastest mode that does not crash. Raises ModelUnavailable, Withdrawn."""
        full: set[str] = set()
        while True:
            mode, rival = self._by_speed(full)
            timed = self._memory.seconds()
            try:
                started = self._try(mode, self._worth_timing and mode.name not in timed, keep_going)
            except _NoRoomOnGpu as refusal:
                # Not remembered: at the next start another program may have given its memory back.
                full.add(mode.name)
                log.warning("model not loaded on the GPU", reason=str(refusal), next="the processor is used")
                continue
            if started is None:
                if mode is rival:
                    raise ModelUnavailable(self._crashed())
                continue
            process, hello = started
            if not hello.trial:
                return process  # it runs on a GPU, or was found to be the fastest before
            self._memory.timed(mode.name, hello.trial)
            if mode is rival:
                return process
            process.end()  # there may not be memory for both
            if rival.name not in timed and (other := self._try(rival, True, keep_going)) is not None:
                other[0].end()
                self._memory.timed(rival.name, other[1].trial)
            log.info("modes timed", seconds=self._memory.seconds(), next="the fastest is used from now on")

    @property
    def _worth_timing(self) -> bool:
        model = self._options.model
        return model.exists() and model.stat().st_size >= TIMED_FROM

    def _by_speed(self, full: Collection[str]) -> tuple[modes.Mode, modes.Mode]:
        """The mode to use and the one to hold it against: the same one if no other is left. Those in ``full`` find no
        room now."""
        struck = {s.mode: s.because for s in self._memory.struck()}
        ladder = modes.ladder(self._options.gpu_layers)
        for mode in ladder[:-1]:
            if mode.name in struck:
                log.info("mode skipped", mode=mode.name, because=struck[mode.name])
        timed = self._memory.seconds()
        usable = [mode for mode in ladder if mode.name not in struck and mode.name not in full] or [ladder[-1]]
        usable.sort(key=lambda mode: timed.get(mode.name, math.inf))
        return usable[0], usable[-1] if usable[-1] is ladder[-1] else usable[0]

    def _try(self, mode: modes.Mode, trial: bool, keep_going: Callable[[], bool]) -> tuple[Process, wire.Ready] | None:
        """A child in ``mode``, None if it crashed. Raises ModelUnavailable, Withdrawn."""
        try:
            return self._start_in(mode, trial, keep_going)
        except Lost as lost:
            if not lost.crashed:
                raise ModelUnavailable(f"the model's process {lost.how} while loading {self._options.model}") from None
            self._memory.strike(mode.name, lost.how)
            log.warning(
                "mode crashed", mode=mode.name, because=lost.how, next="another mode is tried, this is remembered"
            )
            return None

    def _crashed(self) -> str:
        return (
            f"llama.cpp crashes with {self._options.model} in every mode tried here; "
            f"see {self._options.state / 'worker.log'}, and rebuild llama-cpp-python if it was built on another machine"
        )

    def _start_in(self, mode: modes.Mode, trial: bool, keep_going: Callable[[], bool]) -> tuple[Process, wire.Ready]:
        """A child with the model loaded in ``mode``. Raises Lost, _NoRoomOnGpu, ModelUnavailable, Withdrawn."""
        options = self._options
        options.state.mkdir(parents=True, exist_ok=True)
        with (options.state / "worker.log").open("wb") as stderr:
            process = Process(self._command, stderr)
        try:
            hello = process.load(self._load(mode, trial), options.load_timeout, keep_going)
        except BaseException:
            process.end()
            raise
        if isinstance(hello, wire.Failed):
            process.end()
            if hello.gpu:
                raise _NoRoomOnGpu(hello.reason)
            check = f"blogmetad model check {shlex.quote(str(options.model))}"
            raise ModelUnavailable(f"{hello.reason}; see {options.state / 'worker.log'}, and run: {check}")
        self.mode = mode.name
        seconds = round(hello.seconds, 2)
        log.info("model loaded", model=options.name, mode=mode.name, seconds=seconds, pid=process.pid)
        return process, hello

    def _load(self, mode: modes.Mode, trial: bool) -> wire.Load:
        options = self._options
        return wire.Load(
            path=str(options.model),
            name=options.name,
            mode=mode.name,
            threads=options.threads or modes.physical_cores(),
            gpu_layers=mode.gpu_layers,
            extra_buffers=mode.extra_buffers,
            context=options.context,
            parallel=options.parallel,
            thinking=options.thinking,
            saved=None if options.saved is None else str(options.saved),
            trial=trial,
        )
