"""``blogmetad backfill``: fields that published posts lack."""

from __future__ import annotations

import typer

from blogmetad.cli.backfill import command


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    command.add_to(app)
