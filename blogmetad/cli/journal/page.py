"""``journal page``: the journal as one HTML file."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from blogmetad import files
from blogmetad.cli.journal.drafts import open_ledger
from blogmetad.cli.journal.filters import ChangedOption, OutcomeOption, SinceOption, TagOption, selection
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json
from blogmetad.errors import BlogmetadError
from blogmetad.journal import account, review
from blogmetad.journal.page import render, view
from blogmetad.journal.record import story_of
from blogmetad.site.jekyll import read_site

NAME = "journal.html"
"""The page's name in the state folder, where it goes unless another place is named."""


class PageError(BlogmetadError):
    """The page cannot be written there."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="page")(page)


def page(
    config: ConfigOption = None,
    json: JsonOption = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it; - for standard output. Default: the state folder."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is no page of ours.")] = False,
    language: Annotated[
        Literal["auto", "en", "zh"], typer.Option("--language", help="Of the page; auto: that of the browser.")
    ] = "auto",
    since: SinceOption = None,
    outcome: OutcomeOption = None,
    tag: TagOption = None,
    changed: ChangedOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show in full, newest first.")] = 200,
) -> None:
    """Write the journal as one HTML file that needs no network: what was proposed, decided and done, and why.

    It holds names and metadata, not the text of any draft. Run it again to bring it up to date.

    Example:  blogmetad journal page --since 4w --output journal.html
    """
    settings = load(config)
    site = read_site(settings.site.root)
    now = dt.datetime.now(site.timezone)
    wanted = selection(since, outcome, tag, changed, now)
    with open_ledger(settings) as ledger:
        stories = tuple(story_of(job, ledger) for job in review.jobs(ledger, wanted))
    shown = stories[:limit]
    overview = view.overview([account.read(story) for story in stories], now)
    frame = render.Frame(site.title or settings.site.root.name, now, language, _fallback())
    content = render.render(shown, overview, frame)
    if output == Path("-"):
        sys.stdout.buffer.write(content)
        return
    file = settings.site.state / NAME if output is None else output.absolute()
    _write(file, content, force=force)
    if as_json(json):
        print_json({"file": str(file), "drafts": len(shown), "bytes": len(content)})
        return
    console.print(f"wrote {file}: open it in a browser", markup=False)


def _fallback() -> Literal["en", "zh"]:
    """The language of whoever asks for the page."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if spoken.startswith("zh") else "en"


def _write(file: Path, content: bytes, *, force: bool) -> None:
    """Put the page into its place, over an earlier one. Raises PageError rather than replace anything else."""
    try:
        if file.exists() and not file.is_file():
            raise PageError(f"{file} exists and is no file", "name a file")
        if file.exists() and not force and not _ours(file):
            raise PageError(f"{file} exists and is no page of ours", "name another file, or replace it with --force")
        files.write_new(Path(os.path.realpath(file)), content, replace=True)
    except OSError as error:
        raise PageError(f"{file} cannot be written: {error.strerror}", "name a file in another folder") from None


def _ours(file: Path) -> bool:
    with file.open("rb") as opened:
        return render.MARK.encode() in opened.read(1024)
