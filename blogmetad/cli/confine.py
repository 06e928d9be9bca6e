"""``blogmetad service folders``: what the hardened system service may see of this site."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

import blogmetad
from blogmetad import config as configuration
from blogmetad import files
from blogmetad.cli.options import ConfigOption, load
from blogmetad.cli.service import environment, ourselves
from blogmetad.config import Config
from blogmetad.model import catalog
from blogmetad.service import manager
from blogmetad.service.confinement import Needs, drop_in
from blogmetad.service.manager import ServiceError

Gpu = Annotated[bool, typer.Option("--gpu", help="Let it use the GPU as well.")]


def add_to(service: typer.Typer) -> None:
    """Register the command."""
    service.command()(folders)


def folders(config: ConfigOption = None, gpu: Gpu = False) -> None:
    """Print what the hardened system service blogmetad@.service may see of this site, for a drop-in of it.

    Example:  blogmetad service folders | sudo tee /etc/systemd/system/blogmetad@anna.service.d/folders.conf
    """
    settings = load(config)
    file = (config or configuration.default_file()).expanduser().absolute()
    for folder in (settings.site.journal, settings.site.state):
        files.make_dir(folder)  # systemd binds only what is there
    needs = Needs(
        command=(*ourselves(), "run", "--config", str(file)),
        environment=environment(),
        writable=tuple(_writable(settings)),
        readable=(*_readable(settings), file),
        network=settings.model.engine == "openai" or settings.git.push,
        gpu=gpu,
    )
    try:
        text = drop_in(needs)
        text.encode("utf-8")
    except ValueError as error:
        raise ServiceError(str(error), f"rename the folder, or {manager.instead()}") from None
    typer.echo(text, nl=False)


def _writable(settings: Config) -> Iterator[Path]:
    site = settings.site
    yield from (site.drafts, site.posts, site.journal, site.state)
    if settings.publish.mode == "review":
        yield site.review
    if settings.git.commit:
        yield site.root / ".git"


def _readable(settings: Config) -> Iterator[Path]:
    """The site and the rules; the model; Python, and this program where it lies."""
    yield from (settings.site.root, settings.site.rules.parent)
    if settings.model.engine == "llama.cpp":
        yield catalog.models_folder()
        yield catalog.resolve(settings.model.name, settings.site.root).parent
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(blogmetad.__file__).resolve().parent.parent)
