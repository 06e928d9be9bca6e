"""A child that loads nothing, says how long a draft takes in each mode (``fast=5 plain=3``), and notes its starts."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from blogmetad.model.local import wire


def main() -> None:
    inbox, seconds = wire.Inbox(0), dict(pair.split("=") for pair in sys.argv[2:])
    while not (messages := inbox.arrived()):
        pass
    (load,) = messages
    assert isinstance(load, wire.Load)
    with Path(sys.argv[1]).open("a", encoding="utf-8") as starts:
        starts.write(f"{load.mode}{' timed' if load.trial else ''}\n")
    if seconds.get(load.mode) == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if seconds.get(load.mode) == "full":
        wire.send(1, wire.Failed(reason="llama.cpp cannot load it", gpu=True))
        return
    trial = float(seconds.get(load.mode, 0)) if load.trial else 0.0
    wire.send(1, wire.Ready(context=1, seconds=0.0, gpu=trial == 0.0, version="0", trial=trial))
    while True:
        inbox.arrived()


if __name__ == "__main__":
    try:
        main()
    except wire.Closed:
        sys.exit(0)
