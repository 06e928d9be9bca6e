"""A child that keeps to the protocol and has no model: what it does with a request stands in the request's text.

It notes each start in the file it is given, and answers the newest request first, with the text's first line as title.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from blogmetad.model.local import wire
from blogmetad.values import Proposal

POISON, MUTE, DEAF, GARBLED, REFUSED = "毒药", "沉默", "耳聋", "乱码", "拒绝"
"""It dies of it; it never answers it; it hears nothing any more; it talks nonsense; it says that it cannot."""

GATHERING = 0.4
"""Seconds for which requests gather before any of them is answered or does harm."""


def main() -> None:
    inbox, outbox = wire.Inbox(0), 1
    with Path(sys.argv[1]).open("a", encoding="utf-8") as starts:
        starts.write(f"{os.getpid()}\n")
    while not inbox.arrived():
        pass
    if "broken" in sys.argv:
        time.sleep(GATHERING)
        wire.send(outbox, wire.Failed(reason="the model does not load"))
        return
    wire.send(outbox, wire.Ready(context=1, seconds=0.0, gpu=False, version="0"))
    texts: dict[int, str] = {}
    since = 0.0
    while True:
        for message in inbox.arrived(0.05 if texts else None):
            if isinstance(message, wire.Propose):
                since = since if texts else time.monotonic()
                texts[message.id] = message.request.text
            elif isinstance(message, wire.Withdraw) and texts.pop(message.id, None) is not None:
                wire.send(outbox, wire.Failed(id=message.id, reason="it was withdrawn"))
        if time.monotonic() - since > GATHERING:
            act(outbox, texts)


def act(outbox: int, texts: dict[int, str]) -> None:
    said = "".join(texts.values())
    if POISON in said:
        os.kill(os.getpid(), signal.SIGSEGV)
    if DEAF in said:
        time.sleep(600)
    if GARBLED in said:
        os.write(outbox, b"GGML was here" * 1000)
    for number in sorted(texts, reverse=True):
        if REFUSED in texts[number]:
            wire.send(outbox, wire.Failed(id=number, reason="a batch does not decode"))
            del texts[number]
        elif MUTE not in texts[number]:
            title = texts[number].splitlines()[0]
            wire.send(outbox, wire.Answer(id=number, proposal=Proposal({"title": title}, model="scripted", mode="-")))
            del texts[number]


if __name__ == "__main__":
    try:
        main()
    except wire.Closed:
        sys.exit(0)
