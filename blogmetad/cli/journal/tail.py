"""``journal tail``: the last steps, and every further one as it is taken."""

from __future__ import annotations

import datetime as dt
import time
from typing import Annotated

import typer
from rich.markup import escape

from blogmetad.cli.journal.drafts import open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.journal import brief
from blogmetad.journal.ledger import Event, Ledger
from blogmetad.journal.record import BOOKKEEPING
from blogmetad.site.jekyll import read_site

PAUSE = 0.5
"""Seconds between two looks at the ledger."""

_STYLES = {"done": "green", "parked": "red", "refused": "yellow", "held": "yellow", "undone": "yellow"}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="tail")(tail)


def tail(
    config: ConfigOption = None,
    json: JsonOption = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many steps to begin with.")] = 20,
) -> None:
    """Show the last steps of all drafts, a line each, and with -f every further one as it is taken.

    Example:  blogmetad journal tail -f
    """
    settings = load(config)
    zone, machine = read_site(settings.site.root).timezone, as_json(json)
    with open_ledger(settings) as ledger:
        seen = 0
        for event in ledger.events(latest=limit or 1):
            seen = event.serial
            if limit:
                _print(event, ledger, zone, machine)
        while follow:
            time.sleep(PAUSE)
            for event in ledger.events(seen):
                seen = event.serial
                _print(event, ledger, zone, machine)


def _print(event: Event, ledger: Ledger, zone: dt.tzinfo, machine: bool) -> None:
    job, step = ledger.get(event.job), event.step
    if step.name in BOOKKEEPING:
        return
    draft = job.name if job is not None else ""
    at = step.at.astimezone(zone)
    if machine:
        line = {"at": at.isoformat(), "id": event.job, "draft": draft, "step": step.name}
        print_json({**line, **step.data, **line})
        return
    name = f"[{_STYLES.get(step.name, 'bold')}]{escape(step.name):<10}[/]"
    what = escape(visible(" ".join(brief.words(step.name, step.data).split())))
    console.print(f"[dim]{at:%m-%d %H:%M:%S}[/]  {name} {escape(visible(draft))}  [dim]{what}[/]")
