"""Messages between the daemon and its model process: length-prefixed JSON over two pipes, validated on arrival."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blogmetad.values import Proposal, Request

LIMIT = 8 * 1024 * 1024
_HEADER = struct.Struct(">I")


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Load(_Message):
    """First message to a worker: which model, how. ``name`` is what the journal calls it."""

    kind: Literal["load"] = "load"
    path: str
    name: str
    mode: str
    threads: int
    gpu_layers: int
    extra_buffers: bool
    context: int


class Propose(_Message):
    """Fill in one draft's fields."""

    kind: Literal["propose"] = "propose"
    request: Request


class Ready(_Message):
    """The model is loaded and has decoded once. ``gpu`` tells whether the build can use one."""

    kind: Literal["ready"] = "ready"
    context: int
    seconds: float
    gpu: bool
    version: str


class Answer(_Message):
    """The proposal asked for."""

    kind: Literal["answer"] = "answer"
    proposal: Proposal


class Failed(_Message):
    """The worker could not do as asked and says why; it is still alive unless this answers a Load."""

    kind: Literal["failed"] = "failed"
    reason: str


Message = Annotated[Load | Propose | Ready | Answer | Failed, Field(discriminator="kind")]
_MESSAGE: TypeAdapter[Load | Propose | Ready | Answer | Failed] = TypeAdapter(Message)


class Closed(EOFError):
    """The other end is gone."""


class Garbled(ValueError):
    """What arrived is not a message of ours."""


class TimedOut(TimeoutError):
    """Nothing complete arrived in time."""


def send(fd: int, message: Load | Propose | Ready | Answer | Failed) -> None:
    """Write one message whole. Raises Closed if nobody reads."""
    data = message.model_dump_json().encode("utf-8")
    view = memoryview(_HEADER.pack(len(data)) + data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except BrokenPipeError as error:
        raise Closed("the other end of the pipe is gone") from error


def receive(
    fd: int, timeout: float | None = None, keep_going: Callable[[], bool] | None = None
) -> Load | Propose | Ready | Answer | Failed | None:
    """Read one message whole, within ``timeout`` seconds.

    ``keep_going`` is asked twice a second; None is returned when it says no. Raises Closed, Garbled or TimedOut.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    wanted, data, length = _HEADER.size, b"", -1
    while True:
        if keep_going is not None and not keep_going():
            return None
        left = 0.5 if deadline is None else min(0.5, deadline - time.monotonic())
        if left < 0:
            raise TimedOut(f"no answer within {timeout:.0f} seconds")
        waits = left if deadline is not None or keep_going is not None else None
        if not select.select([fd], [], [], waits)[0]:
            continue
        chunk = os.read(fd, wanted - len(data))
        if not chunk:
            raise Closed("the other end of the pipe is gone")
        data += chunk
        if len(data) < wanted:
            continue
        if length < 0:
            (length,) = _HEADER.unpack(data)
            if not 0 < length <= LIMIT:
                raise Garbled(f"a message of {length} bytes was announced")
            wanted, data = length, b""
            continue
        try:
            return _MESSAGE.validate_json(data)
        except ValidationError as error:
            raise Garbled("the message does not have the agreed form") from error
