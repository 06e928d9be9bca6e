"""``undo``: a draft is given back, and its post withdrawn."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from blogmetad import files
from blogmetad.announcer import Announcer
from blogmetad.cli import complete
from blogmetad.cli.exits import Exit
from blogmetad.cli.journal.drafts import find_named, open_ledger
from blogmetad.cli.options import ConfigOption, console, load, visible
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal import record
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.lock import alone
from blogmetad.offered import offered_post
from blogmetad.publish import undo as undoing
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.site.jekyll import read_site


class Interrupted(BlogmetadError):
    """The disk did not let a draft be taken back to the end."""

    hint = "put that right, and undo again: it goes on from there, as does the next start of blogmetad"

    def __init__(self, name: str, error: OSError) -> None:
        where = f" ({error.filename})" if error.filename else ""
        super().__init__(f"taking {name} back was interrupted: {error.strerror or error}{where}")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="undo")(undo)


def undo(
    draft: Annotated[
        str,
        typer.Argument(
            help="The draft's id, or its end, from 'blogmetad journal'; or its name, or its post's.",
            autocompletion=complete.undoable,
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Give a draft back byte for byte and withdraw its post, if that is unchanged since; else exit with 1.

    What 'backfill' proposed for a published post is taken back too: the post has its former bytes again.

    Example:  blogmetad undo 3f9a2c
    """
    settings = load(config)
    result = take_back(settings, draft)
    if isinstance(result, undoing.Refused):
        console.print(result.reason, style="red", markup=False)
        raise typer.Exit(Exit.NEEDS_YOU)
    _say(result, settings)


def take_back(settings: Config, words: str) -> undoing.Undone | undoing.Reverted | undoing.Refused:
    """Undo the job that ``words`` name, write it into the journal and tell others. Raises BlogmetadError."""
    open_ledger(settings).close()
    site, zone = settings.site, read_site(settings.site.root).timezone
    if settings.publish.mode == "review":  # switched on since, so nobody may have made it yet
        files.make_dir(site.review, 0o777)
    with Ledger(site.state / "ledger.db") as ledger:
        placer = Placer(Folders.of(settings), ledger, lambda: dt.datetime.now(zone))
        announcer = Announcer(settings, ledger, placer.now, lambda: True)
        # Without the site's lock: the ledger has the intent before a file moves, so a running daemon lets the draft be.
        with alone(site.state / "undo.lock", "to take a draft back"):
            job = find_named(ledger, words)
            result = _take_back(placer, announcer, job)
        if isinstance(result, undoing.Refused):
            return result
        record.write_entry_or_leave_it(site.journal, ledger, job.id, zone, placer.now())
        if announcer.due(job.id):
            announcer.keep(job.id)
            record.write_entry_or_leave_it(site.journal, ledger, job.id, zone, placer.now())
    return result


def _take_back(placer: Placer, announcer: Announcer, job: Job) -> undoing.Undone | undoing.Reverted | undoing.Refused:
    """Undo it, and promise to tell others, unless they have never heard of it. Raises Interrupted."""
    told = offered_post(job.name) is None or job.state is State.DONE
    try:
        if told and undoing.refusal(placer, job) is None:
            announcer.promise(job.id, "undone")
        return undoing.undo(placer, job)
    except OSError as error:
        raise Interrupted(job.name, error) from error


def _say(result: undoing.Undone | undoing.Reverted, settings: Config) -> None:
    if isinstance(result, undoing.Reverted):
        post = settings.site.posts / result.post
        gone = f"; {result.withdrawn} is withdrawn" if result.withdrawn else ""
        said = f"{post} has its former text again" if result.exchanged else f"{post} is as it was{gone}"
        console.print(visible(said), markup=False)
        return
    gone = f", {result.withdrawn} is withdrawn" if result.withdrawn else ""
    drafts = settings.site.drafts
    console.print(f"{drafts / result.draft} is back{gone}; it is left alone until you save it again", markup=False)
    if result.aside is not None:
        console.print(f"what had been written into it since it was published is kept as {result.aside}", markup=False)
