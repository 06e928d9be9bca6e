"""``preview``: what a draft would become, and nothing written."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import matter, pipeline
from blogmetad.cli import complete
from blogmetad.cli.desk import desk
from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, with_model
from blogmetad.cli.share import ready_made_rules
from blogmetad.model.proposal import WorkerLost
from blogmetad.outcomes import Duplicate, Held, Parked
from blogmetad.publish.compose import ComposeError
from blogmetad.rules import document
from blogmetad.site.jekyll import read_site
from blogmetad.values import Draft, Problem


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="preview")(preview)


def preview(
    files: Annotated[list[Path], typer.Argument(help="Markdown files, anywhere.", metavar="FILE...")],
    config: ConfigOption = None,
    json: JsonOption = False,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="Other rules to try: a name or a file.",
            show_default=False,
            autocompletion=complete.ready_made,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Another model to try: a name or a GGUF file.",
            show_default=False,
            autocompletion=complete.models,
        ),
    ] = None,
) -> None:
    """Propose metadata for files and show it. Writes nothing; a future date or a published twin does not matter here.

    Exits with 1 if one of the files cannot become a post as it is, else with 0.

    Example:  blogmetad preview draft.md --json
    """
    settings = load(config)
    if model is not None:
        settings = with_model(settings, model)
    law = document.load(ready_made_rules().get(rules, Path(rules)) if rules else settings.site.rules)
    zone = read_site(settings.site.root).timezone
    machine, failed = as_json(json), False
    with progress.status("getting the model ready") as status, desk(settings, law) as tools:
        for file in files:
            status.update(f"reading {file.name}")
            shown = _propose(file, tools, dt.datetime.now(zone))
            failed = failed or bool(shown["problems"])
            print_json(shown) if machine else _show(shown)
    raise typer.Exit(Exit.NEEDS_YOU if failed else Exit.OK)


def _propose(file: Path, tools: pipeline.Desk, now: dt.datetime) -> dict[str, object]:
    """One file as the JSON form shows it."""
    began = time.perf_counter()
    finished = _finish(file, tools, now)
    seconds = round(time.perf_counter() - began, 3)
    if not isinstance(finished, pipeline.Finished):
        problems = [problem.message for problem in finished.problems]
        return {"file": str(file), "title": None, "description": None, "tags": [], "categories": [], "slug": None,
                "filename": None, "front_matter": None, "seconds": seconds, "problems": problems}  # fmt: skip
    fields = finished.metadata.fields
    head = matter.split(finished.post.content).head or b""
    return {
        "file": str(file),
        "title": fields.get("title"),
        "description": fields.get("description"),
        "tags": fields.get("tags", []),
        "categories": fields.get("categories", []),
        "slug": finished.metadata.slug,
        "filename": finished.post.filename,
        "front_matter": head.decode("utf-8"),
        "seconds": seconds,
        "problems": [],
    }


def _finish(file: Path, tools: pipeline.Desk, now: dt.datetime) -> pipeline.Finished | Parked:
    try:
        raw = file.read_bytes()
    except OSError as error:
        return Parked((Problem("draft.unreadable", f"{file} cannot be read: {error.strerror}."),))
    accepted = pipeline.accept(file.name, raw, tools, arrived=now, now=now)
    if not isinstance(accepted, Draft):
        assert not isinstance(accepted, Held | Duplicate)
        return accepted
    try:
        return pipeline.finish(accepted, tools, arrived=now)
    except (ComposeError, WorkerLost) as error:
        return Parked((Problem("preview", f"{file.name}: {error}"),))


def _show(shown: dict[str, object]) -> None:
    console.print(f"{shown['file']}", style="bold", markup=False)
    problems = shown["problems"]
    assert isinstance(problems, list)
    for problem in problems:
        console.print(f"  {problem}", style="red", markup=False)
    if shown["filename"]:
        console.print(f"-> {shown['filename']}  ({shown['seconds']} s)", style="green", markup=False)
        console.print(f"---\n{shown['front_matter']}---\n", markup=False)
