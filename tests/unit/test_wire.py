"""Messages through a pipe: whole, in pieces, many at once, and what is no message."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from blogmetad.model.local import wire
from blogmetad.values import Ask, Opinion, Proposal, Request

PROPOSE = wire.Propose(id=7, request=Request("只写英文。", "正文", (Ask("title", "text", "Title", "en", 8, 60),)))
ANSWER = wire.Answer(id=7, proposal=Proposal({"title": "标题"}, {"tags": (Opinion("数据库", 0.5),)}))


@pytest.fixture
def pipe() -> Iterator[tuple[wire.Inbox, int]]:
    read, write = os.pipe()
    yield wire.Inbox(read), write
    os.close(read)


def test_what_is_sent_arrives_equal_and_in_order(pipe: tuple[wire.Inbox, int]) -> None:
    inbox, outbox = pipe
    for message in (PROPOSE, ANSWER, wire.Withdraw(id=8)):
        wire.send(outbox, message)
    assert inbox.arrived() == [PROPOSE, ANSWER, wire.Withdraw(id=8)]
    assert inbox.arrived(0) == []
    os.close(outbox)
    with pytest.raises(wire.Closed):
        inbox.arrived()


def test_a_message_cut_anywhere_arrives_once_it_is_complete(pipe: tuple[wire.Inbox, int]) -> None:
    inbox, outbox = pipe
    data = wire.pack(PROPOSE) + wire.pack(ANSWER)
    arrived: list[wire.Message] = []
    for i in range(len(data)):
        os.write(outbox, data[i : i + 1])
        found = inbox.arrived()
        assert len(arrived) + len(found) == (i + 1 >= len(wire.pack(PROPOSE))) + (i + 1 == len(data))
        arrived += found
    assert arrived == [PROPOSE, ANSWER]
    os.close(outbox)


@pytest.mark.parametrize(
    "data",
    [
        b"GGML was here",
        struct.pack(">I", 0),
        struct.pack(">I", wire.LIMIT + 1),
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 30) + b'{"kind": "withdraw", "id": "x"}'[:30],
    ],
)
def test_what_is_no_message_is_told_from_one(pipe: tuple[wire.Inbox, int], data: bytes) -> None:
    inbox, outbox = pipe
    os.write(outbox, data)
    with pytest.raises(wire.Garbled):
        inbox.arrived()
    os.close(outbox)


def test_nobody_who_reads_is_noticed_by_who_sends() -> None:
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(wire.Closed):
        wire.send(write, PROPOSE)
    os.close(write)
