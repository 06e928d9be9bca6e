"""``doctor``: looks at everything blogmetad depends on, and says how to mend what is wrong."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress
from blogmetad.cli.status import daemon_pid, where_it_runs
from blogmetad.config import Config
from blogmetad.daemon import open_proposer
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Ledger
from blogmetad.model.remote import setup
from blogmetad.model.remote.proposer import Remote
from blogmetad.publish.folders import Folders, probe
from blogmetad.rules import document
from blogmetad.site.index import Index
from blogmetad.site.jekyll import read_site
from blogmetad.values import Ask, Request

WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``ok``, what was seen, and what to do if it is not ok."""

    check: str
    ok: bool
    seen: str
    fix: str = ""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="doctor")(doctor)


def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check configuration, folders, rules, site, ledger and model (really loaded, in a child process).

    Example:  blogmetad doctor
    """
    settings = load(config)
    findings: list[Finding] = []
    with progress.status("looking") as status:
        for finding in _examine(settings, status.update):
            findings.append(finding)
            if as_json(json):
                print_json(asdict(finding))
                continue
            mark, style = ("ok  ", "green") if finding.ok else ("FIX ", "red")
            console.print(f"{mark} {finding.check}: {finding.seen}", style=style, markup=False)
            if not finding.ok and finding.fix:
                console.print(f"     {finding.fix}", markup=False)
    raise typer.Exit(Exit.OK if all(finding.ok for finding in findings) else Exit.NEEDS_YOU)


def _examine(settings: Config, tell: Callable[[str], None]) -> Iterator[Finding]:
    site = settings.site
    yield Finding("config", True, f"site {site.root}")
    problems = probe(Folders(site.drafts, site.posts, site.state))
    yield from (Finding("folders", False, problem.message) for problem in problems)
    if not problems:
        yield Finding("folders", True, f"{site.drafts} -> {site.posts}: link, rename and sync work")
    yield _checked("rules", lambda: _rules(site.rules))
    for problem in read_site(site.root).problems:
        yield Finding("site", False, problem.message)
    yield _checked("posts", lambda: _posts(settings))
    yield _checked("ledger", lambda: _ledger(site.state))
    if WATCHES.exists():
        yield Finding("inotify", True, f"{WATCHES.read_text().strip()} watches allowed; one is needed")
    pid = daemon_pid(site.state)
    yield Finding("daemon", True, "not running" if pid is None else f"running, process {pid}")
    if settings.model.engine == "openai":
        yield from (Finding("server", True, sentence) for sentence in setup.advice(settings))
    else:
        runs = where_it_runs(settings)
        yield from (Finding("runs", True, sentence) for sentence in (runs.words, *runs.advice))
    tell("getting the model ready")
    yield _checked("model", lambda: _model(settings))


def _checked(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())
    except BlogmetadError as error:
        return Finding(check, False, str(error), error.hint)
    except OSError as error:
        return Finding(check, False, str(error), "check that the file is there and readable")


def _rules(file: Path) -> str:
    rules = document.load(file)
    return f"{rules.name} v{rules.version}: {', '.join(rules.fields)}"


def _posts(settings: Config) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        index = Index(settings.site.posts, Path(scratch) / "index.db")
        try:
            refreshed = index.refresh()
        finally:
            index.close()
    odd = f"; {len(refreshed.problems)} cannot be read" if refreshed.problems else ""
    return f"{refreshed.posts} published posts{odd}"


def _ledger(state: Path) -> str:
    file = state / "ledger.db"
    if not file.exists():
        return "none yet"
    with Ledger.open_readonly(file) as ledger:
        return f"{len(ledger.jobs())} drafts recorded"


def _model(settings: Config) -> str:
    proposer = open_proposer(settings)
    trial = Request("", "A short note on unit tests.", (Ask("title", "text", "Title", "en", 3, 40),))
    try:
        began = time.perf_counter()
        proposer.prepare(lambda: True)
        loaded = time.perf_counter() - began
        proposal = proposer.propose(trial, lambda: True)
    finally:
        proposer.unload()
    took = proposal.usage.seconds
    if isinstance(proposer, Remote):
        return f"{proposal.model} on {settings.server.url} answers, a title in {took:.1f} s"
    crashed = "".join(f"; mode {struck.mode} {struck.because} here and is left out" for struck in proposer.struck)
    return f"{settings.model.name} loads in {loaded:.1f} s (mode {proposal.mode}), a title in {took:.1f} s{crashed}"
