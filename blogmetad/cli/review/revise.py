"""``revise``: a post is changed as its author asks in their own words, and the difference is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from blogmetad import matter
from blogmetad.cli import complete
from blogmetad.cli.journal.drafts import find_named, open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, visible
from blogmetad.cli.review.marks import ReviewError, mark, see_to, why_not
from blogmetad.cli.review.published import revise_published
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, State
from blogmetad.reviewing import REVISE, REVISED


def revise(
    post: Annotated[
        str,
        typer.Argument(
            help="A post, waiting or published: its file name, or its draft's name or id.",
            autocompletion=complete.revisable,
        ),
    ],
    words: Annotated[str, typer.Argument(help="What to change, in your own words, English or Chinese.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Have title, description or terms of a post changed as you say; all else stays.

    Name the fields. What you put between quotes is taken as it stands; terms are added and removed by name. The file
    keeps its name unless you say "rename it to new-name"; its old address then leads to the new one, where the site has
    the plugin jekyll-redirect-from.

    Example:  blogmetad revise 3f9a2c "make the title shorter, add the tag moe"
    """
    settings = load(config)
    with open_ledger(settings) as ledger:
        job = find_named(ledger, post)
    with progress.status("revising"):
        data = revised(settings, job, words)
    if as_json(json):
        print_json({"id": job.id, "draft": job.name, "post": job.target, **data})
    else:
        _show(data["changes"], data.get("warnings", ()))


def revised(settings: Config, job: Job, words: str, keep_going: Callable[[], bool] = lambda: True) -> Mapping[str, Any]:
    """Have a post changed as its author says, where it lies; the words and what was changed. Raises BlogmetadError."""
    if job.state is State.WAITING:
        return _waiting(settings, job, words, keep_going)
    if job.state is State.DONE and job.target:
        return revise_published(settings, job, words, keep_going)
    raise ReviewError(
        f"{job.name} is {job.outcome}; only posts that wait or are published can be revised",
        "'blogmetad journal --outcome waiting' and '--outcome published' list them",
    )


def _waiting(settings: Config, job: Job, words: str, keep_going: Callable[[], bool]) -> Mapping[str, Any]:
    """Have a waiting post revised; what was changed."""
    marked = mark(settings, job, REVISE, words)
    see_to(settings, [marked], keep_going)
    why = why_not(settings, marked)
    with open_ledger(settings) as ledger:
        steps = [step.data for step in ledger.steps(job.id) if step.name == REVISED]
    if why or not steps or steps[-1]["words"] != words:
        marked.take_back()
        raise ReviewError(why or "the post was changed meanwhile; say it again")
    return steps[-1]


def _show(changes: Sequence[Mapping[str, Any]], warnings: Sequence[str]) -> None:
    for line in _lines(changes):
        console.print(visible(line), style={"-": "red", "+": "green"}.get(line[:1]), markup=False)
    for warning in warnings:
        console.print(visible(warning), style="yellow", markup=False)


def _lines(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for change in changes:
        for sign, value in (("-", change["before"]), ("+", change["after"])):
            if value is not None:
                yield f"{sign} {matter.render(change['field'], value).rstrip()}"
