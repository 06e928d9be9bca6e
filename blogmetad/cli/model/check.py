"""``model check``: will this file load, and if not, why."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad.cli import complete, logs
from blogmetad.cli.exits import Exit
from blogmetad.cli.model.pull import MODEL_NAME
from blogmetad.cli.options import JsonOption, as_json, console, print_json, progress, visible
from blogmetad.model import catalog
from blogmetad.model.catalog import ModelUnusableError
from blogmetad.model.local import devices, modes
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.proposal import ModelUnavailable
from blogmetad.model.store.inspection import Facts, Inspection, inspect
from blogmetad.model.store.machine import look
from blogmetad.model.store.memory import CONTEXT

THINKING = {"switchable": "can be switched on and off", "always": "always", "never": "never", None: "not known"}
TOLD = 3
"""Lines of llama.cpp's own that are shown when it does not load a file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How loading it for real went: the ``mode`` and the ``seconds`` it took, or the ``fault``."""

    mode: str = ""
    seconds: float = 0.0
    fault: str = ""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="check")(check)


def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME", help=f"The path of a GGUF file. Or: {MODEL_NAME}", autocompletion=complete.models_here
        ),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Read the file's head only; do not load it.")] = False,
    context: Annotated[int, typer.Option(help="Tokens to hold in view.", min=512)] = CONTEXT,
    json: JsonOption = False,
) -> None:
    """Say what a model file is, and whether it will load: by its head, then for real in a process that may crash.

    Exits with 0 if it will, else with 4.

    Example:  blogmetad model check ~/models/Qwen3-4B-Q4_K_M.gguf --quick
    """
    logs.configure(configuration.Log(level="error"))
    file = _file(name)
    machine = look(catalog.models_folder(), devices.installed())
    memory = machine.memory + sum(gpu.free for gpu in machine.usable)
    seen = inspect(file, context=context, memory=memory, knows=devices.knows)
    loaded = None
    if not quick and not seen.faults:
        with progress.status("loading it in a process of its own"):
            loaded = _load(file, context)
    good = not seen.faults and not (loaded and loaded.fault)
    if as_json(json):
        print_json(_row(seen, loaded, good))
    else:
        _show(seen, loaded, good)
    raise typer.Exit(Exit.OK if good else Exit.MODEL)


def _file(name: str) -> Path:
    """The file of a name, whatever is in it: that is what is to be found out."""
    try:
        return catalog.resolve(name, Path.cwd())
    except ModelUnusableError as error:
        return error.path


def _load(file: Path, context: int) -> Loaded:
    """Load the model as the daemon would, in the fastest mode that works, and end its process again."""
    with tempfile.TemporaryDirectory(prefix="blogmetad-check-") as scratch:
        _spare_timing(Path(scratch) / "engine.json", file)
        worker = Worker(WorkerOptions(model=file, name=file.name, state=Path(scratch), context=context))
        began = time.monotonic()
        try:
            worker.prepare(lambda: True)
        except ModelUnavailable as error:
            reason = str(error).partition("; see ")[0]
            return Loaded(fault=f"{reason}. {_last_words(Path(scratch) / 'worker.log')}".strip())
        finally:
            worker.unload()
        return Loaded(worker.mode, time.monotonic() - began)


def _spare_timing(memory: Path, file: Path) -> None:
    """Have the modes count as timed: whether it loads is asked, not in which one it is fastest."""
    known = modes.Memory(memory, file, metadata.version("llama-cpp-python"))
    for number, mode in enumerate(modes.ladder(-1), 1):
        known.timed(mode.name, number)


def _last_words(log: Path) -> str:
    """What llama.cpp wrote about it at the end, of which errors tell the most."""
    try:
        lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return ""
    telling = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
    return visible(" / ".join((telling or lines)[-TOLD:]))[:600]


def _row(seen: Inspection, loaded: Loaded | None, good: bool) -> dict[str, object]:
    row: dict[str, object] = {"file": str(seen.file), "ok": good}
    facts = seen.facts
    if facts is not None:
        row |= {
            "architecture": facts.architecture,
            "name": facts.name,
            "quantization": facts.quantization,
            "parameters": facts.parameters,
            "context": facts.context,
            "vocabulary": facts.vocabulary,
            "thinking": facts.thinking,
            "files": [str(file) for file in facts.files],
            "size_bytes": facts.need.weights,
            "memory_bytes": facts.need.total,
        }
    if loaded is not None and not loaded.fault:
        row |= {"mode": loaded.mode, "seconds": round(loaded.seconds, 2)}
    faults = [*seen.faults, *([loaded.fault] if loaded and loaded.fault else [])]
    went = None if loaded is None else not loaded.fault
    return row | {"loaded": went, "faults": faults, "warnings": list(seen.warnings)}


def _show(seen: Inspection, loaded: Loaded | None, good: bool) -> None:
    for label, text in _lines(seen.facts) if seen.facts else ():
        console.print(f"{label:<14}{visible(text)}", markup=False)
    for sentence in seen.faults:
        console.print(f"FIX  {visible(sentence)}", style="red", markup=False)
    for sentence in seen.warnings:
        console.print(f"note {visible(sentence)}", style="yellow", markup=False)
    if loaded is not None and loaded.fault:
        console.print(f"FIX  {loaded.fault}", style="red", markup=False)
    elif loaded is not None:
        console.print(f"ok   it loads in {loaded.seconds:.1f} s (mode {loaded.mode})", style="green", markup=False)
    elif good:
        console.print("ok   nothing speaks against it; it was not loaded", style="green", markup=False)


def _lines(facts: Facts) -> list[tuple[str, str]]:
    files = f"{len(facts.files)} files, the first {facts.files[0]}" if len(facts.files) > 1 else str(facts.files[0])
    return [
        ("file", files),
        ("model", f"{facts.name or 'without a name'} ({facts.architecture or 'kind not known'})"),
        ("weights", f"{facts.parameters / 1e6:,.0f} million, {facts.quantization}, {facts.need.weights / 1e9:.2f} GB"),
        ("memory", f"about {facts.need.total / 1e9:.1f} GB"),
        ("in view", f"{facts.context:,} tokens at most" if facts.context else "not known"),
        ("vocabulary", f"{facts.vocabulary:,} tokens" if facts.vocabulary else "none"),
        ("thinking", THINKING[facts.thinking]),
    ]
