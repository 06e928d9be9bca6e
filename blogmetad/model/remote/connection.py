"""HTTP to one server: bounded answers, time-outs, patience with a server that is busy, and silence about its key."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import json
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import httpx
import structlog
from pydantic import SecretStr

from blogmetad.model.proposal import ModelUnavailable, WorkerLost

log = structlog.get_logger("blogmetad.model")
# What it tells while debugging are all headers of an answer, and a server may repeat the key in them.
logging.getLogger("httpcore").setLevel(logging.WARNING)

CONNECT = 10.0
"""Seconds to reach the server, and to hand a request over."""

LOOK_UP = 30.0
"""Seconds for what takes a server no thought."""

LONGEST = 4 * 1024 * 1024
"""Bytes of an answer that are read; a longer one is none."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds until a busy server is asked again: at first, and at most when it does not say itself."""
MOST_PATIENCE = 120.0
"""Seconds a server may ask to wait. For more than that the draft had better wait in its folder."""

BUSY = frozenset({429, 502, 503, 504})
"""The server cannot answer now, whatever the draft."""
FAILED = 500
"""It could be the moment, the draft, or the form of the question: the last is told by these words."""
_ABOUT_FORM = re.compile(r"response_format|json_?schema|grammar|validation error", re.IGNORECASE)

_ACTING = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
QUOTED = 300
"""Characters of a server's own words that are shown."""


class Refused(Exception):
    """The server does not take the request: ``status`` 400, 422 or 500, and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class NotThere(Exception):
    """404 or 405: there is no such address, or no such model."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    is_page: bool
    wait: float | None
    body: bytes

    @property
    def words(self) -> str:
        return "" if self.is_page else quoted(self.body)


class Connection:
    """A pool of connections to ``url``, used from one event loop. ``timeout`` is for one answer, in seconds."""

    def __init__(self, url: str, key: SecretStr | None, *, timeout: float, retries: int) -> None:
        self._url, self._key, self._timeout, self._retries = url, key, timeout, retries
        self._posted = 0
        self._client = httpx.AsyncClient(
            headers={
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
                "User-Agent": "blogmetad",
                **({"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}),
            },
            timeout=httpx.Timeout(CONNECT, read=None),
            limits=httpx.Limits(max_connections=None),
            trust_env=not is_here(url),  # a proxy is for the world outside
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def get(self, path: str) -> bytes:
        """Fetch something small. Raises ModelUnavailable, WorkerLost, Refused or NotThere."""
        return await self._patiently("GET", path, None, min(self._timeout, LOOK_UP))

    async def post(self, path: str, body: bytes) -> bytes:
        """Put JSON there. Raises ModelUnavailable, WorkerLost, Refused or NotThere."""
        self._posted += 1
        try:
            return await self._patiently("POST", path, body, self._timeout)
        finally:
            self._posted -= 1

    async def _patiently(self, method: str, path: str, body: bytes | None, timeout: float) -> bytes:
        """One request, with as many further tries as a server that is busy or away is given."""
        tries, reached = 0, False
        while True:
            asked = None
            try:
                answer = await self._send(method, path, body, timeout)
            except httpx.TransportError as error:
                # One that dies over this very request must not count as away for ever.
                reached = reached or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                reason = f"{self._url} {'broke off' if reached else 'cannot be reached'}: {_told(error)}"
                lost = WorkerLost(reason, alone=self._posted <= 1)
                final: Exception = lost if reached else ModelUnavailable(reason)
            else:
                if answer.status not in BUSY and answer.status != FAILED:
                    return self._settled(answer)
                asked, words = answer.wait, answer.words
                reason = f"{self._url} answered {answer.status}{f': {words}' if words else ''}"
                final = ModelUnavailable(reason) if answer.status in BUSY else Refused(FAILED, words)
                if answer.status == FAILED and _ABOUT_FORM.search(words):
                    raise final
            if tries >= self._retries or (asked or 0.0) > MOST_PATIENCE:
                raise final
            wait = asked if asked is not None else min(LONGEST_WAIT, FIRST_WAIT * 2**tries) * random.uniform(0.5, 1.0)
            tries += 1
            log.info("server asked again", reason=reason, seconds=round(wait, 2), tries=tries)
            await asyncio.sleep(wait)

    async def _send(self, method: str, path: str, body: bytes | None, timeout: float) -> _Answer:
        """One request and its whole answer."""
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(method, path, body)
        except TimeoutError:
            raise WorkerLost(f"{self._url} gave no answer within {timeout:.0f} seconds") from None
        except httpx.DecodingError:
            raise WorkerLost(f"{self._url} sent an answer that cannot be unpacked") from None
        except Exception as error:
            # The frames below hold the key in their variables, which a traceback on a terminal would show.
            raise error.with_traceback(None) from None

    async def _exchange(self, method: str, path: str, body: bytes | None) -> _Answer:
        async with self._client.stream(method, self._url + path, content=body) as got:
            data = bytearray()
            async for piece in got.aiter_bytes():
                data += piece
                if len(data) > LONGEST:
                    raise WorkerLost(f"{self._url} sent more than {LONGEST // 2**20} MiB as an answer")
        for form in _forms(self._key.get_secret_value()) if self._key else ():
            # Some servers repeat a key that they refuse, or a proxy on the way does.
            data = data.replace(form.encode(), b"...")
        headers = got.headers
        is_page = "html" in headers.get("content-type", "").lower()
        return _Answer(got.status_code, is_page, _seconds(headers.get("retry-after", "")), bytes(data))

    def _settled(self, answer: _Answer) -> bytes:
        """The body of an answer that is final."""
        words = answer.words
        told = f"{self._url} answered {answer.status}{f': {words}' if words else ''}"
        match answer.status:
            case 401 | 403:
                wants = "the key is refused" if self._key else "a key is wanted"
                raise ModelUnavailable(f"{told} ({wants}: check key_variable or key_credential in [server])")
            case 404 | 405:
                raise NotThere(words)
            case 400 | 422:
                raise Refused(answer.status, words)
            case status if 300 <= status < 400:
                raise ModelUnavailable(f"{told}: it sends elsewhere; put the address itself into [server] url")
            case status if not 200 <= status < 300:
                raise WorkerLost(told)
        if answer.is_page:
            raise ModelUnavailable(
                f"{self._url} answered with a web page, as no OpenAI-compatible server does: check [server] url, which "
                "mostly ends in /v1"
            )
        return answer.body


def _forms(key: str) -> set[str]:
    """A key as it is, and as JSON, addresses and pages write it."""
    encoded = json.dumps(key)[1:-1]
    return {key, encoded, encoded.replace("/", "\\/"), quote(key), quote(key, safe=""), html.escape(key)}


def quoted(body: bytes) -> str:
    """The beginning of what a server said, with nothing that acts on a terminal."""
    text = body[: 4 * QUOTED].decode("utf-8", "replace")
    return " ".join(_ACTING.sub(" ", text).split())[:QUOTED]


def is_here(url: str) -> bool:
    """Whether an address is on this machine, so that nobody listens on the way."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _told(error: httpx.TransportError) -> str:
    """What went wrong on the way, in words."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within {CONNECT:.0f} seconds"
    return str(error) or type(error).__name__


def _seconds(wait: str, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> float | None:
    """What a Retry-After header asks for: seconds, or a date; None if it says nothing of use."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", wait.strip()):
        return float(wait)
    try:
        return max(0.0, (parsedate_to_datetime(wait) - now()).total_seconds())
    except (ValueError, TypeError):
        return None
