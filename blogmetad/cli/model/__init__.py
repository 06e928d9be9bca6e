"""``blogmetad model``: choose, get, check, list, find and remove language models."""

from __future__ import annotations

import typer

from blogmetad.cli.model import check, pull, recommend, shelf, use

app = typer.Typer(help="Choose, get, check, list, find and remove language models.", no_args_is_help=True)
recommend.add_to(app)
pull.add_to(app)
use.add_to(app)
check.add_to(app)
shelf.add_to(app)
