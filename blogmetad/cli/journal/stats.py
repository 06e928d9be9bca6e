"""``journal stats``: many drafts in numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict

import typer
from rich.markup import escape
from rich.table import Table

from blogmetad.cli.journal.drafts import open_ledger
from blogmetad.cli.journal.filters import ChangedOption, OutcomeOption, SinceOption, TagOption, selection
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.journal import review
from blogmetad.journal.statistics import Statistics, count
from blogmetad.site.jekyll import read_site

SHOWN = 12
"""Weeks and terms shown on a terminal; JSON has all of them."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="stats")(stats)


def stats(
    config: ConfigOption = None,
    json: JsonOption = False,
    since: SinceOption = None,
    outcome: OutcomeOption = None,
    tag: TagOption = None,
    changed: ChangedOption = None,
) -> None:
    """Count drafts: outcomes, weeks, seconds a draft, what the check changed, terms, models.

    Example:  blogmetad journal stats --since 4w
    """
    settings = load(config)
    zone = read_site(settings.site.root).timezone
    wanted = selection(since, outcome, tag, changed, dt.datetime.now(zone))
    with open_ledger(settings) as ledger:
        counted = count(tuple(review.accounts(ledger, wanted)), zone)
    if as_json(json):
        print_json(asdict(counted))
        return
    if not counted.drafts:
        console.print("no draft is like that", markup=False)
        return
    _show(counted)


def _show(counted: Statistics) -> None:
    console.print(f"{counted.drafts} draft{'s'[: counted.drafts != 1]}", style="bold", markup=False)
    if counted.seconds:
        took = counted.seconds
        console.print(f"seconds a draft: {took.median:.1f} (the median of {took.drafts}), {took.slowest:.1f} at most")
    _table("outcome", counted.outcomes.items())
    _table("week", [(week.name, f"{week.drafts}, {week.posts} published") for week in counted.weeks[:SHOWN]])
    changes = [(name, f"{number} of {counted.proposed.get(name, number)}") for name, number in counted.changed.items()]
    _table("changed by the check", changes)
    for field, terms in counted.terms.items():
        _table(field, _first(terms))
    _table("model", counted.models.items())


def _first(terms: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent terms, then how many more there are."""
    shown = list(terms.items())[:SHOWN]
    return [*shown, (f"and {len(terms) - SHOWN} more", 0)] if len(terms) > SHOWN else shown


def _table(title: str, rows: Iterable[tuple[str, object]]) -> None:
    table = Table(title, "", box=None)
    for name, number in rows:
        table.add_row(escape(visible(name)), str(number or ""))
    if table.row_count:
        console.print()
        console.print(table)
