"""``journal search``: the drafts in whose names and metadata words stand."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from blogmetad.cli.journal.drafts import facts, open_ledger
from blogmetad.cli.journal.filters import ChangedOption, OutcomeOption, SinceOption, TagOption, selection
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.journal import review
from blogmetad.journal.selection import Hit
from blogmetad.journal.selection import search as find_words
from blogmetad.site.jekyll import read_site


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="search")(search)


def search(
    words: Annotated[list[str], typer.Argument(help="Words that all have to be found; Chinese or Latin.")],
    config: ConfigOption = None,
    json: JsonOption = False,
    since: SinceOption = None,
    outcome: OutcomeOption = None,
    tag: TagOption = None,
    changed: ChangedOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list, newest first.")] = 20,
) -> None:
    """Find drafts by words in their names, in what was proposed and decided, and in what was wrong with them.

    The texts of drafts are not searched: the journal does not have them.

    Example:  blogmetad journal search sqlite 日志
    """
    settings = load(config)
    zone = read_site(settings.site.root).timezone
    wanted = selection(since, outcome, tag, changed, dt.datetime.now(zone))
    with open_ledger(settings) as ledger:
        jobs = {job.id: job for job in review.jobs(ledger, wanted)}
        accounts = [review.account_of(job, ledger) for job in jobs.values()]
    found = islice(find_words(accounts, " ".join(words)), limit)
    if as_json(json):
        for account, hits in found:
            print_json({**facts(jobs[account.id], zone), "hits": [{"in": hit.where, "text": hit.text} for hit in hits]})
        return
    nothing = True
    for account, hits in found:
        nothing = False
        when = account.arrived.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        became = jobs[account.id].outcome
        console.print(f"[bold]{escape(visible(account.draft))}[/]  {when}  {became}  [dim]{account.id}[/]")
        for hit in hits:
            _print(hit)
    if nothing:
        console.print("nothing found", markup=False)


def _print(hit: Hit) -> None:
    console.print(f"  [dim]{escape(visible(hit.where))}:[/] {escape(visible(hit.text))}")
