"""``journal show``: the whole story of one draft."""

from __future__ import annotations

from typing import Annotated

import typer

from blogmetad.cli import complete
from blogmetad.cli.journal.drafts import facts, find_named, open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, load, print_json
from blogmetad.journal import entry
from blogmetad.journal.record import story_of
from blogmetad.site.jekyll import read_site


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="show")(show)


def show(
    draft: Annotated[
        str,
        typer.Argument(
            help="A draft's id, its beginning or end, or the name of draft or post.", autocompletion=complete.drafts
        ),
    ],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the whole story of one draft, as its journal entry does. 'blogmetad journal ID' does the same.

    Example:  blogmetad journal show sqlite-wal.md
    """
    settings = load(config)
    zone = read_site(settings.site.root).timezone
    with open_ledger(settings) as ledger:
        job = find_named(ledger, draft)
        story = story_of(job, ledger)
    if json:
        steps = [{"at": s.at.isoformat(), "step": s.name, **s.data} for s in story.steps]
        print_json({**facts(job, zone), "steps": steps})
        return
    typer.echo(entry.render(story, zone).decode("utf-8"), nl=False)
