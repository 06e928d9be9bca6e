"""``undo``: a draft is given back, and its post withdrawn."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from blogmetad.cli.exits import Exit
from blogmetad.cli.journal.drafts import find, open_ledger
from blogmetad.cli.options import ConfigOption, console, load
from blogmetad.journal import record
from blogmetad.journal.ledger import Ledger
from blogmetad.publish import undo as undoing
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.site.jekyll import read_site


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="undo")(undo)


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
