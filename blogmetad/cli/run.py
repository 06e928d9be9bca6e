"""``run``, the daemon, and ``once``, everything that waits and then an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import typer
from rich.markup import escape

from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress
from blogmetad.daemon import Daemon, assemble
from blogmetad.errors import BlogmetadError
from blogmetad.model.proposal import ModelUnavailable
from blogmetad.outcomes import Abandoned, Duplicate, Held, Outcome, Parked, Published, Retry, Superseded, Waiting
from blogmetad.rounds import Rounds
from blogmetad.runner import Done, Round
from blogmetad.values import Problem

PATIENCE = 60.0
"""Seconds ``once`` waits for files that keep changing before it leaves them to the next run."""


class DiskTrouble(BlogmetadError):
    """A file could not be read or written."""

    hint = "check the disk and the permissions, and run the command again; the draft is where it was"


class FolderTrouble(BlogmetadError):
    """A folder does not let drafts be taken up."""

    hint = "'blogmetad doctor' tries the folders out"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="run")(run)
    app.command(name="once")(once)


def run(config: ConfigOption = None) -> None:
    """Watch the drafts folder and publish what is dropped there, until stopped (SIGTERM or Ctrl-C).

    Example:  blogmetad run --config ~/blog.toml
    """
    daemon = Daemon(load(config))
    daemon.run()
    raise typer.Exit(Exit.INTERRUPTED if daemon.interrupted else Exit.OK)


def once(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Publish every draft that waits, then exit: 0 if all went well, 1 if a draft needs you.

    Example:  blogmetad once
    """
    machine = as_json(json)
    settings = load(config)
    news = threading.Event()
    with assemble(settings, lambda: True, news.set) as parts:
        results = _drain(parts.runner, news, machine)
    failed = [done for done in results if isinstance(done.outcome, Parked | Retry)]
    if not results and not machine:
        console.print(f"nothing to do in {settings.site.drafts}", markup=False)
    raise typer.Exit(Exit.NEEDS_YOU if failed else Exit.OK)


def _drain(runner: Rounds, news: threading.Event, machine: bool) -> list[Done]:
    """Rounds until nothing waits any more; each outcome is printed as it comes. ``news`` says that a draft is done."""
    results: list[Done] = []
    idle_since = time.monotonic()
    with progress.status("looking at the drafts folder") as status:
        while True:
            news.clear()
            finished = runner.round()
            for done in finished.done:
                _report(done, machine)
            results += finished.done
            retries = [done.outcome for done in finished.done if isinstance(done.outcome, Retry)]
            failed = next((retry for retry in retries if retry.wait is None), None)
            if failed is not None:
                raise DiskTrouble(failed.reason) if failed.disk else ModelUnavailable(failed.reason)
            if finished.trouble:
                raise FolderTrouble(finished.trouble)
            busy = bool(finished.flying) or runner.announcing
            if finished.done or busy:
                idle_since = time.monotonic()
            if not busy and (not finished.waiting or time.monotonic() - idle_since > PATIENCE):
                return results
            status.update(_progress(finished, len(results)))
            pause = 0.2 if finished.again is None else max(0.05, min(1.0, finished.again))
            news.wait(None if finished.again is None and finished.flying else pause)


def _progress(finished: Round, done: int) -> str:
    """What is going on, for the status line."""
    if not finished.flying and not finished.waiting:
        return "telling those who want to know"
    if not finished.flying:
        return f"waiting for {finished.waiting} file(s) to settle"
    total = done + len(finished.flying) + finished.waiting
    return f"{done} of {total} done, working on {', '.join(escape(name) for name in finished.flying)}"


def _report(done: Done, machine: bool) -> None:
    kind = type(done.outcome).__name__.lower()
    if machine:
        print_json({"draft": done.name, "id": done.job, "outcome": kind, **_facts(done.outcome)})
        return
    console.print(f"{done.name}: {describe(done.outcome)}", markup=False)


def _facts(outcome: Outcome) -> dict[str, object]:
    match outcome:
        case Published() | Waiting():
            return {"post": outcome.filename}
        case Held():
            return {"until": outcome.until.isoformat()}
        case Parked():
            return {"problems": [problem.message for problem in outcome.problems]}
        case Duplicate():
            return {"of": outcome.of}
        case Retry():
            return {"reason": outcome.reason}
        case Superseded() | Abandoned():
            return {}


def describe(outcome: Outcome) -> str:
    """An outcome in words."""
    match outcome:
        case Published():
            return f"published as {outcome.filename}"
        case Waiting():
            return f"waits for your approval as {outcome.filename}: blogmetad approve {outcome.filename}"
        case Held():
            return f"held until {outcome.until:%Y-%m-%d %H:%M %z}"
        case Parked():
            return "needs you: " + " ".join(problem.message for problem in outcome.problems)
        case Duplicate():
            return f"already published as {outcome.of}; the draft was set aside"
        case Retry():
            return f"tried again later: {outcome.reason}"
        case Superseded():
            return "replaced by a newer version"
        case Abandoned():
            return "left for the next start"
