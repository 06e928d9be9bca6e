"""How long a draft takes: blogmetad, the plain way and the floor, in one run on one machine (see bench/README.md)."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer
from rich.console import Console

from bench import machine
from bench import task as tasks
from bench.floor import Played, Player, Recorder, Tape
from bench.plain import ANSWER_TOKENS, Answer, Plain
from bench.report import Report, Side, as_json, as_table
from bench.task import Task
from blogmetad.config import Model as ModelConfig
from blogmetad.errors import BlogmetadError
from blogmetad.matter import MatterError
from blogmetad.model.catalog import resolve
from blogmetad.model.local.engine import Engine
from blogmetad.model.local.llama import LoadOptions, ModelError
from blogmetad.model.local.modes import physical_cores
from blogmetad.values import Opinion, Proposal, sha256

PAIRS = 3
"""How often the two short sides run in a round: one of theirs takes a tenth of the long side's time."""

_T = TypeVar("_T")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Timed:
    """A proposal and the seconds it took from the draft's text, digest and plan included."""

    seconds: float
    proposal: Proposal


class Ours:
    """blogmetad's engine in this process, as its worker runs it: default context, default digest."""

    def __init__(self, file: Path, threads: int, task: Task) -> None:
        options = LoadOptions(file, threads, gpu_layers=0, context=ModelConfig().context)
        self.model = Recorder(options)
        self._engine = Engine(self.model, file.stem, "cpu")
        self._task = task

    def answer(self) -> Timed:
        """One draft, nothing of it known before."""
        began = time.perf_counter()
        proposal = self._engine.propose(self._task.request())
        return Timed(time.perf_counter() - began, proposal)

    def tape(self) -> Tape:
        """What one more draft has llama.cpp do."""
        return self.model.record(self.answer)


class Rounds:
    """The times of every side, taken in turns so that other work on the machine weighs on all of them."""

    def __init__(self, ours: Ours, player: Player, plain: Plain, task: Task) -> None:
        self._ours, self._player, self._plain, self._task = ours, player, plain, task
        self.timed: list[Timed] = []
        self.played: list[Played] = []
        self.whole: list[Answer] = []
        self.brief: list[Answer] = []

    def run(self, n: int) -> None:
        """Round ``n``: each round and each pair begins with another side."""
        for turn in rotated((self._pairs, self._read_whole, self._read_brief), n):
            turn()

    def _pairs(self) -> None:
        for n in range(PAIRS):
            for turn in rotated((self._propose, self._play), n):
                turn()

    def _propose(self) -> None:
        self.timed.append(self._ours.answer())

    def _play(self) -> None:
        self.played.append(self._player.play())

    def _read_whole(self) -> None:
        self.whole.append(self._plain.answer(self._task.request(), self._task.draft.text))

    def _read_brief(self) -> None:
        request = self._task.request()
        self.brief.append(self._plain.answer(request, request.text))


def measure(file: Path, task: Task, repeat: int, say: Say) -> Report:
    """Load everything once, warm it, then run ``repeat`` rounds."""
    threads = physical_cores()
    before = os.getloadavg()
    say(f"Loading {file.name} with {threads} threads.")
    ours = Ours(file, threads, task)
    cold = ours.answer().seconds
    tape = ours.tape()
    player = Player(ours.model, tape)
    player.play()
    plain = _fastest_plain(file, threads, _room(ours, task), task, say)
    rounds = Rounds(ours, player, plain, task)
    for n in range(repeat):
        say(f"Round {n + 1} of {repeat}.")
        rounds.run(n)
    player.close()
    plain.close()
    ours.model.close()
    return Report(
        ours=_ours(rounds.timed),
        plain=_plain("plain, whole post", rounds.whole),
        plain_digest=_plain("plain, our digest", rounds.brief),
        floor=_floor(tape, rounds.played),
        floor_prefill=statistics.median(p.prefill for p in rounds.played),
        floor_decode=statistics.median(p.decode for p in rounds.played),
        cold=cold,
        asked=tuple(ask.field for ask in task.request().asks),
        conditions=_conditions(file, task, plain.flash_attention, before),
    )


def rotated(turns: tuple[_T, ...], by: int) -> tuple[_T, ...]:
    """The same turns, another one first in each round."""
    start = by % len(turns)
    return turns[start:] + turns[:start]


def _room(ours: Ours, task: Task) -> int:
    """A context the whole post, its question and an answer fit in, in steps of 256 tokens."""
    post = len(ours.model.tokenize(task.draft.text))
    return -(-(post + 1024 + ANSWER_TOKENS) // 256) * 256


def _fastest_plain(file: Path, threads: int, context: int, task: Task, say: Say) -> Plain:
    """Flash attention off or on, whichever answers this post faster; the trial is its warm-up as well."""
    request = task.request()
    tried: list[tuple[float, bool]] = []
    for flash in (False, True):
        say(f"Trying the plain way with flash attention {'on' if flash else 'off'}.")
        plain = Plain(file, threads, context, flash_attention=flash)
        tried.append((plain.answer(request, task.draft.text).seconds, flash))
        plain.close()
    plain = Plain(file, threads, context, flash_attention=min(tried)[1])
    plain.answer(request, request.text)
    return plain


def _ours(timed: list[Timed]) -> Side:
    proposal = timed[-1].proposal
    terms = {field: _best(opinions) for field, opinions in proposal.terms.items()}
    answer: dict[str, object] = {**proposal.texts, **terms}
    return Side(
        name="blogmetad",
        seconds=tuple(t.seconds for t in timed),
        prompt_tokens=proposal.usage.prompt_tokens,
        output_tokens=proposal.usage.output_tokens,
        steps=proposal.usage.steps,
        answer=answer,
    )


def _best(opinions: Sequence[Opinion]) -> list[str]:
    """The terms the model wrote, else the one it finds likeliest; which a post gets is for the rules to say."""
    written = [opinion.name for opinion in opinions if opinion.written]
    return written or [max(opinions, key=lambda opinion: opinion.score).name] if opinions else []


def _plain(name: str, answers: list[Answer]) -> Side:
    last = answers[-1]
    return Side(
        name=name,
        seconds=tuple(answer.seconds for answer in answers),
        prompt_tokens=last.prompt_tokens,
        output_tokens=last.output_tokens,
        steps=last.output_tokens,
        answer=last.fields or {"unfinished": last.text},
    )


def _floor(tape: Tape, played: list[Played]) -> Side:
    return Side(
        name="floor of blogmetad",
        seconds=tuple(p.seconds for p in played),
        prompt_tokens=tape.prefill_tokens,
        output_tokens=tape.tokens - tape.prefill_tokens,
        steps=len(tape.batches),
        answer={},
    )


def _conditions(file: Path, task: Task, flash: bool, before: tuple[float, float, float]) -> dict[str, object]:
    """What a reader needs to judge the figures."""
    return {
        "model": file.name,
        "model sha256": sha256(file.read_bytes()),
        "post characters": len(task.draft.text),
        "rules": task.rules.title,
        "plain flash attention": flash,
        "load average before and after": f"{before[0]:.2f} / {os.getloadavg()[0]:.2f}",
        **machine.conditions(),
    }


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Keep llama.cpp's own log, hundreds of lines, off the terminal; its end is shown if the work fails.

    Native code writes to descriptor 2, so that is what moves; the stream given still reaches the terminal.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as log, os.fdopen(terminal, "w", encoding="utf-8") as stream:
        os.dup2(log.fileno(), 2)
        try:
            yield stream
        except BaseException:
            log.seek(0)
            stream.write(log.read()[-4000:].decode("utf-8", "replace"))
            raise
        finally:
            stream.flush()
            os.dup2(terminal, 2)


def main(
    model: Annotated[str, typer.Option(help="starter, starter-1.5b, or a GGUF file.")] = "starter",
    draft: Annotated[Path, typer.Option(help="A Markdown post.")] = tasks.POST,
    rules: Annotated[Path, typer.Option(help="A rules document.")] = tasks.RULES,
    repeat: Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")] = 3,
    as_data: Annotated[bool, typer.Option("--json", help="JSON, as when the output is piped.")] = False,
) -> None:
    """Compare blogmetad with a plain chat completion and with the floor, on the same model and threads."""
    try:
        file = resolve(model, Path.cwd())
        task = tasks.load(draft, rules, ModelConfig().digest_tokens)
        with quiet() as stream:
            progress = Console(file=stream)
            report = measure(file, task, repeat, lambda line: progress.print(line, highlight=False))
    except (BlogmetadError, MatterError, ModelError, OSError) as error:
        typer.echo(f"{error}\n{getattr(error, 'hint', '')}".strip(), err=True)
        raise typer.Exit(2) from None
    if as_data or not sys.stdout.isatty():
        typer.echo(json.dumps(as_json(report), ensure_ascii=False, indent=2))
    else:
        Console().print(as_table(report))


if __name__ == "__main__":
    typer.run(main)
