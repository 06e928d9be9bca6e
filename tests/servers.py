"""Real servers on loopback, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

LLAMA_SERVER = Path(sys.executable).parent / "llama-server"
PATIENCE = 120.0
"""Seconds a server may take to load its model."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def llama_server(model: Path, *options: str) -> Iterator[str]:
    """llama.cpp's own server; its address."""
    if not LLAMA_SERVER.exists():
        pytest.skip("llama-server is not here; build it with: make llama-server")
    port = free_port()
    words = ["-m", str(model), "--port", str(port), "-t", "1", "-c", "4096", "-np", "1", "--no-webui", *options]
    with _running([str(LLAMA_SERVER), *words], port) as address:
        yield address


@contextmanager
def llama_cpp_python(model: Path) -> Iterator[str]:
    """The server that comes with llama-cpp-python; its address."""
    port = free_port()
    words = ["--model", str(model), "--port", str(port), "--n_threads", "1", "--n_ctx", "4096", "--verbose", "False"]
    with _running([sys.executable, "-m", "llama_cpp.server", *words], port) as address:
        yield address


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[str]:
    """A process that serves, from its first answer on."""
    address = f"http://127.0.0.1:{port}/v1"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ})
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(address):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.1)
        yield address
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/models", timeout=5) as got:
            return bool(got.status == 200)
    except (urllib.error.URLError, OSError):
        return False
