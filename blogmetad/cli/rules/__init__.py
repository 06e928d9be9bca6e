"""``blogmetad rules``: learn them from posts, hold posts against them, and see what they are worth."""

from __future__ import annotations

import typer

from blogmetad.cli.rules import backtest, check, learn, vocabulary

HELP = """Rules: learn them from your posts, check posts against them, try them out.

Example:  blogmetad rules check
"""

app = typer.Typer(help=HELP, no_args_is_help=True)
learn.add_to(app)
check.add_to(app)
vocabulary.add_to(app)
backtest.add_to(app)
