"""The gate: every request is asked where it comes from before anything is done, and every answer says what a browser
may do with it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blogmetad.cli.review.page.access import Asked, Door, Refusal, stranger
from blogmetad.cli.review.page.render import POLICY

OPEN, STYLE, SCRIPT = "/open", "/page.css", "/page.js"
PUBLIC = (OPEN, STYLE, SCRIPT)
"""What may be had without a session: it tells nothing of the site."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Gate:
    """Lets requests through to ``app`` that come from the page itself and bring its session."""

    def __init__(self, app: ASGIApp, door: Door, port: int, refuse: Callable[[Request, Refusal], Response]) -> None:
        self._app, self._door, self._port, self._refuse = app, door, port, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        refusal = self._refusal(request)
        answer = self._app if refusal is None else self._refuse(request, refusal)
        await answer(scope, receive, marked)

    def _refusal(self, request: Request) -> Refusal | None:
        headers, path = request.headers, request.url.path
        asked = Asked(
            request.method,
            tuple(headers.getlist("host")),
            headers.get("origin"),
            headers.get("sec-fetch-site"),
            "sec-purpose" in headers or "purpose" in headers,
        )
        found = stranger(asked, self._port, entrance=path == OPEN)
        if found is None and path not in PUBLIC and not self._door.knows(request.cookies.get(cookie(self._port))):
            return Refusal(403, "no session")
        return found


def cookie(port: int) -> str:
    """The name of the session's cookie: browsers do not keep those of different ports apart."""
    return f"blogmetad-{port}"
