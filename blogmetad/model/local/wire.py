"""Messages between the daemon and its model process: length-prefixed JSON over two pipes, validated on arrival.

Several requests are in flight at once; each has a number, and each is answered once, by an Answer or a Failed.
"""

from __future__ import annotations

import os
import select
import struct
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blogmetad.values import Proposal, Request

LIMIT = 8 * 1024 * 1024
_HEADER = struct.Struct(">I")
_AT_ONCE = 1 << 16


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Load(_Message):
    """First message to a worker: which model, how. ``name`` is what the journal calls it.

    ``parallel`` is how many requests are answered side by side (0: as many as pay), ``thinking`` how many tokens the
    model may think before each answer (0: it must not), ``saved`` the folder in which what every start computes again
    may be kept. With ``trial`` it is timed, unless it runs on a GPU.
    """

    kind: Literal["load"] = "load"
    path: str
    name: str
    mode: str
    threads: int
    gpu_layers: int
    extra_buffers: bool
    context: int
    parallel: int = 1
    thinking: int = 0
    saved: str | None = None
    trial: bool = False


class Propose(_Message):
    """Fill in one draft's fields."""

    kind: Literal["propose"] = "propose"
    id: int
    request: Request


class Withdraw(_Message):
    """The answer to a request is not wanted any more. The worker says Failed, unless it has answered already."""

    kind: Literal["withdraw"] = "withdraw"
    id: int


class Ready(_Message):
    """The model is loaded and has decoded once. ``gpu`` tells whether the build can use one, ``trial`` how many seconds
    a typical draft will take (0 if it was not timed)."""

    kind: Literal["ready"] = "ready"
    context: int
    seconds: float
    gpu: bool
    version: str
    trial: float = 0.0


class Answer(_Message):
    """The proposal asked for."""

    kind: Literal["answer"] = "answer"
    id: int
    proposal: Proposal


class Failed(_Message):
    """The worker could not do as asked and says why; it is still alive unless this answers a Load (``id`` None).
    ``gpu``: the model was to be loaded onto one."""

    kind: Literal["failed"] = "failed"
    id: int | None = None
    reason: str
    gpu: bool = False


Message: TypeAlias = Load | Propose | Withdraw | Ready | Answer | Failed
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


class Closed(EOFError):
    """The other end is gone."""


class Garbled(ValueError):
    """What arrived is not a message of ours."""


def pack(message: Message) -> bytes:
    """A message as it goes through the pipe."""
    data = message.model_dump_json().encode("utf-8")
    return _HEADER.pack(len(data)) + data


def send(fd: int, message: Message) -> None:
    """Write one message whole, however long the reader takes. Raises Closed if nobody reads."""
    view = memoryview(pack(message))
    try:
        while view:
            view = view[os.write(fd, view) :]
    except BrokenPipeError as error:
        raise Closed("the other end of the pipe is gone") from error


class Inbox:
    """Messages out of a pipe, however they are cut up on the way. One thread at a time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._data = bytearray()

    def arrived(self, timeout: float | None = None) -> list[Message]:
        """The messages that are complete after at most ``timeout`` seconds, maybe none; None waits for something.

        Raises Closed once the other end is gone, Garbled for what is no message.
        """
        if not select.select([self._fd], [], [], timeout)[0]:
            return []
        chunk = os.read(self._fd, _AT_ONCE)
        if not chunk:
            raise Closed("the other end of the pipe is gone")
        self._data += chunk
        messages: list[Message] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> Message | None:
        """The first message, taken out; None if it is not complete yet."""
        if len(self._data) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._data)
        if not 0 < length <= LIMIT:
            raise Garbled(f"a message of {length} bytes was announced")
        end = _HEADER.size + length
        if len(self._data) < end:
            return None
        data = bytes(self._data[_HEADER.size : end])
        del self._data[:end]
        try:
            return _MESSAGE.validate_json(data)
        except ValidationError as error:
            raise Garbled("the message does not have the agreed form") from error
