"""``blogmetad model``: choose, get, check, list, find and remove language models."""

from __future__ import annotations

import typer

from blogmetad.cli.model import check, pull, recommend, shelf, use

HELP = """Choose, get, check, list, find and remove language models.

Example:  blogmetad model recommend
"""

app = typer.Typer(help=HELP, no_args_is_help=True)
recommend.add_to(app)
pull.add_to(app)
use.add_to(app)
check.add_to(app)
shelf.add_to(app)
