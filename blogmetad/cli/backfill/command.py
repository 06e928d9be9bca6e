"""``backfill``: fields that published posts lack are proposed, for their author to approve."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from blogmetad import backfill as filling
from blogmetad.cli import complete
from blogmetad.cli.backfill.asking import answers
from blogmetad.cli.backfill.choice import Known, Lacking, Passed, choose, known
from blogmetad.cli.backfill.making import Maker, maker
from blogmetad.cli.backfill.telling import Told
from blogmetad.cli.desk import desk
from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, load, progress, visible
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Ledger
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.site.jekyll import read_site

_NOTHING = Known({}, {})


class NoSuchField(BlogmetadError):
    """A field was named that the rules do not know, or leave to the author."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="backfill")(backfill)


def backfill(
    posts: Annotated[
        list[str] | None,
        typer.Argument(
            help="Published posts, by file name or path. Default: all of them.",
            autocompletion=complete.posts,
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field", help="Only this field; may be repeated.", autocompletion=complete.fillable, show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="So many posts at most, the newest.", show_default=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what waits or was declined before.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list which posts lack what; no model is asked.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Have fields proposed that published posts lack and the rules require or recommend.

    What is found waits in the review folder, a file for each post, in which nothing else is changed. No post is touched
    before you approve it. It can be stopped (Ctrl-C) and goes on where it stopped. Take a file out of the folder to
    decline it; 'undo' gives an approved post its former bytes back.

    Exits with 1 if a post could not be read or filled in.

    Example:  blogmetad backfill --field description --limit 10
    """
    settings = load(config)
    rules = document.load(settings.site.rules)
    only = _fields(rules, field or ())
    told = Told(settings, machine=as_json(json), each=bool(posts))
    with ExitStack() as stack:
        made_by = None if dry_run else stack.enter_context(maker(settings))
        earlier = _known(settings) if made_by is None else known(made_by.ledger)
        lacking: list[Lacking] = []
        for found in choose(settings, rules, posts or (), only, earlier, again=again):
            if isinstance(found, Passed):
                told.passed(found)
            elif limit is None or len(lacking) < limit:
                lacking.append(found)
        stopped = False
        if made_by is None:
            for each in lacking:
                told.lacks(each)
        elif lacking:
            stopped = _work(settings, rules, lacking, made_by, told)
    told.sum_up(len(lacking), dry_run=dry_run, stopped=stopped)
    raise typer.Exit(Exit.INTERRUPTED if stopped else Exit.NEEDS_YOU if told.needs_you else Exit.OK)


def _fields(rules: Rules, named: Sequence[str]) -> tuple[str, ...]:
    can = filling.fillable(rules)
    for name in named:
        if name not in can:
            error = NoSuchField(f"'{name}' is no field that the rules ({rules.title}) can have filled in")
            error.hint = f"one of: {', '.join(can)}"
            raise error
    return tuple(named)


def _known(settings: Config) -> Known:
    """What the ledger knows, if there is one yet."""
    file = settings.site.state / "ledger.db"
    if not file.exists():
        return _NOTHING
    with Ledger.open_readonly(file) as ledger:
        return known(ledger)


def _work(settings: Config, rules: Rules, lacking: Sequence[Lacking], made_by: Maker, told: Told) -> bool:
    """Ask for all of it and have what comes wait; whether it was stopped before the end."""
    stop, zone = threading.Event(), read_site(settings.site.root).timezone
    at_once = settings.model.drafts_at_once
    with (
        _interruptible(stop),
        _bar(len(lacking)) as step,
        desk(settings, rules, keep_going=lambda: not stop.is_set()) as tools,
        closing(answers(lacking, tools, at_once, lambda: dt.datetime.now(zone), stop)) as found,
    ):
        done = 0
        for answer in found:
            told.made(made_by.make(answer))
            done += 1
            step(answer.of.path)
    return done < len(lacking)


@contextmanager
def _interruptible(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C, or SIGTERM, ends the work in good order; said again, at once."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: object) -> None:  # noqa: ARG001
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[str], object]]:
    """A bar on standard error, if that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=progress,
        transient=True,
        disable=not progress.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task("filling in", total=total)
        yield lambda path: bar.update(task, advance=1, description=visible(path)[:40])
