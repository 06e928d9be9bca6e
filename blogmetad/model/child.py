"""The model's process: loads one GGUF, answers requests, knows no paths but the model's and writes no files.

Run as ``python -m blogmetad.model.child`` by the supervisor, which talks to it over stdin and stdout. It dies with its
parent, and stops between two steps when anything at all arrives while it works.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

from blogmetad.model import wire

PR_SET_PDEATHSIG = 1
WARM_UP = 64
"""Tokens of the trial decode: enough rows for every fast path of llama.cpp, AMX tiles among them, to be taken once."""


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
        return serve(inbox, outbox)
    except wire.Closed:
        return 0


def serve(inbox: int, outbox: int) -> int:
    """Load as the first message says, then answer one request after another."""
    first = wire.receive(inbox)
    if not isinstance(first, wire.Load):
        raise wire.Garbled("the first message has to be a Load")
    # Imported here: the native library belongs to this process alone, and a crash in it has to come after the hello.
    from blogmetad.model import engine, llama

    began = time.perf_counter()
    try:
        model = llama.Llama(
            llama.LoadOptions(
                path=Path(first.path),
                threads=first.threads,
                gpu_layers=first.gpu_layers,
                extra_buffers=first.extra_buffers,
                context=first.context,
            )
        )
        trial = [llama.Cell(i % model.vocabulary_size, i, (0,), i == WARM_UP - 1) for i in range(WARM_UP)]
        model.decode(trial)
        model.decode([llama.Cell(0, WARM_UP, (0,), True)])
        model.clear()
        ready = engine.Engine(model, first.name, first.mode)
    except llama.ModelError as error:
        wire.send(outbox, wire.Failed(reason=str(error)))
        return 1
    seconds = time.perf_counter() - began
    wire.send(
        outbox,
        wire.Ready(context=model.context_size, seconds=seconds, gpu=llama.supports_gpu(), version=llama.version()),
    )
    while True:
        message = wire.receive(inbox)
        if not isinstance(message, wire.Propose):
            raise wire.Garbled("only requests may follow")
        try:
            proposal = ready.propose(message.request, lambda: bool(select.select([inbox], [], [], 0)[0]))
        except engine.Stopped:
            continue
        except llama.ModelError as error:
            wire.send(outbox, wire.Failed(reason=str(error)))
        else:
            wire.send(outbox, wire.Answer(proposal=proposal))


if __name__ == "__main__":
    sys.exit(main())
