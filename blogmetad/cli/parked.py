"""``parked``, what needs you and what to do about it; ``retry``, to have it tried again as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from blogmetad.cli import complete
from blogmetad.cli.exits import Exit
from blogmetad.cli.journal.drafts import NoSuchDraft, facts, find_named, open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.intake.scan import shown_name
from blogmetad.journal import record
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.retry import NO_DRAFTS, Again
from blogmetad.retry import retry as try_again
from blogmetad.site.jekyll import read_site

_AS_IT_IS = ("model.lost", "draft.late", "draft.unexpected")
"""Rules whose problems need not be corrected in the file."""


class NothingNamed(BlogmetadError):
    """``retry`` was not told what to try."""

    hint = "name a draft, or say --all; 'blogmetad parked' lists them"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="parked")(parked)
    app.command(name="retry")(retry)


def parked(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the drafts that need you: what is wrong, and what to do. Exit code 1 if there are any, else 0.

    Example:  blogmetad parked --json
    """
    settings = load(config)
    zone = read_site(settings.site.root).timezone
    with open_ledger(settings) as ledger:
        jobs = list(waiting(ledger, settings.site.drafts))
    if as_json(json):
        for job in jobs:
            print_json({**facts(job, zone), "next": next_step(job)})
    elif not jobs:
        console.print("no draft needs you", markup=False)
    else:
        table = Table("draft", "since", "what is wrong", "what to do", box=None)
        for job in jobs:
            since = job.updated.astimezone(zone).strftime("%m-%d %H:%M")
            reasons = " ".join(problem.message for problem in job.problems)
            table.add_row(escape(job.name), since, escape(reasons), escape(next_step(job)))
        console.print(table)
    raise typer.Exit(Exit.NEEDS_YOU if jobs else Exit.OK)


def retry(
    drafts: Annotated[
        list[str] | None,
        typer.Argument(
            help="Drafts by name, id, or the end of an id.", autocompletion=complete.retriable, show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every draft that needs you.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Try drafts again that need you, or that were taken back, without saving them. Exit code 1 if one cannot be.

    Example:  blogmetad retry 因果.md
    """
    if not (drafts or every):
        raise NothingNamed("retry what?")
    settings = load(config)
    open_ledger(settings).close()
    site, zone = settings.site, read_site(settings.site.root).timezone
    refused = False
    # Without the site's lock: a running daemon finds the new job in the ledger and works on it.
    with Ledger(site.state / "ledger.db") as ledger:
        placer = Placer(Folders.of(settings), ledger, lambda: dt.datetime.now(zone))
        for job in _named(ledger, drafts or [], site.drafts, every=every):
            result = try_again(placer, ledger, job, settings.intake.max_bytes, placer.now())
            if isinstance(result, Again) and result.before.state is State.PARKED:
                record.write_entry_or_leave_it(site.journal, ledger, job.id, zone, placer.now())
            refused |= not isinstance(result, Again)
            _tell(settings, job, result if isinstance(result, Again) else result.reason, json=as_json(json))
    raise typer.Exit(Exit.NEEDS_YOU if refused else Exit.OK)


def waiting(ledger: Ledger, drafts: Path) -> Iterator[Job]:
    """The drafts in the folder that need their author, the newest first."""
    try:
        here = {shown_name(path.name) for path in drafts.iterdir()}
    except OSError:
        here = set()
    for job in ledger.jobs(State.PARKED):
        newest = ledger.latest(job.name)
        if job.name in here and newest is not None and newest.id == job.id:
            yield job


def next_step(job: Job) -> str:
    """What the author can do about a draft, in a line."""
    rules = {problem.rule for problem in job.problems}
    if rules & set(NO_DRAFTS):
        return "put it right in the drafts folder; it is looked at again by itself"
    if rules & set(_AS_IT_IS):
        return f"blogmetad retry {job.id}"
    return "correct it and save it; it is tried again by itself"


def _named(ledger: Ledger, words: list[str], drafts: Path, *, every: bool) -> list[Job]:
    named = [_newest(ledger, find_named(ledger, word)) for word in words]
    jobs = {job.id: job for job in (*named, *(waiting(ledger, drafts) if every else ()))}
    return list(jobs.values())


def _newest(ledger: Ledger, job: Job) -> Job:
    """An older version of a draft is not tried in place of the one that is there now."""
    newest = ledger.latest(job.name)
    if newest is not None and newest.id != job.id:
        raise NoSuchDraft(f"{job.id} is an earlier version of {job.name}; the one there now is {newest.id}")
    return job


def _tell(settings: Config, job: Job, result: Again | str, *, json: bool) -> None:
    again = result if isinstance(result, Again) else None
    if json:
        tried = {"draft": job.name, "before": job.id}
        print_json({**tried, "id": again.job.id} if again else {**tried, "refused": str(result)})
    elif again is None:
        console.print(str(result), style="red", markup=False)
    elif daemon_pid(settings.site.state) is not None:
        console.print(f"{job.name} is tried again now, as {again.job.id}", markup=False)
    else:
        console.print(f"{job.name} is tried again at the next start; for that: blogmetad once", markup=False)
