"""The command ``doctor``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from blogmetad import config as configuration
from blogmetad.cli.doctor import blog, models, others, places, service
from blogmetad.cli.doctor.finding import Finding
from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, visible
from blogmetad.config import ConfigError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="doctor")(doctor)


def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Look at all that blogmetad depends on, and say what to do about each thing that is not well.

    Configuration, folders and their file systems, locks, watches, space, rules, the site as Jekyll sees it, ledger,
    journal, hooks, Git, service, and the model: really loaded, in a process of its own, and asked for a title. Nothing
    is changed.
    Exits with 0 if all is well, else with 1.

    Example:  blogmetad doctor --json
    """
    machine, ill = as_json(json), 0
    with progress.status("looking") as status:
        for finding in _examine(config, status.update):
            ill += not finding.ok
            status.stop()  # or its line and ours would be one
            print_json(asdict(finding)) if machine else _show(finding)
            status.start()
    if not machine:
        words = "all is well" if not ill else f"{ill} thing{'s'[: ill != 1]} to see to"
        console.print(f"\n{words}", style="bold", markup=False)
    raise typer.Exit(Exit.NEEDS_YOU if ill else Exit.OK)


def _show(finding: Finding) -> None:
    mark, style = ("ok  ", "green") if finding.ok else ("FIX ", "red")
    console.print(f"{mark} {finding.check}: {visible(finding.seen)}", style=style, markup=False)
    if not finding.ok:
        console.print(f"     {visible(finding.fix)}", markup=False)


def _examine(config: Path | None, tell: Callable[[str], None]) -> Iterator[Finding]:
    file = (config or configuration.default_file()).expanduser().absolute()
    try:
        settings = load(file)
    except ConfigError as error:
        yield Finding("config", False, str(error), error.hint or f"correct {file}")
        return
    yield Finding("config", True, f"{file}, for the site {settings.site.root}")
    yield from places.look(settings, file)
    yield from blog.look(settings)
    yield from others.look(settings)
    yield from service.look(settings, file)
    yield from models.look(settings, tell)
