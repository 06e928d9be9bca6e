"""``status``: what runs, what is worked on and how far it is, what waits, what needs you."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import typer
from rich.table import Table

from blogmetad import files
from blogmetad.cli.journal.drafts import facts
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, model_name, print_json, visible
from blogmetad.cli.parked import next_step
from blogmetad.cli.running import daemon_pid, model_state, where_it_runs
from blogmetad.config import Config
from blogmetad.intake.directives import is_ready
from blogmetad.intake.scan import FolderGone, Found, being_written, scan
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.offered import offered_post
from blogmetad.progress import WORDS, progress, usual
from blogmetad.service import manager
from blogmetad.service.manager import ServiceError
from blogmetad.site.jekyll import read_site

SHOWN = 5
"""Posts that are shown, the latest."""

COUNTED = 20
"""Posts whose time tells what is usual."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Book:
    """What the ledger says: the newest job of every draft, the newest first; what has become of those not ended and
    those held, as rows; and the seconds a draft usually takes."""

    jobs: tuple[Job, ...] = ()
    working: tuple[Row, ...] = ()
    held: tuple[Row, ...] = ()
    usual: float | None = None


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="status")(status)


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show whether the daemon runs, what it works on and how far that is, what waits and why, what is held or needs
    you and what to do about it, and the last posts.

    Example:  blogmetad status --json
    """
    settings = load(config)
    seen = _look(settings)
    if as_json(json):
        print_json(seen)
    else:
        _show(settings, seen)


def _look(settings: Config) -> Row:
    """Everything ``status`` tells, from the disk, the ledger and systemd alone."""
    site, zone = settings.site, read_site(settings.site.root).timezone
    pid, runs, now = daemon_pid(site.state), where_it_runs(settings), dt.datetime.now(dt.UTC)
    try:
        found = {each.name: each for each in scan(site.drafts, max_bytes=settings.intake.max_bytes).found}
        here = {path.name for path in site.drafts.iterdir()}
    except (FolderGone, OSError):
        found, here = {}, set()
    book = _read(settings, here, zone, now)
    working = list(book.working) if pid is not None else []
    busy = {row["draft"] for row in working}
    ended = {job.name: job.state for job in book.jobs if job.state in (State.PARKED, State.HELD, State.UNDONE)}
    done = [job for job in book.jobs if job.state in (State.DONE, State.PUBLISHED)]
    posts = [facts(job, zone) for job in done if offered_post(job.name) is None]
    return {
        "site": str(site.root),
        "running": pid is not None,
        "pid": pid,
        "service": _service(),
        "model": model_state(settings),
        "runs": runs.words,
        "mode": runs.mode,
        "devices": list(runs.devices),
        "advice": list(runs.advice),
        "usual_seconds": book.usual,
        "working_on": working,
        "waiting": [
            {"draft": name, "why": _why(settings, each, ended.get(name), pid)}
            for name, each in sorted(found.items())
            if name not in busy and ended.get(name) not in (State.PARKED, State.HELD)
        ],
        "review": [
            {**facts(job, zone), "of": offered_post(job.name), "next": f"blogmetad approve {job.id}, or revise it"}
            for job in book.jobs
            if job.state is State.WAITING
        ],
        "held": list(book.held),
        "needs_you": [
            {**facts(job, zone), "next": next_step(job)}
            for job in book.jobs
            if job.state is State.PARKED and job.name in here
        ],
        "last_posts": posts[:SHOWN],
        "published": len(posts),
    }


def _read(settings: Config, here: set[str], zone: dt.tzinfo, now: dt.datetime) -> Book:
    file = settings.site.state / "ledger.db"
    if not file.exists():
        return Book()
    with Ledger.open_readonly(file) as ledger:
        latest: dict[str, Job] = {}
        for job in ledger.jobs():
            latest.setdefault(job.name, job)
        open_jobs = [job for job in latest.values() if job.state in (State.ACCEPTED, State.STAGED) and job.name in here]
        held = [job for job in latest.values() if job.state is State.HELD and job.name in here]
        return Book(
            jobs=tuple(latest.values()),
            working=tuple(_progress(job, ledger, zone, now) for job in open_jobs),
            held=tuple(_held(job, ledger, zone) for job in held),
            usual=usual(
                (*ledger.latest_steps("waiting", State.WAITING), *ledger.latest_steps("done", State.DONE))[-COUNTED:]
            ),
        )


def _progress(job: Job, ledger: Ledger, zone: dt.tzinfo, now: dt.datetime) -> Row:
    far = progress(job, ledger.steps(job.id))
    return {
        **facts(job, zone),
        "stage": far.stage,
        "doing": WORDS[far.stage],
        "since": far.since.astimezone(zone).isoformat(),
        "seconds": round(far.seconds(now), 1),
        "attempt": far.attempt,
        "reason": far.reason,
    }


def _held(job: Job, ledger: Ledger, zone: dt.tzinfo) -> Row:
    """A draft that is held; until when, is told with the offset that its date was read in, be it the rules' own."""
    told = next((step.data for step in reversed(ledger.steps(job.id)) if step.name == "held"), {})
    seen = facts(job, zone)
    return {
        **seen,
        "until": told.get("until") or seen["until"],
        "reason": str(told.get("note") or ""),
        "next": "to have it published now, change that and save it",
    }


def _why(settings: Config, found: Found, ended: State | None, pid: int | None) -> str:
    """Why a file that is there is not being worked on."""
    if ended is State.UNDONE:
        return "it was taken back: save it again, or 'blogmetad retry' it, to have it published"
    try:
        raw, _ = files.read_stable(found.path, settings.intake.max_bytes)
    except OSError as error:
        return f"it cannot be read now: {error.strerror}"
    if not is_ready(raw, settings.intake.ready):
        return "it says 'ready: false'" if settings.intake.ready == "settled" else "it is not marked 'ready: true'"
    if being_written(found.path):
        return "a program has it open for writing"
    if time.time() - found.stat.mtime_ns / 1e9 < settings.intake.settle_seconds:
        return "it was changed just now"
    return "it is the next, or one of them" if pid is not None else "blogmetad is not running"


def _service() -> str | None:
    """What systemd says of the unit; None if there is no unit, or nobody who tells."""
    if not manager.file().exists():
        return None
    try:
        return manager.look().active
    except ServiceError:
        return None


def _show(settings: Config, seen: Mapping[str, object]) -> None:
    site = settings.site
    running = f"running (process {seen['pid']})" if seen["running"] else "not running"
    service = seen["service"]
    table = Table(box=None, show_header=False)
    table.add_row("blogmetad", running + (f"; the service is {service}" if service else ""))
    table.add_row("model", f"{model_name(settings)} ({seen['model']})")
    advised = seen["advice"]
    assert isinstance(advised, list)
    for label, sentence in (("runs", seen["runs"]), *(("", tip) for tip in advised)):
        table.add_row(label, str(sentence))
    for name, folder in (("drafts", site.drafts), ("posts", site.posts), ("journal", site.journal)):
        table.add_row(name, str(folder))
    console.print(table)
    for title in ("working on", "waiting", "review", "held", "needs you", "last posts"):
        rows = seen[title.replace(" ", "_")]
        assert isinstance(rows, list)
        if rows:
            console.print(f"\n{title}", style="bold", markup=False)
        for row in rows:
            for line in _lines(title, row, seen["usual_seconds"]):
                console.print("  " + visible(line), markup=False)
    if not seen["running"] and seen["waiting"]:
        console.print("\nto have them published:  blogmetad once", markup=False)


def _lines(title: str, row: Mapping[str, object], usual_seconds: object) -> Iterator[str]:
    """A draft in a line, and below it what to do, where there is something to do."""
    name = row["draft"]
    if title == "working on":
        yield f"{name}  {_far(row, usual_seconds)}  [{row['id']}]"
    elif title == "waiting":
        yield f"{name}  {row['why']}"
    elif title == "review":
        offered = f" fields for {row['of']}," if row["of"] else ""
        yield f"{row['post']} {offered} since {_minute(row['updated'])}  [{row['id']}]"
        yield f"    {row['next']}"
    elif title == "held":
        yield f"{name}  until {_minute(row['until'])}: {row['reason'] or 'it has a date'}  [{row['id']}]"
        yield f"    {row['next']}"
    elif title == "needs you":
        problems = row["problems"]
        assert isinstance(problems, list)
        yield f"{name}  {' '.join(problems)}  [{row['id']}]"
        yield f"    {row['next']}"
    else:
        yield f"{_minute(row['updated'])}  {name}  {row['post']}  [{row['id']}]"


def _far(row: Mapping[str, object], usual_seconds: object) -> str:
    attempt = row["attempt"]
    again = f", try {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
    takes = (
        f", of usually {usual_seconds:.0f}" if row["stage"] == "proposing" and isinstance(usual_seconds, float) else ""
    )
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['doing']}, for {row['seconds']} s{takes}{again}{reason}"


def _minute(moment: object) -> str:
    """A time as JSON has it, to the minute and with its offset."""
    return f"{dt.datetime.fromisoformat(str(moment)):%Y-%m-%d %H:%M %z}"
