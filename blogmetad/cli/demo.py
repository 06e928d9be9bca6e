"""``demo``: the main job for real, on a throw-away site: daemon, model, drafts, posts, journal."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import matter
from blogmetad.cli import complete
from blogmetad.cli import init as initialise
from blogmetad.cli.exits import Exit
from blogmetad.cli.model.first import first_model, got
from blogmetad.cli.model.pull import get
from blogmetad.cli.options import console, progress
from blogmetad.cli.share import DEMO_SITE
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model import catalog
from blogmetad.model.store import huggingface

PATIENCE = 600.0
"""Seconds for one draft before the demo gives up: a slow machine loads and decodes for a while."""

LARGEST = 3_000_000_000
"""Bytes that are fetched for a demonstration at most, whatever the machine could carry."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="demo")(demo)


def demo(
    draft: Annotated[
        Path | None,
        typer.Argument(help="A draft of your own to try; it is copied, never touched.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Which model to use.",
            show_default="a Qwen3 if a hub answers, else the starter",
            autocompletion=complete.models,
        ),
    ] = None,
) -> None:
    """Make a throw-away site, start the daemon, drop a Chinese and an English draft, show what comes out.

    Example:  blogmetad demo my-draft.md
    """
    if draft is not None and not draft.is_file():
        raise typer.BadParameter(f"there is no file {draft}")
    drafts = [draft] if draft is not None else sorted((DEMO_SITE / "drafts").glob("*.md"))
    name = _ready(model)
    with tempfile.TemporaryDirectory(prefix="blogmetad-demo-") as scratch:
        site = Path(scratch) / "site"
        shutil.copytree(DEMO_SITE, site, ignore=shutil.ignore_patterns("drafts"))
        config = Path(scratch) / "config.toml"
        initialise.init(
            site, rules="bilingual-zh-en", model=name, config=config, yes=True,
            drafts=Path("_inbox"), posts=Path("_posts"), journal=Path("_journal"),
        )  # fmt: skip
        failed = _run(site, config, drafts)
    raise typer.Exit(Exit.NEEDS_YOU if failed else Exit.OK)


def _ready(model: str | None) -> str:
    """The name of a model that is here now. Which one that is, if nobody says, is told."""
    if model is not None:
        if catalog.source_of(model) is not None:
            get(model, huggingface.configured())
        return model
    with progress.status("asking the hubs"):
        first = first_model(LARGEST)
    console.print(f"model: {first.name} ({first.because})", markup=False)
    return got(first)


def _run(site: Path, config: Path, drafts: list[Path]) -> bool:
    """The daemon as a process of its own, the drafts one after another. Whether any of them did not become a post."""
    console.rule("the daemon starts")
    daemon = subprocess.Popen([sys.executable, "-m", "blogmetad", "run", "--config", str(config)])
    failed = False
    try:
        for draft in drafts:
            console.rule(f"dropped: {draft.name}")
            shutil.copyfile(draft, site / "_inbox" / draft.name)
            job = _wait_for(site / ".blogmetad" / "ledger.db", draft.name, daemon)
            failed = failed or job is None or job.state is not State.DONE
            if job is None:
                console.print("no outcome in time, see the lines above", style="red", markup=False)
            else:
                _show(site, job)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)
    return failed


def _wait_for(ledger: Path, name: str, daemon: subprocess.Popen[bytes]) -> Job | None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and daemon.poll() is None:
        if ledger.exists():
            with Ledger.open_readonly(ledger) as book:
                job = book.latest(name)
            if job is not None and job.entry is not None:
                return job
        time.sleep(0.2)
    return None


def _show(site: Path, job: Job) -> None:
    if job.target is not None:
        console.rule(f"_posts/{job.target}")
        head = matter.split((site / "_posts" / job.target).read_bytes()).head or b""
        console.print(f"---\n{head.decode('utf-8')}---", markup=False)
    console.rule(f"_journal/{job.entry}")
    console.print((site / "_journal" / str(job.entry)).read_text("utf-8"), markup=False)
