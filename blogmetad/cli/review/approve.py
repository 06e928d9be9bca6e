"""``approve``: posts that wait are published as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from blogmetad.cli import complete
from blogmetad.cli.exits import Exit
from blogmetad.cli.journal.drafts import find_named, open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, visible
from blogmetad.cli.review.marks import WAITING, Marked, ReviewError, mark, see_to, why_not
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.reviewing import APPROVE


def approve(
    posts: Annotated[
        list[str] | None,
        typer.Argument(
            help="Posts that wait: by file name, or by their drafts' names or ids.",
            autocompletion=complete.waiting,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every post that waits.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Publish posts that wait in the review folder, as they are there now. Exit code 1 if one cannot be.

    Example:  blogmetad approve 2026-02-01-backups.md
    """
    settings = load(config)
    with open_ledger(settings) as ledger:
        jobs = list(ledger.jobs(State.WAITING)) if every else [_waiting(ledger, name) for name in posts or ()]
    if not jobs:
        raise ReviewError("nothing waits for you") if every else ReviewError("approve what?", WAITING)
    marked, refused = _mark(settings, jobs)
    with progress.status("publishing"):
        see_to(settings, marked)
    with open_ledger(settings) as ledger:
        told = [*((each.job, failure(settings, ledger, each)) for each in marked), *refused]
        for job, why in told:
            _tell(settings, ledger.get(job.id) or job, why, as_json(json))
    raise typer.Exit(Exit.NEEDS_YOU if any(why for _, why in told) else Exit.OK)


def _mark(settings: Config, jobs: Sequence[Job]) -> tuple[list[Marked], list[tuple[Job, str]]]:
    """Mark the posts, and say why some cannot be: one of many does not keep the others. Raises ReviewError for one."""
    marked, refused = list[Marked](), list[tuple[Job, str]]()
    for job in jobs:
        try:
            marked.append(mark(settings, job, APPROVE, True))
        except ReviewError as error:
            if len(jobs) == 1:
                raise
            refused.append((job, str(error)))
    return marked, refused


def _waiting(ledger: Ledger, name: str) -> Job:
    job = find_named(ledger, name)
    if job.state is not State.WAITING:
        raise ReviewError(f"{job.name} does not wait for you: it is {job.outcome}", WAITING)
    return job


def failure(settings: Config, ledger: Ledger, marked: Marked) -> str:
    """Why a marked post was not published; empty if it was. A mark that was not obeyed is taken out again."""
    why = why_not(settings, marked)
    if why:
        marked.take_back()
    job = ledger.get(marked.job.id)
    if job is not None and job.state is State.DONE:
        return ""
    return why or f"{marked.path.name} was changed meanwhile; approve it again"


def _tell(settings: Config, job: Job, why: str, machine: bool) -> None:
    """Tell what became of a post; ``why`` it could not be published, if so."""
    if machine:
        row = {"id": job.id, "draft": job.name, "outcome": job.outcome, "post": job.target}
        print_json({**row, "problems": [why] if why else []})
    elif why:
        console.print(visible(why), style="red", markup=False)
    else:
        console.print(visible(f"published as {settings.site.posts / str(job.target)}"), markup=False)
