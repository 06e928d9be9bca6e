"""A SOCKS5 proxy on loopback, which leads every name to one address."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer

NO_KEY, CONNECTED = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)


class Proxy(ThreadingTCPServer):
    """Its address, and the names it was asked to lead to."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.goal = ("127.0.0.1", port)
        self.asked: list[tuple[str, int]] = []
        self.url = f"socks5://127.0.0.1:{self.server_address[1]}"


class _Handler(StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        self._take(self._take(2)[1])
        self.wfile.write(NO_KEY)
        kind = self._take(4)[3]
        host = self._take(self._take(1)[0]).decode() if kind == 3 else socket.inet_ntoa(self._take(4))
        self.server.asked.append((host, struct.unpack(">H", self._take(2))[0]))
        with socket.create_connection(self.server.goal) as far:
            self.wfile.write(CONNECTED)
            back = threading.Thread(target=_pass_on, args=(far, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, far)
            back.join()

    def _take(self, count: int) -> bytes:
        return self.rfile.read(count)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # whoever has gone needs nothing more
        pass


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """A proxy in front of a port of this machine, until the end of the block."""
    with Proxy(port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
