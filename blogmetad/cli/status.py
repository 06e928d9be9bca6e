"""``status``: what runs, what waits, what needs you."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from blogmetad.cli.journal.drafts import facts
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, model_name, print_json
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.intake.scan import FolderGone, scan
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model import catalog
from blogmetad.model.local import devices, modes
from blogmetad.model.local.placement import advice, placement
from blogmetad.model.store.machine import look
from blogmetad.site.jekyll import read_site

SHOWN = 5


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="status")(status)


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show whether the daemon runs, what waits in the drafts folder, what is held or needs you, and the last posts.

    Example:  blogmetad status --json
    """
    settings = load(config)
    seen = _look(settings)
    if as_json(json):
        print_json(seen)
        return
    site = settings.site
    running = f"running (process {seen['pid']})" if seen["running"] else "not running"
    table = Table(box=None, show_header=False)
    table.add_row("daemon", running)
    table.add_row("model", f"{model_name(settings)} ({seen['model']})")
    advised = seen["advice"]
    assert isinstance(advised, list)
    for label, sentence in (("runs", seen["runs"]), *(("", tip) for tip in advised)):
        table.add_row(label, str(sentence))
    for name, folder in (("drafts", site.drafts), ("posts", site.posts), ("journal", site.journal)):
        table.add_row(name, str(folder))
    console.print(table)
    for title in ("working on", "waiting", "held", "needs you", "last posts"):
        rows = seen[title.replace(" ", "_")]
        assert isinstance(rows, list)
        if rows:
            console.print(f"\n{title}", style="bold", markup=False)
        for row in rows:
            console.print("  " + _line(row), markup=False)


def _line(row: dict[str, object] | str) -> str:
    if isinstance(row, str):
        return row
    problems = row["problems"]
    assert isinstance(problems, list)
    what = " ".join(problems) or row["post"] or (f"until {row['until']}" if row["until"] else "")
    return f"{row['draft']}  {what}  [{row['id']}]"


def _look(settings: Config) -> dict[str, object]:
    """Everything ``status`` tells, from the disk and the ledger alone."""
    site = settings.site
    jobs = _latest_jobs(site.state / "ledger.db")
    try:
        present = {found.name for found in scan(site.drafts, max_bytes=settings.intake.max_bytes).found}
        here = {path.name for path in site.drafts.iterdir()}
    except (FolderGone, OSError):
        present, here = set(), set()
    pid, runs = daemon_pid(site.state), where_it_runs(settings)

    def rows(*states: State) -> list[dict[str, object]]:
        return [facts(job, zone) for job in jobs if job.state in states and job.name in here]

    zone = read_site(site.root).timezone
    settled = {State.PARKED, State.HELD, State.UNDONE} | ({State.ACCEPTED, State.STAGED} if pid is not None else set())
    known = {job.name for job in jobs if job.state in settled}
    posts = [facts(job, zone) for job in jobs if job.state in (State.DONE, State.PUBLISHED)]
    return {
        "site": str(site.root),
        "running": pid is not None,
        "pid": pid,
        "model": model_state(settings),
        "runs": runs.words,
        "mode": runs.mode,
        "devices": list(runs.devices),
        "advice": list(runs.advice),
        "waiting": sorted(present - known),
        "working_on": rows(State.ACCEPTED, State.STAGED) if pid is not None else [],
        "held": rows(State.HELD),
        "needs_you": rows(State.PARKED),
        "last_posts": posts[:SHOWN],
        "published": len(posts),
    }


def _latest_jobs(file: Path) -> list[Job]:
    """The newest job of every draft, newest first."""
    if not file.exists():
        return []
    latest: dict[str, Job] = {}
    with Ledger.open_readonly(file) as ledger:
        for job in ledger.jobs():
            latest.setdefault(job.name, job)
    return list(latest.values())


def model_state(settings: Config) -> str:
    """Where the configured model is, or why it is not there, in words."""
    if settings.model.engine == "openai":
        return f"on {settings.server.url}"
    try:
        return str(catalog.resolve(settings.model.name, settings.site.root))
    except BlogmetadError as error:
        return f"{error} {error.hint}".strip()


@dataclass(frozen=True, slots=True)
class Runs:
    """Where the model computes when it is loaded next: in words, as the mode and the devices, and what would make it
    faster."""

    words: str
    mode: str | None = None
    devices: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def where_it_runs(settings: Config) -> Runs:
    """Where the model computes, as far as can be told without loading it."""
    if settings.model.engine == "openai":
        return Runs("on the server")
    build = devices.installed()
    # What was found out about the modes is kept by the file's name, so it need not be there.
    model = Path(settings.model.name)
    with suppress(BlogmetadError):
        model = catalog.resolve(settings.model.name, settings.site.root)
    known = modes.Memory(settings.site.state / "engine.json", model, build.version)
    struck = [crash.mode for crash in known.struck()]
    place = placement(build, settings.model.gpu_layers, struck, known.seconds())
    tips = advice(look(catalog.models_folder(), build)) if settings.model.gpu_layers else ()
    return Runs(place.words, place.mode, place.devices, tips)


def daemon_pid(state: Path) -> int | None:
    """The process that holds the site's lock, None if none does."""
    try:
        fd = os.open(state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 32).decode("ascii", "ignore").strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(fd)
