"""Who may use the page: the one who brings the token, from the page itself, and nobody else on the machine or behind
a browser. Pure, but for the secrets that are made here."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass

PORT_OF_HTTP = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request tells who sends it; None where nothing is said.

    ``hosts`` are its Host headers, ``origin`` is the page that sends a form, ``site`` how that page is related to us,
    as the browser sees it (Sec-Fetch-Site); ``ahead`` is whether the browser only guesses that it will be wanted.
    """

    method: str
    hosts: tuple[str, ...]
    origin: str | None = None
    site: str | None = None
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status, and which words say why."""

    status: int
    why: str


def stranger(asked: Asked, port: int, *, entrance: bool = False) -> Refusal | None:
    """Why a request cannot come from our own page or from its user; None if it can.

    A name that was made to lead here (DNS rebinding) shows in the Host header; another page, also one of another port
    of this machine, in what the browser says of it. ``entrance``: where a link from anywhere may lead.
    """
    if asked.method not in ("GET", "HEAD", "POST"):
        return Refusal(405, "no such method")
    if len(asked.hosts) != 1 or asked.hosts[0] not in hosts(port):
        return Refusal(421, "wrong host")
    if asked.site not in (None, "none", "same-origin") and not entrance:
        return Refusal(403, "other page")
    if asked.method != "POST":
        return Refusal(403, "too early") if entrance and asked.ahead else None
    # Told to send no address, browsers call the page of a form "null"; then they must say that it is ours.
    ours = asked.origin == f"http://{asked.hosts[0]}" or (
        asked.origin in (None, "null") and asked.site == "same-origin"
    )
    return None if ours else Refusal(403, "other page")


def hosts(port: int) -> frozenset[str]:
    """What browsers call us: by address or as localhost, and the port unless it is the usual one."""
    names = ("127.0.0.1", "localhost")
    bare = names if port == PORT_OF_HTTP else ()
    return frozenset((*(f"{name}:{port}" for name in names), *bare))


class Door:
    """Opened once, by the token; who came in has a session, and the forms they are shown have its seal.

    ``place`` is where the page lies: cookies of one port are sent to all others, but not to other places.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.place = secrets.token_urlsafe(9)
        self._key = secrets.token_bytes(32)
        self._session = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._used = False

    def open(self, token: str) -> str | None:
        """The session, for the right token; None for a wrong one, and for the right one from the second time on."""
        with self._lock:
            if self._used or not _same(token, self.token):
                return None
            self._used = True
            return self._session

    def knows(self, session: str | None) -> bool:
        """Whether this is the session of who came in."""
        return self._used and session is not None and _same(session, self._session)

    @property
    def seal(self) -> str:
        """What every form carries, so that a page that cannot read ours cannot send one."""
        return hmac.new(self._key, self._session.encode(), hashlib.sha256).hexdigest()

    def sealed(self, seal: str) -> bool:
        """Whether a form carries our seal."""
        return _same(seal, self.seal)


def _same(one: str, other: str) -> bool:
    """Compared in a time that tells nothing of where they differ."""
    return secrets.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
