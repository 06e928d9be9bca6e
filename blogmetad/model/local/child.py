"""The model's process: loads one GGUF and answers requests, several at a time.

Run as ``python -m blogmetad.model.local.child`` by the supervisor, which talks to it over stdin and stdout. It dies
with its parent. Between two steps of the engine it looks for messages: a new request joins the batch at once, and one
that is withdrawn leaves it. The only files it writes are states of the model, in the folder it is given for them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blogmetad.model.local import wire

if TYPE_CHECKING:
    from blogmetad.model.local.engine import Engine
    from blogmetad.model.local.llama import Llama

PR_SET_PDEATHSIG = 1
WARM_UP = 64
"""Tokens of the trial decode: enough rows for every fast path of llama.cpp, AMX tiles among them, to be taken once."""

ON_GPU = 4
"""Drafts in flight that pay on a GPU. On a processor two at once take as long as one after the other."""

BRANCHES, FEWEST, MOST = 32, 64, 256
"""Sequences for each draft in flight; how many there are at least, and how many llama.cpp can have. Drafts that are in
flight beyond these wait in the engine."""


def main() -> int:
    """Serve until the pipe closes. Exit code 0; 1 if the model cannot be loaded (said in a message first)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 0
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox, outbox = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)  # whatever native code prints must not end up among the messages
    try:
        return serve(wire.Inbox(inbox), outbox)
    except wire.Closed:
        return 0


def serve(inbox: wire.Inbox, outbox: int) -> int:
    """Load as the first message says, then answer requests until the pipe closes."""
    match _some(inbox):
        case [wire.Load() as load]:
            pass
        case _:
            raise wire.Garbled("the first message has to be a Load")
    # Imported here: the native library belongs to this process alone, and a crash in it has to come after the hello.
    from blogmetad.model.local import llama, trial

    began = time.perf_counter()
    try:
        model, engine = _load(load)
        seconds = time.perf_counter() - began
        gpu = llama.supports_gpu()
        tried = trial.typical_seconds(model) if load.trial and not (gpu and load.gpu_layers) else 0.0
    except llama.ModelError as error:
        wire.send(outbox, wire.Failed(reason=str(error), gpu=bool(load.gpu_layers) and llama.supports_gpu()))
        return 1
    wire.send(
        outbox,
        wire.Ready(context=model.context_size, seconds=seconds, gpu=gpu, version=llama.version(), trial=tried),
    )
    conversation = Conversation(engine, outbox)
    while True:
        conversation.hear(inbox.arrived(0) if engine.busy else _some(inbox))
        conversation.go_on()


class Conversation:
    """The requests that are open, between the pipes and the engine."""

    def __init__(self, engine: Engine, outbox: int) -> None:
        self._engine, self._outbox = engine, outbox
        self._open: set[int] = set()

    def hear(self, messages: Sequence[wire.Message]) -> None:
        """Take in what the daemon says. Raises Garbled for what it cannot say."""
        for message in messages:
            match message:
                case wire.Propose():
                    self._open.add(message.id)
                    self._engine.admit(message.id, message.request)
                case wire.Withdraw():
                    if message.id in self._open:
                        self._engine.withdraw(message.id)
                        self._say(wire.Failed(id=message.id, reason="it was withdrawn"))
                case _:
                    raise wire.Garbled("only requests may follow")

    def go_on(self) -> None:
        """One step of the engine, and the answers it led to."""
        if not self._engine.busy:
            return
        for key, result in self._engine.step():
            if isinstance(result, Exception):
                self._say(wire.Failed(id=key, reason=str(result)))
            else:
                self._say(wire.Answer(id=key, proposal=result))

    def _say(self, message: wire.Answer | wire.Failed) -> None:
        assert message.id is not None
        self._open.remove(message.id)
        wire.send(self._outbox, message)


def _load(load: wire.Load) -> tuple[Llama, Engine]:
    """The model, tried out once, and the engine on it. Raises ModelError."""
    from blogmetad.model.local import engine, llama

    on_gpu = bool(load.gpu_layers) and llama.supports_gpu()
    at_once = min(load.parallel or (ON_GPU if on_gpu else 1), (MOST - 1) // BRANCHES)
    model = llama.Llama(
        llama.LoadOptions(
            path=Path(load.path),
            threads=load.threads,
            gpu_layers=load.gpu_layers,
            extra_buffers=load.extra_buffers,
            context=load.context,
            sequences=max(FEWEST, 1 + BRANCHES * at_once),
        )
    )
    trial = [llama.Cell(i % model.vocabulary_size, i, (0,), i == WARM_UP - 1) for i in range(WARM_UP)]
    model.decode(trial)
    model.decode([llama.Cell(0, WARM_UP, (0,), True)])
    model.clear()
    saved = Path(load.saved) if load.saved is not None else None
    return model, engine.Engine(model, load.name, load.mode, parallel=at_once, thinking=load.thinking, saved=saved)


def _some(inbox: wire.Inbox) -> list[wire.Message]:
    """At least one message, however long it takes."""
    while not (messages := inbox.arrived()):
        pass
    return messages


if __name__ == "__main__":
    sys.exit(main())
