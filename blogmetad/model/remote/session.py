"""A conversation with one server: which model it has, how it wants to be asked, and one proposal after the other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

import structlog
from pydantic import SecretStr

from blogmetad.model.proposal import ModelUnavailable, WorkerLost
from blogmetad.model.remote import asking, reply
from blogmetad.model.remote.connection import FAILED, Connection, NotThere, Refused, quoted
from blogmetad.model.remote.dialect import Dialect, body
from blogmetad.model.remote.reply import Garbled, Unthinkable
from blogmetad.values import Proposal, Request

log = structlog.get_logger("blogmetad.model")

MODE = "server"

FRESH = 30.0
"""Seconds for which a server that answered is taken to be there."""

GARBLED_TRIES = 2
"""How often a server is asked again whose answer was of no use."""

LISTED = 12
"""Models of a server that a message names."""

THINKING_ROOM = 4096
"""Tokens for a model that thinks although it was asked not to."""


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Which server, how many requests at a time, how long to wait for an answer (seconds) and how often to ask again.

    ``thinking`` is how many tokens the model may think, 0 for not at all.
    """

    url: str
    model: str = ""
    key: SecretStr | None = None
    parallel: int = 4
    timeout: float = 600.0
    retries: int = 4
    thinking: int = 0


class Session:
    """Lives in one event loop. What it learns about the server is kept until it ends."""

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options
        self._connection = Connection(options.url, options.key, timeout=options.timeout, retries=options.retries)
        self._places = asyncio.Semaphore(options.parallel)
        self._dialect = Dialect(thinking=options.thinking)
        self._understood = False
        self._model = ""
        self._heard = float("-inf")

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def prepare(self) -> None:
        """See whether the server is there, and which model it has. Raises ModelUnavailable."""
        if time.monotonic() - self._heard < FRESH:
            return
        names = await self._names()
        self._model = self._options.model or self._only(names)
        self._heard = time.monotonic()

    async def propose(self, request: Request) -> Proposal:
        """Fill in what is asked. Raises ModelUnavailable or WorkerLost."""
        async with self._places:
            await self.prepare()
            began = time.perf_counter()
            try:
                proposal = await self._answer(request)
            except ModelUnavailable:
                self._heard = float("-inf")
                raise
            self._heard = time.monotonic()
        seconds = time.perf_counter() - began
        return replace(proposal, usage=replace(proposal.usage, seconds=seconds))

    async def _answer(self, request: Request) -> Proposal:
        """Ask until there is an answer that is of use; remember how it was got."""
        dialect, turn, refusal = self._dialect, 0, ""
        url = self._options.url
        while True:
            try:
                proposal = await self._ask(request, dialect, turn)
            except Refused as refused:
                refusal = refusal or f"{url} does not take the request ({refused.status}): {refused.words}"
                other = None if refused.status == FAILED and self._understood else dialect.without(refused.words)
                if other is None:
                    raise WorkerLost(refusal) from None
                dialect = other
            except NotThere as error:
                raise await self._unknown(error.words) from None
            except Unthinkable as error:
                if dialect.thinking >= THINKING_ROOM:
                    raise WorkerLost(f"{url}: {error}; choose a model that need not think") from None
                dialect = replace(dialect, thinking=THINKING_ROOM)
            except Garbled as garbled:
                looser = dialect.looser() if garbled.disregards and (turn or not self._understood) else None
                if looser is None and turn >= GARBLED_TRIES:
                    raise WorkerLost(f"{url}: {garbled}") from None
                dialect, turn = (looser, turn) if looser else (dialect, turn + 1)
            else:
                self._learn(dialect)
                return proposal

    async def _ask(self, request: Request, dialect: Dialect, turn: int) -> Proposal:
        """One question and its answer, read. Raises what _answer deals with."""
        wish = body(request, self._model, dialect, thinks=self._options.thinking > 0, turn=turn)
        data = await self._connection.post("/chat/completions", wish)
        asks = asking.wanted(request)
        try:
            got = reply.completion(data)
        except Garbled as garbled:
            raise Garbled(f"{garbled}: {quoted(data)}") from None
        answer = reply.fields(got, asks, dialect)
        return Proposal(reply.texts(answer, asks), reply.terms(answer, asks), _plain(self._model), MODE, got.usage)

    def _learn(self, dialect: Dialect) -> None:
        if dialect != self._dialect:
            log.info("server understood", form=dialect.form.value, without=sorted(dialect.dropped))
        self._dialect, self._understood = dialect, True

    async def _names(self) -> tuple[str, ...]:
        """The models the server has; none where it does not tell."""
        url = self._options.url
        try:
            data = await self._connection.get("/models")
        except NotThere:
            return ()
        except Refused as error:
            raise ModelUnavailable(f"{url} answered {error.status}: {error.words}") from None
        except WorkerLost as error:
            raise ModelUnavailable(str(error)) from None
        try:
            return reply.models(data)
        except Garbled as error:
            raise ModelUnavailable(f"{url}: {error}; check [server] url, which mostly ends in /v1") from None

    def _only(self, names: tuple[str, ...]) -> str:
        if len(names) == 1:
            return names[0]
        has = f"has several models ({_listed(names)})" if names else "does not tell which models it has"
        raise ModelUnavailable(f"{self._options.url} {has}: name one in [server] model, and check that url ends in /v1")

    async def _unknown(self, words: str) -> ModelUnavailable:
        """Why a completion is not to be had: the model is another one, or the address."""
        names, url = await self._names(), self._options.url
        if names and self._model not in names:
            return ModelUnavailable(f"{url} has no model '{self._model}'; it has {_listed(names)}")
        said = f" ({words})" if words else ""
        return ModelUnavailable(f"{url} has no chat completions{said}: check [server] url, which mostly ends in /v1")


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - LISTED
    return quoted(", ".join(names[:LISTED]).encode()) + (f" and {more} more" if more > 0 else "")


def _plain(name: str) -> str:
    """A model's name for the journal: of one that is the path of a file, the file's."""
    return name.rsplit("/", 1)[-1] if name.endswith(".gguf") else name
