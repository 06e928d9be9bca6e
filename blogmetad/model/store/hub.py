"""What a hub is to a pull: it lists a repository's files with size and hash, and says where each can be fetched."""

from __future__ import annotations

import itertools
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from blogmetad.errors import BlogmetadError

CONNECT, READ = 10.0, 30.0
"""Seconds a hub has to take a connection, and to say anything more."""

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each further try where a hub is busy or a connection breaks."""

LONGEST = 120.0
"""A hub that asks for a longer pause than that is not waited for."""

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})

Result = TypeVar("Result")


class HubError(BlogmetadError):
    """What a hub did not do: ``cause`` is part of a sentence, ``hint`` a sentence of its own.

    ``passing``: it may go well another time, in ``after`` seconds if the hub said so.
    """

    def __init__(self, cause: str, hint: str, *, passing: bool = False, after: float | None = None) -> None:
        super().__init__(f"{cause}.")
        self.cause, self.hint = cause, hint
        self.passing, self.after = passing, after


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository. ``sha256`` is None where the hub does not tell it."""

    name: str
    size: int
    sha256: str | None


class Hub(Protocol):
    """A hub of models. Its methods ask once and raise HubError."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def endpoint(self) -> str:
        """Its address."""

    @property
    def address_variable(self) -> str:
        """The environment variable that names another address."""

    @property
    def key_variable(self) -> str:
        """The environment variable from which it takes the user's key."""

    def listing(self, repository: str, timeout: float = READ) -> tuple[HubFile, ...]:
        """The files of a repository as they are now."""

    def address(self, repository: str, file: str) -> str:
        """Where a file is fetched, with redirections on the way."""

    def headers(self) -> Mapping[str, str]:
        """What a request for a file carries, a key if the user has one."""


def refusal(hub: Hub, status: int, said: str, retry_after: str | None = None) -> HubError:
    """An HTTP status in words. ``said`` is what the hub added."""
    title = hub.title
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    also = f": {words[:200]}" if words else ""
    if status in (401, 403):
        cause = f"{title} does not let us have it (status {status}{also})"
        return HubError(
            cause, f"If it is gated, accept its terms on its page; then set {hub.key_variable} to a key of yours."
        )
    if status == 404:
        return HubError(f"{title} has no such thing (status 404{also})", "Check the name, for example in a browser.")
    after = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    if status in BUSY:
        return HubError(
            f"{title} is busy or ill (status {status}{also})", "Try again later.", passing=True, after=after
        )
    return HubError(f"{title} answers with status {status}{also}", "Try again, or take another hub with --from.")


def unreachable(hub: Hub, address: str, why: str) -> HubError:
    """A connection that does not come about, or breaks."""
    hint = "Check the network, set HF_ENDPOINT to a mirror, or take the other hub: --from modelscope or huggingface."
    return HubError(f"{hub.title} cannot be reached at {address} ({why})", hint, passing=True)


def persist(ask: Callable[[], Result], pauses: Sequence[float] = PAUSES, patience: float = math.inf) -> Result:
    """What ``ask`` returns, asked again after pauses while it fails with a HubError that may pass, and as long as not
    more than ``patience`` seconds are gone."""
    began = time.monotonic()
    for number in itertools.count():
        try:
            return ask()
        except HubError as error:
            wait = error.after if error.after is not None else (pauses[number] if number < len(pauses) else 0)
            late = time.monotonic() - began > patience
            if late or not error.passing or number >= len(pauses) or wait > LONGEST:
                raise
            time.sleep(wait)
    raise AssertionError("itertools.count never ends")


def first_to_answer(hubs: Sequence[Hub], repository: str, patience: float) -> Hub | None:
    """The hub that first lists a repository, None if none does within ``patience`` seconds.

    Threads ask, which are left alone afterwards: looking up a name can take long, and nothing can hurry it.
    """
    answers: queue.SimpleQueue[Hub | None] = queue.SimpleQueue()

    def ask(hub: Hub) -> None:
        try:
            hub.listing(repository, patience)
        except HubError:
            answers.put(None)
        else:
            answers.put(hub)

    for hub in hubs:
        threading.Thread(target=ask, args=(hub,), name=f"asking {hub.title}", daemon=True).start()
    deadline = time.monotonic() + patience
    for _ in hubs:
        try:
            found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if found is not None:
            return found
    return None
