"""``journal``, what happened and why, and ``undo``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal import entry, record
from blogmetad.journal.ledger import Job, Ledger
from blogmetad.journal.record import story_of
from blogmetad.publish import undo as undoing
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.site.jekyll import read_site


class NoSuchDraft(BlogmetadError):
    """No draft, or more than one, goes by the id given."""

    hint = "'blogmetad journal' lists them"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="journal")(journal)
    app.command(name="undo")(undo)


def journal(
    id: Annotated[str | None, typer.Argument(help="A draft's id, or its end.", show_default=False)] = None,  # noqa: A002
    config: ConfigOption = None,
    json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list, newest first.")] = 20,
) -> None:
    """List what happened to the last drafts, or tell the whole story of one.

    Example:  blogmetad journal 20261124-3f9a2c
    """
    settings = load(config)
    with open_ledger(settings) as ledger:
        if id is not None:
            _tell(find(ledger, id), ledger, settings, json)
            return
        jobs = ledger.jobs(limit=limit)
    zone = read_site(settings.site.root).timezone
    if as_json(json):
        for job in jobs:
            print_json(facts(job, zone))
        return
    if not jobs:
        console.print("nothing yet: drop a Markdown file into the drafts folder", markup=False)
        return
    table = Table("id", "when", "draft", "outcome", "post", box=None)
    for job in jobs:
        when = job.arrived.astimezone(zone).strftime("%m-%d %H:%M")
        table.add_row(job.id, when, escape(job.name), job.state.value, escape(job.target or ""))
    console.print(table)


def undo(
    id: Annotated[str, typer.Argument(help="The draft's id, or its end, from 'blogmetad journal'.")],  # noqa: A002
    config: ConfigOption = None,
) -> None:
    """Give a draft back byte for byte and withdraw its post, if that is unchanged since.

    Example:  blogmetad undo 3f9a2c
    """
    settings = load(config)
    open_ledger(settings).close()
    site, zone = settings.site, read_site(settings.site.root).timezone
    # Without the site's lock: the ledger has the intent before a file moves, so a running daemon lets the draft be.
    with Ledger(site.state / "ledger.db") as ledger:
        job = find(ledger, id)
        placer = Placer(Folders(site.drafts, site.posts, site.state), ledger, lambda: dt.datetime.now(zone))
        result = undoing.undo(placer, job)
        if isinstance(result, undoing.Refused):
            console.print(result.reason, style="red", markup=False)
            raise typer.Exit(Exit.NEEDS_YOU)
        record.write_entry(site.journal, ledger, job.id, zone, dt.datetime.now(zone))
    gone = f", {result.withdrawn} is withdrawn" if result.withdrawn else ""
    console.print(f"{site.drafts / result.draft} is back{gone}; it is left alone until you save it again", markup=False)


def open_ledger(settings: Config) -> Ledger:
    """The ledger for reading, also beside a running daemon. Raises BlogmetadError if nothing was recorded yet."""
    file = settings.site.state / "ledger.db"
    if not file.exists():
        error = BlogmetadError(f"nothing was recorded yet for {settings.site.root}")
        error.hint = "start with: blogmetad once"
        raise error
    return Ledger.open_readonly(file)


def find(ledger: Ledger, id: str) -> Job:  # noqa: A002
    """The one job that ``id`` names in full, at its start or at its end. Raises NoSuchDraft."""
    exact = ledger.get(id)
    if exact is not None:
        return exact
    found = ledger.find(id)
    if not found:
        raise NoSuchDraft(f"no draft goes by the id {id}")
    if len(found) > 1:
        raise NoSuchDraft(f"{id} could be any of {', '.join(job.id for job in found[:5])}")
    return found[0]


def facts(job: Job, zone: dt.tzinfo) -> dict[str, object]:
    """A job as JSON lists it, times in ``zone``."""
    return {
        "id": job.id,
        "draft": job.name,
        "outcome": job.state.value,
        "post": job.target,
        "arrived": job.arrived.astimezone(zone).isoformat(),
        "updated": job.updated.astimezone(zone).isoformat(),
        "until": job.until.astimezone(zone).isoformat() if job.until else None,
        "problems": [problem.message for problem in job.problems],
        "entry": job.entry,
        "sha256": job.sha256,
        "attempts": job.attempts,
    }


def _tell(job: Job, ledger: Ledger, settings: Config, json: bool) -> None:
    story = story_of(job, ledger)
    zone = read_site(settings.site.root).timezone
    if json:
        steps = [{"at": s.at.isoformat(), "step": s.name, **s.data} for s in story.steps]
        print_json({**facts(job, zone), "steps": steps})
        return
    typer.echo(entry.render(story, zone).decode("utf-8"), nl=False)
