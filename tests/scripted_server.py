"""A server on loopback that speaks OpenAI's chat completions as a test tells it to, faults included."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {
    "title": "How a Write-Ahead Log Works",
    "description": "A write-ahead log appends every commit to a file of its own.",
    "tags": ["sqlite", "database"],
}


@dataclass(frozen=True)
class Reply:
    """What the server does with one request. ``cut``: close after so many bytes; -1: reset without an answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0.0
    cut: int | None = None


def said(content: str | None, *, finish: str = "stop", usage: dict[str, Any] | None = None, **message: Any) -> Reply:
    """A chat completion with this content."""
    answer = {
        "id": "1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content, **message},
                     "finish_reason": finish}],
        "usage": usage or {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }  # fmt: skip
    return Reply(body=json.dumps(answer).encode())


def refused(status: int, message: str, **headers: str) -> Reply:
    """An error in OpenAI's form."""
    body = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
    return Reply(status, body, {"Content-Type": "application/json", **headers})


def good(**changed: Any) -> Reply:
    """The answer that all tests ask for, with some of it changed."""
    return said(json.dumps(GOOD | changed, ensure_ascii=False))


Script = Callable[[dict[str, Any], int], Reply]
"""From a request's JSON and its number, from 0, to what is done with it."""


class Scripted:
    """The server, and all it was asked."""

    def __init__(self, script: Script, models: Sequence[str], on_models: Reply | None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.times: list[float] = []
        self.looked = 0
        self.busy = self.most_busy = 0
        self._script, self._models, self._on_models = script, models, on_models
        self._lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def models(self) -> Reply:
        self.looked += 1
        body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in self._models]})
        return self._on_models or Reply(body=body.encode())

    def answer(self, request: dict[str, Any], key: str | None) -> Reply:
        with self._lock:
            number = len(self.asked)
            self.asked.append(request)
            self.keys.append(key)
            self.times.append(time.monotonic())
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        try:
            reply = self._script(request, number)
            time.sleep(reply.delay)
        finally:
            with self._lock:
                self.busy -= 1
        return reply


def _handler(server: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(server.models() if self.path == "/v1/models" else refused(404, "no such path"))

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/chat/completions":
                self._send(refused(404, "no such path"))
                return
            self._send(server.answer(json.loads(data), self.headers["Authorization"]))

        def _send(self, reply: Reply) -> None:
            try:
                if reply.cut == -1:
                    # Closed with a reset, as by a process that is killed.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: reply.cut])
                if reply.cut is not None:
                    self.close_connection = True
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

    return Handler


@contextmanager
def scripted(
    *replies: Reply, script: Script | None = None, models: Sequence[str] = ("qwen3-8b",), on_models: Reply | None = None
) -> Iterator[Scripted]:
    """A server that gives these replies one after the other, the last one again and again; or does as a script says."""
    server = Scripted(script or (lambda _, number: replies[min(number, len(replies) - 1)]), models, on_models)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
