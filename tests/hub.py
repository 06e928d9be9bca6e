"""A small hub of models on loopback: both hubs' ways to list and hand out files, and faults as a test orders them."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

Step = Literal["listing", "file", "cdn"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a kind.

    ``status``: an answer of that status, with ``headers`` and ``body``. ``cut``: the connection breaks behind so many
    bytes of the body; with -1 it is reset at once. ``delay``: seconds of silence first. ``whole``: a range is ignored.
    ``extra``: bytes that nobody listed come behind the file. ``shift``: so much is left out at its beginning.
    ``silent``: the answer tells neither how long it is nor which part of the file.
    """

    step: Step
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    delay: float = 0.0
    whole: bool = False
    extra: bytes = b""
    shift: int = 0
    silent: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    step: str
    path: str
    key: str | None
    range: str | None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """A client that has gone away is what some tests are about."""


class LoopbackHub:
    """The hub: its files by repository and name, the faults still to come, and all it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.key: str | None = None
        self.wrong_hash = self.no_hash = False
        self.below = ""
        self._lock = threading.Lock()
        self.http = _Server(self)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def steps(self) -> list[str]:
        return [asked.step for asked in self.asked]

    def note(self, asked: Asked) -> Fault | None:
        """Remember a request; the fault that is ordered for it, once."""
        with self._lock:
            self.asked.append(asked)
            for fault in self.faults:
                if fault.step == asked.step:
                    self.faults.remove(fault)
                    return fault
        return None

    def sha256(self, data: bytes) -> str:
        return hashlib.sha256(data + b"?" * self.wrong_hash).hexdigest()


@contextmanager
def serving() -> Iterator[LoopbackHub]:
    """A hub that answers until the end of the block."""
    hub = LoopbackHub()
    thread = threading.Thread(target=hub.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.http.shutdown()
        hub.http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(self.server.hub.below)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        for pattern, step, answer in (
            (r"/api/v1/models/([^/]+/[^/]+)/repo/files", "listing", self.list_modelscope),
            (r"/api/v1/models/([^/]+/[^/]+)/repo", "file", self.redirect),
            (r"/api/models/([^/]+/[^/]+)", "listing", self.list_huggingface),
            (r"/([^/]+/[^/]+)/resolve/main/(.+)", "file", self.redirect),
            (r"/cdn/([^/]+/[^/]+)/(.+)", "cdn", self.hand_out),
        ):
            found = re.fullmatch(pattern, path)
            if found is not None:
                asked = Asked(step, path, self.headers["Authorization"], self.headers["Range"])
                fault = self.server.hub.note(asked) or Fault("cdn")
                if not self.fail(fault) and self.may(asked, found[1]):
                    answer(found[1], found[2] if found.re.groups > 1 else query.get("FilePath", ""), fault)
                return
        self.server.hub.note(Asked("other", path, None, None))
        self.say(404, b"")

    def fail(self, fault: Fault) -> bool:
        """Whether the fault was all there is to do."""
        time.sleep(fault.delay)
        if fault.cut == -1:
            self.reset()
        elif fault.status != 200 or fault.body:
            self.say(fault.status, fault.body, fault.headers)
        return fault.cut == -1 or fault.status != 200 or bool(fault.body)

    def may(self, asked: Asked, repository: str) -> bool:
        """Whether the repository is there and this client may see it; says so if not."""
        hub = self.server.hub
        if asked.step != "cdn" and hub.key is not None and asked.key != f"Bearer {hub.key}":
            self.say(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
            return False
        if repository not in hub.files:
            self.say(404, b'{"error": "not found"}', {"X-Error-Code": "RepoNotFound"})
            return False
        return True

    def list_huggingface(self, repository: str, _: str, __: Fault) -> None:
        siblings: list[dict[str, object]] = [{"rfilename": "README.md", "size": 5, "blobId": "0" * 40}]
        for name, data in self.server.hub.files[repository].items():
            lfs = {"sha256": self.server.hub.sha256(data), "size": len(data), "pointerSize": 134}
            row: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": "0" * 40}
            siblings.append(row if self.server.hub.no_hash else row | {"lfs": lfs})
        body = {"id": repository, "sha": "1" * 40, "private": False, "tags": [], "downloads": 0, "likes": 0}
        self.say(200, json.dumps(body | {"siblings": siblings}).encode())

    def list_modelscope(self, repository: str, _: str, __: Fault) -> None:
        rows = [
            {"Name": name.rpartition("/")[2], "Path": name, "Size": len(data), "Type": "blob"}
            | ({} if self.server.hub.no_hash else {"Sha256": self.server.hub.sha256(data)})
            for name, data in self.server.hub.files[repository].items()
        ]
        rows.append({"Name": "a folder", "Path": "folder", "Size": 0, "Type": "tree"})
        self.say(200, json.dumps({"Code": 200, "Success": True, "Data": {"Files": rows}}).encode())

    def redirect(self, repository: str, name: str, _: Fault) -> None:
        if name not in self.server.hub.files[repository]:
            self.say(404, b"", {"X-Error-Code": "EntryNotFound"})
        else:
            self.say(302, b"", {"Location": f"/cdn/{quote(repository)}/{quote(name)}?signature=abc"})

    def hand_out(self, repository: str, name: str, fault: Fault) -> None:
        data = self.server.hub.files[repository][name]
        asked = self.headers["Range"]
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        start = (int(found[1]) if found and not fault.whole else 0) + fault.shift
        if start >= len(data):
            self.say(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start and not fault.silent else {}
        self.say(206 if start else 200, data[start:] + fault.extra, headers, fault.cut, fault.silent)

    def say(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None,
        silent: bool = False,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {**(headers or {}), **({} if silent else {"Content-Length": str(len(body))})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None or silent:
            self.close_connection = True

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
