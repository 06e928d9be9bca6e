"""``approve``, ``revise`` and ``review``: what becomes of posts that wait for their author, said on the command line
or on a page.

All write into the post's front matter what its author could have written there, and then see to it that it is obeyed:
by the daemon, if one runs, else here. So there is one way in which a post is published, and one in which it is revised.
"""

from __future__ import annotations

import typer

from blogmetad.cli.review.approve import approve
from blogmetad.cli.review.page.command import review
from blogmetad.cli.review.revise import revise


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="approve")(approve)
    app.command(name="revise")(revise)
    app.command(name="review")(review)
