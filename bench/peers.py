"""Seconds a draft, side by side with what else could be used: llama-server, outlines, llm and the plain way.

    python -m bench.peers [--model starter] [--threads 0] [--repeat 3] [--out FOLDER] [--json]

Every side has the same GGUF, threads and question, and starts each round with a draft it knows nothing of; the message
that drafts share is known to it, if it can keep one. ``make peers llama-server`` installs the others. One that is not
there is named.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import typer
from rich.console import Console

from bench import machine
from bench import task as tasks
from bench.latency import quiet, rotated
from bench.options import JsonOption, ModelOption, OutOption, RepeatOption, ThreadsOption
from bench.plain import ANSWER_TOKENS, Plain, question, read, schema
from bench.result import Result, Target, tell
from bench.server import Server, fastest
from bench.task import Task
from bench.working import working
from blogmetad.config import Model as ModelConfig
from blogmetad.model import prompt
from blogmetad.model.catalog import resolve
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.local.worker import Worker
from blogmetad.values import Request

ELSEWHERE = Path("build/peers/bin/python")
PEERS = ("llm", "outlines")
_FENCED = re.compile(r"```(?:json)?\n(.*?)```", re.DOTALL)
OTHER = "一段别的文字，只有这么长。"
"""What a side is asked about between two rounds, so that it does not know the draft from the last one."""

PLAIN, SERVER, SERVER_DIGEST = 5.0, 3.0, 1.3
"""How many times faster blogmetad has to be than the plain way, and llama-server with the post and with our digest."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: seconds, and the fields that came of it."""

    seconds: float
    fields: Mapping[str, object]


@dataclass(slots=True)
class Side:
    """One way: what it does in a round, its settings, and what it said in every round."""

    name: str
    settings: str
    ask: Callable[[], Said]
    said: list[Said] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(each.seconds for each in self.said)


class Elsewhere:
    """A peer that runs in an environment of its own. Raises RuntimeError with its last words if it does not start."""

    def __init__(self, name: str, setting: Mapping[str, object], log: IO[bytes]) -> None:
        self._log = log
        if not ELSEWHERE.exists():
            raise RuntimeError("it is not installed; make peers")
        command = [str(ELSEWHERE.absolute()), str(Path(__file__).with_name("elsewhere.py")), name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=_offline(log.name)
        )
        self._told(setting)

    def ask(self, system: str, user: str, most: int = ANSWER_TOKENS) -> Said:
        """One answer."""
        told = self._told({"system": system, "user": user, "most": most})
        return Said(float(told["seconds"]), read(unfenced(told["text"])) or {"unfinished": told["text"]})

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _told(self, message: Mapping[str, object]) -> dict[str, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            words = Path(self._log.name).read_text("utf-8", "replace").strip().splitlines()
            raise RuntimeError(words[-1] if words else "it ended without a word")
        told: dict[str, str] = json.loads(answer)
        return told


def unfenced(text: str) -> str:
    """An answer without the code fence that chat models like to put around JSON."""
    found = _FENCED.search(text)
    return found[1] if found else text


def _offline(log: str) -> dict[str, str]:
    """Its own folder for what it keeps, and no looking for anything on the net."""
    return {**os.environ, "LLM_USER_PATH": f"{log}.llm", "HF_HUB_OFFLINE": "1"}


@contextmanager
def sides(file: Path, threads: int, task: Task, say: Callable[[str], None]) -> Iterator[list[Side]]:
    """All that can be had, warm; ``say`` is told of the others."""
    request, post = task.request(), task.draft.text
    system, room = prompt.system(request), _room(post)
    found: list[Side] = []
    with ExitStack() as stack, tempfile.TemporaryDirectory() as scratch:
        worker = stack.enter_context(working(file, Path(scratch), threads=threads))
        worker.propose(request, lambda: True)
        found.append(Side("blogmetad", "its defaults", lambda: _proposed(worker, task)))
        flash = _flash_pays(file, threads, request)
        plain = Plain(file, threads, room, flash_attention=flash)
        stack.callback(plain.close)
        attention = f"flash attention {'on' if flash else 'off'}"
        found.append(Side("plain, whole post", f"{attention}, batches of 512", lambda: _plain(plain, request, post)))
        try:
            server = stack.enter_context(fastest(file, threads, room, request, Path(scratch), say))
        except (OSError, RuntimeError) as error:
            say(f"llama-server is left out: {error}")
        else:
            found.append(Side("llama-server, whole post", server.settings, lambda: _served(server, request, post)))
            found.append(
                Side("llama-server, our digest", server.settings, lambda: _served(server, request, request.text))
            )
        setting = {
            "model": str(file),
            "threads": threads,
            "context": room,
            "flash_attention": flash,
            "schema": schema(request.asks),
        }
        for name in PEERS:
            log = stack.enter_context((Path(scratch) / f"{name}.log").open("wb"))
            try:
                peer = Elsewhere(name, setting, log)
                stack.callback(peer.close)
                peer.ask(system, OTHER, 1)
            except (OSError, RuntimeError) as error:
                say(f"{name} is left out: {error}")
                continue
            found.append(Side(f"{name}, whole post", attention, _elsewhere(peer, system, request, post)))
        yield found


def _room(post: str) -> int:
    """A context the post, its question and an answer fit in: no Chinese text has more tokens than characters."""
    return -(-(len(post) + 1024 + ANSWER_TOKENS) // 256) * 256


def _flash_pays(file: Path, threads: int, request: Request) -> bool:
    """Whether flash attention answers sooner, over the digest."""
    tried = []
    for flash in (False, True):
        plain = Plain(file, threads, 4096, flash_attention=flash)
        tried.append((plain.answer(request, request.text).seconds, flash))
        plain.close()
    return min(tried)[1]


def _proposed(worker: Worker, task: Task) -> Said:
    began = time.perf_counter()
    proposal = worker.propose(task.request(), lambda: True)
    seconds = time.perf_counter() - began
    terms = {
        name: [o.name for o in said if o.written] or [said[0].name] for name, said in proposal.terms.items() if said
    }
    return Said(seconds, {**proposal.texts, **terms})


def _plain(plain: Plain, request: Request, text: str) -> Said:
    answer = plain.answer(request, text)
    return Said(answer.seconds, answer.fields)


def _served(server: Server, request: Request, text: str) -> Said:
    server.ask(request, OTHER, most=1)
    answer = server.ask(request, text)
    return Said(answer.seconds, answer.fields)


def _elsewhere(peer: Elsewhere, system: str, request: Request, text: str) -> Callable[[], Said]:
    def ask() -> Said:
        peer.ask(system, OTHER, 1)
        return peer.ask(system, f"{text}\n\n---\n{question(request.asks)}")

    return ask


def report(found: list[Side], asked: tuple[str, ...], left_out: list[str], conditions: dict[str, object]) -> Result:
    """A row for every side, and what each said."""
    ours = found[0].seconds
    ratios = {side.name: side.seconds / ours for side in found}
    rows = [
        (
            side.name,
            f"{side.seconds:.2f}",
            f"{min(each.seconds for each in side.said):.2f} – {max(each.seconds for each in side.said):.2f}",
            f"{ratios[side.name]:.2f}",
        )
        for side in found
    ]
    wanted = {"plain, whole post": PLAIN, "llama-server, whole post": SERVER, "llama-server, our digest": SERVER_DIGEST}
    targets = [Target(f"{n} / blogmetad", ratios[n], limit, least=True) for n, limit in wanted.items() if n in ratios]
    notes = [*left_out, *(f"{side.name}: {side.settings}" for side in found)]
    for side in found:
        fields = side.said[-1].fields
        missing = [name for name in asked if not fields.get(name)]
        notes.append(f"{side.name} lacks {', '.join(missing)}" if missing else f"{side.name} filled in all fields")
        notes.append(f"{side.name} said: {json.dumps(dict(fields), ensure_ascii=False)}")
    data = {
        "sides": {
            side.name: {"seconds": [round(each.seconds, 3) for each in side.said], "answer": dict(side.said[-1].fields)}
            for side in found
        },
        "left_out": left_out,
        "conditions": conditions,
    }
    columns = ("side", "median s", "min – max", "x blogmetad")
    return Result("peers", "Side by side: seconds a draft", columns, tuple(rows), data, tuple(targets), tuple(notes))


def main(
    model: ModelOption = "starter",
    threads: ThreadsOption = 0,
    repeat: RepeatOption = 3,
    out: OutOption = None,
    as_data: JsonOption = False,
) -> None:
    """Compare blogmetad with other ways to the same fields."""
    file, threads = resolve(model, Path.cwd()), threads or physical_cores()
    task = tasks.load(tasks.POST, tasks.RULES, ModelConfig().digest_tokens)
    request, left_out = task.request(), []
    with quiet() as stream:
        progress = Console(file=stream, highlight=False)

        def say(line: str) -> None:
            progress.print(line, markup=False)
            if "left out" in line:
                left_out.append(line)

        with sides(file, threads, task, say) as found:
            for n in range(repeat):
                for side in rotated(tuple(found), n):
                    side.said.append(side.ask())
                    say(f"round {n + 1} of {repeat}: {side.name} {side.said[-1].seconds:.2f} s")
            asked = tuple(ask.field for ask in request.asks)
            result = report(found, asked, left_out, {"model": file.name, **machine.conditions()})
    tell(result, out, as_data)


if __name__ == "__main__":
    typer.run(main)
