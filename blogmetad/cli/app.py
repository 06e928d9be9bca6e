"""The command line: parses, calls, words errors for a person, and turns outcomes into exit codes."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from blogmetad.cli import (
    backfill,
    confine,
    demo,
    doctor,
    init,
    journal,
    model,
    parked,
    preview,
    review,
    rules,
    run,
    service,
    status,
    undo,
)
from blogmetad.cli.exits import MEANING, Exit
from blogmetad.errors import BlogmetadError
from blogmetad.lock import AlreadyRunning
from blogmetad.model.catalog import ModelMissingError, ModelUnusableError
from blogmetad.model.proposal import ModelUnavailable
from blogmetad.model.store.place import PullError
from blogmetad.service.manager import ServiceError

CODES = " - ".join(f"{int(code)} {meaning}" for code, meaning in MEANING.items())

HELP = f"""Drop a Markdown draft into a folder; get a finished post with front matter, and a journal of how it was made.

A local Qwen3 model proposes title, description, tags and categories; your rules document says what is wanted and
what passes. What you wrote yourself is never changed.

Start with:  blogmetad init ~/my-site

Exit codes: {CODES}.
"""

_OF_THE_MACHINE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "correct the permissions"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit on open files"),
    **dict.fromkeys((errno.EIO, errno.EROFS), "check the disk: 'dmesg' may say more"),
}
"""Errors that are no fault of ours, and what to do about each."""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
init.add_to(app)
run.add_to(app)
preview.add_to(app)
review.add_to(app)
backfill.add_to(app)
undo.add_to(app)
parked.add_to(app)
status.add_to(app)
doctor.add_to(app)
demo.add_to(app)
app.add_typer(journal.app, name="journal")
app.add_typer(model.app, name="model")
app.add_typer(rules.app, name="rules")
confine.add_to(service.app)
app.add_typer(service.app, name="service")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"blogmetad {installed_version('blogmetad')}")
        raise typer.Exit


@app.callback()
def _globals(
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file.", show_default=False)] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if config is not None:
        os.environ["BLOGMETAD_CONFIG"] = str(config)


def main() -> None:
    """Run a command; every error a person can act on becomes one clear message and an exit code."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    try:
        app()
    except BlogmetadError as error:
        errors.print(f"blogmetad: {error}", style="red", markup=False)
        if error.hint and error.hint not in str(error):
            errors.print(f"  what to do: {error.hint}", markup=False)
        sys.exit(_code(error))
    except KeyboardInterrupt:
        errors.print("interrupted", markup=False)
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            with suppress(OSError):  # what is left to be said on standard output may fail as well
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            named = f" ({error.filename})" if error.filename else ""
            errors.print(f"blogmetad: {os.strerror(error.errno)}{named}", style="red", markup=False)
            errors.print(f"  what to do: {_OF_THE_MACHINE[error.errno]}, and run the command again", markup=False)
            sys.exit(Exit.NEEDS_YOU)
        traceback.print_exc()
        errors.print("blogmetad: this is a bug in blogmetad; the drafts are untouched", style="red", markup=False)
        sys.exit(Exit.BUG)


def _code(error: BlogmetadError) -> Exit:
    if isinstance(error, AlreadyRunning):
        return Exit.RUNNING
    if isinstance(error, ModelUnavailable | ModelMissingError | ModelUnusableError | PullError):
        return Exit.MODEL
    if isinstance(error, ServiceError | run.DiskTrouble | run.FolderTrouble):
        return Exit.NEEDS_YOU
    return Exit.USAGE
