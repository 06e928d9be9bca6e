"""The model: its file, where it will run, and whether it really answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from blogmetad.cli.doctor.finding import Finding, checked
from blogmetad.cli.running import where_it_runs
from blogmetad.config import Config
from blogmetad.daemon import open_proposer
from blogmetad.errors import BlogmetadError
from blogmetad.model import catalog
from blogmetad.model.local import devices
from blogmetad.model.remote import setup
from blogmetad.model.remote.proposer import Remote
from blogmetad.model.store.inspection import inspect
from blogmetad.model.store.machine import look as look_at_machine
from blogmetad.values import Ask, Request


def look(settings: Config, tell: Callable[[str], None]) -> Iterator[Finding]:
    """Findings on the model, or on the server it is on."""
    if settings.model.engine == "openai":
        yield from (Finding("server", True, sentence) for sentence in setup.advice(settings))
        tell(f"asking {settings.server.url}")
        yield checked("model", lambda: _answers(settings), f"see that {settings.server.url} can be reached")
        return
    file = _file(settings)
    yield file
    runs = where_it_runs(settings)
    yield from (Finding("runs", True, sentence) for sentence in (runs.words, *runs.advice))
    if not file.ok:
        return
    tell("getting the model ready")
    log = settings.site.state / "worker.log"
    yield checked("model", lambda: _answers(settings), f"see {log}; or try another:  blogmetad model recommend")


def _file(settings: Config) -> Finding:
    """The model's file, judged by its head."""
    name = settings.model.name
    try:
        file = catalog.resolve(name, settings.site.root)
    except BlogmetadError as error:
        return Finding("model file", False, str(error), error.hint or "blogmetad model recommend")
    machine = look_at_machine(catalog.models_folder(), devices.installed())
    memory = machine.memory + sum(gpu.free for gpu in machine.usable)
    seen = inspect(file, context=settings.model.context, memory=memory, knows=devices.knows)
    if seen.faults:
        again = f"blogmetad model pull {name}" if catalog.source_of(name) is not None else "blogmetad model recommend"
        return Finding("model file", False, " ".join(seen.faults), again)
    size = sum(part.stat().st_size for part in (seen.facts.files if seen.facts else (Path(file),)))
    return Finding("model file", True, " ".join((f"{file} ({size / 1e9:.2f} GB).", *seen.warnings)))


def _answers(settings: Config) -> str:
    proposer = open_proposer(settings)
    trial = Request("", "A short note on unit tests.", (Ask("title", "text", "Title", "en", 3, 40),))
    try:
        began = time.perf_counter()
        proposer.prepare(lambda: True)
        loaded = time.perf_counter() - began
        proposal = proposer.propose(trial, lambda: True)
    finally:
        proposer.unload()
    took = proposal.usage.seconds
    if isinstance(proposer, Remote):
        return f"{proposal.model} on {settings.server.url} answers, a title in {took:.1f} s"
    crashed = "".join(f"; mode {struck.mode} {struck.because} here and is left out" for struck in proposer.struck)
    return f"{settings.model.name} loads in {loaded:.1f} s (mode {proposal.mode}), a title in {took:.1f} s{crashed}"
