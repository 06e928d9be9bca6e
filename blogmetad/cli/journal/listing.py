"""``journal list``: what happened to the last drafts."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from blogmetad.cli.journal.drafts import facts, open_ledger
from blogmetad.cli.journal.filters import ChangedOption, OutcomeOption, SinceOption, TagOption, selection
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.journal import review
from blogmetad.site.jekyll import read_site


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="list")(list_drafts)


def list_drafts(
    config: ConfigOption = None,
    json: JsonOption = False,
    since: SinceOption = None,
    outcome: OutcomeOption = None,
    tag: TagOption = None,
    changed: ChangedOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list, newest first.")] = 20,
) -> None:
    """List what happened to the last drafts. 'blogmetad journal' alone does the same.

    Example:  blogmetad journal list --since 2w --outcome published --tag moe
    """
    settings = load(config)
    zone = read_site(settings.site.root).timezone
    wanted = selection(since, outcome, tag, changed, dt.datetime.now(zone))
    with open_ledger(settings) as ledger:
        jobs = tuple(islice(review.jobs(ledger, wanted), limit))
    if as_json(json):
        for job in jobs:
            print_json(facts(job, zone))
        return
    if not jobs:
        asked = since or outcome or tag or changed
        nothing = "no draft is like that" if asked else "nothing yet: drop a Markdown file into the drafts folder"
        console.print(nothing, markup=False)
        return
    table = Table("id", "when", "draft", "outcome", "post", box=None)
    for job in jobs:
        when = job.arrived.astimezone(zone).strftime("%m-%d %H:%M")
        table.add_row(job.id, when, escape(visible(job.name)), job.outcome, escape(visible(job.target or "")))
    console.print(table)
