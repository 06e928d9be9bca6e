"""``blogmetad journal``: what happened to drafts, and why."""

from __future__ import annotations

import typer

from blogmetad.cli.journal import listing, page, search, show, stats, tail
from blogmetad.cli.journal.group import Journal

HELP = """What happened to your drafts, and why.

Alone it lists the last drafts; with the id or name of a draft it tells that draft's whole story.

Example:  blogmetad journal 3f9a2c
"""

app = typer.Typer(cls=Journal, help=HELP)
listing.add_to(app)
show.add_to(app)
search.add_to(app)
stats.add_to(app)
tail.add_to(app)
page.add_to(app)
