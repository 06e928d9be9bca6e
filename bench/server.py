"""llama-server of the same llama.cpp (``make llama-server``), with the settings it answers fastest with."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.llama_server import PROGRAM
from bench.plain import ANSWER_TOKENS, question, read, schema
from blogmetad.model import prompt
from blogmetad.values import Request

STARTING, ANSWERING = 120.0, 900.0
"""Seconds to wait for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Seconds, the fields, and how many tokens of the prompt were really evaluated."""

    seconds: float
    fields: Mapping[str, object]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs. ``settings`` are those of its options that were tried."""

    port: int
    settings: str

    def ask(self, request: Request, text: str, most: int = ANSWER_TOKENS) -> Answer:
        """The request's fields about ``text``, by JSON schema. Raises RuntimeError if it knew the text already."""
        body = {
            "messages": [
                {"role": "system", "content": prompt.system(request)},
                {"role": "user", "content": f"{text}\n\n---\n{question(request.asks)}"},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "fields", "schema": schema(request.asks)},
            },
            "temperature": 0.0,
            "max_tokens": most,
            "cache_prompt": True,
        }
        began = time.perf_counter()
        reply = self._post(body)
        seconds = time.perf_counter() - began
        evaluated = int(reply["timings"]["prompt_n"])
        if evaluated < len(text) // 8:
            raise RuntimeError(f"llama-server knew the draft already: it evaluated {evaluated} tokens")
        return Answer(seconds, read(reply["choices"][0]["message"]["content"]), evaluated)

    def _post(self, body: Mapping[str, object]) -> dict[str, Any]:
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=ANSWERING) as reply:
            told: dict[str, Any] = json.load(reply)
            return told


@contextmanager
def fastest(
    file: Path, threads: int, context: int, request: Request, scratch: Path, say: Callable[[str], None]
) -> Iterator[Server]:
    """The one whose settings answer soonest, over the digest. Raises OSError, RuntimeError."""
    if not PROGRAM.exists():
        raise RuntimeError("it is not built; make llama-server")
    tried = {}
    for flash, repack in itertools.product(("on", "off"), (True, False)):
        options = ("-fa", flash, *(() if repack else ("--no-repack",)))
        with _running(file, threads, context, options, scratch) as server:
            server.ask(request, "一段别的文字。", most=1)
            tried[options] = server.ask(request, request.text).seconds
        say(f"llama-server {' '.join(options)}: {tried[options]:.2f} s over the digest")
    with _running(file, threads, context, min(tried, key=tried.__getitem__), scratch) as server:
        yield server


@contextmanager
def _running(file: Path, threads: int, context: int, options: tuple[str, ...], scratch: Path) -> Iterator[Server]:
    port = _free_port()
    # One slot, and no memory of earlier prompts but the slot's own: each draft is a new one.
    fixed = ("-np", "1", "--cache-ram", "0", "-b", "2048", "-ub", "512", "-ngl", "0", "--jinja")
    used = ("-t", str(threads), "-tb", str(threads), "-c", str(context), *fixed, *options)
    command = [str(PROGRAM), "-m", str(file), "--host", "127.0.0.1", "--port", str(port), *used]
    log = scratch / "llama-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + STARTING
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text("utf-8", "replace").strip().splitlines()
                raise RuntimeError(words[-1] if words else "it does not start")
            time.sleep(0.1)
        yield Server(port, " ".join(used))
    finally:
        process.kill()
        process.wait()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
