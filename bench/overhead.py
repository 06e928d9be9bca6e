"""What a draft costs beside the model, and how long the start takes, on blogs of 100, 1,000 and 10,000 posts.

    python -m bench.overhead [--sizes 100,1000,10000] [--drafts 20] [--folder build/bench] [--out FOLDER] [--json]

Everything is real but the model, which answers at once: a site on disk, index, ledger, pipeline, placer, journal.
"""

from __future__ import annotations

import datetime as dt
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import generated, machine
from bench.result import Result, Target, tell
from bench.sites import Site
from bench.stopwatch import Stopwatch
from bench.task import RULES
from blogmetad import pipeline
from blogmetad.config import Model as ModelConfig
from blogmetad.intake.scan import being_written
from blogmetad.journal import record
from blogmetad.journal.ledger import Job, Ledger
from blogmetad.outcomes import Published
from blogmetad.publish.folders import Folders
from blogmetad.publish.listing import Listing
from blogmetad.publish.place import Placer
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.site.index import Index
from blogmetad.trials import ENDED
from blogmetad.values import Ask, Draft, Opinion, Proposal, Request, sha256

CHARACTERS = 6000
"""Of a draft."""

OVERHEAD, START = 50.0, 3.0
"""What a draft may cost at most, in milliseconds, and the second start, in seconds."""

STAGES = ("refresh", "read", "recall", "plan and digest", "check", "compose", "place", "ledger", "journal")
MODEL = "model"
_AFTER = {
    "read": "read",
    "rules": "read",
    "recalled": "recall",
    "digest": "plan and digest",
    "proposed": MODEL,
    "refused": "check",
    "checked": "check",
    "composed": "compose",
}
"""The stage that ends when a step of this name is recorded."""

say = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """One blog: seconds of each draft by stage; seconds of processor time a draft; seconds from the start of the daemon
    until it watches and knows all posts, the first time and the second."""

    posts: int
    drafts: tuple[Mapping[str, float], ...]
    computing: float
    starts: tuple[float, float]

    def milliseconds(self, stage: str) -> float:
        """The median of a stage."""
        return 1000.0 * statistics.median(draft.get(stage, 0.0) for draft in self.drafts)

    @property
    def overhead(self) -> float:
        """Milliseconds of everything but the model: the median over the drafts."""
        return 1000.0 * statistics.median(sum(draft.values()) - draft.get(MODEL, 0.0) for draft in self.drafts)


class Instant:
    """A Proposer that answers at once: another title for each draft, and something to say of every term."""

    def __init__(self) -> None:
        self._count = 0

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """There is nothing to load."""

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:  # noqa: ARG002
        """An answer that passes the check."""
        self._count += 1
        return Proposal(
            texts={ask.field: self._text(ask) for ask in request.asks if ask.kind == "text"},
            terms={
                ask.field: tuple(Opinion(candidate.name, 1.0) for candidate in ask.candidates)
                for ask in request.asks
                if ask.kind == "terms"
            },
        )

    def _text(self, ask: Ask) -> str:
        long = " and what every piece of a blog costs when there are thousands of them" if ask.sentences else ""
        return f"Measured Draft Number {self._count}{long}"


@dataclass(frozen=True, slots=True)
class Bench:
    """The parts a draft goes through, without the loop around them."""

    site: Site
    rules: Rules
    index: Index
    ledger: Ledger
    placer: Placer
    proposer: Instant

    def publish(self, name: str, raw: bytes) -> Mapping[str, float]:
        """Take one draft from its bytes to its post; the seconds of every stage."""
        (self.site.drafts / name).write_bytes(raw)
        watch = Stopwatch()
        self.index.refresh()
        watch.mark("refresh")
        moment = dt.datetime.now(dt.UTC)
        job = self.ledger.open_job(name, sha256(raw), sha256(raw), len(raw), moment, moment, moment)
        watch.mark("ledger")
        desk = self._desk(job, watch)
        draft = pipeline.accept(name, raw, desk, arrived=moment, now=moment)
        watch.mark("read")
        assert isinstance(draft, Draft), draft
        self.placer.keep_original(job.id, raw)
        watch.mark("place")
        self.ledger.attempt(job.id, moment)
        watch.mark("ledger")
        finished = pipeline.finish(draft, desk, arrived=moment)
        assert isinstance(finished, pipeline.Finished), finished
        outcome = self.placer.place(job, finished.post)
        assert isinstance(outcome, Published), outcome
        self.placer.finish(job, "done", {"post": outcome.filename})
        watch.mark("place")
        record.write_entry(self.site.journal, self.ledger, job.id, dt.UTC, moment)
        watch.mark("journal")
        return watch.seconds

    def _desk(self, job: Job, watch: Stopwatch) -> pipeline.Desk:
        def step(name: str, data: Mapping[str, object]) -> None:
            watch.mark(_AFTER[name])
            write = self.ledger.step if name in ENDED else self.ledger.note
            write(job.id, name, data, dt.datetime.now(dt.UTC))
            watch.mark("ledger")

        return pipeline.Desk(
            rules=self.rules,
            recall=lambda draft: self.index.recall(draft.text, self.rules.term_fields()),
            twin=self.index.twin,
            proposer=self.proposer,
            budget=ModelConfig().digest_tokens,
            hold_future=True,
            keep_going=lambda: True,
            record=step,
        )


@contextmanager
def opened(site: Site) -> Iterator[Bench]:
    """Everything a draft goes through."""
    folders = Folders(site.drafts, site.posts, site.state)
    with (
        closing(Index(site.posts, site.state / "index.db")) as index,
        closing(Listing()) as listing,
        Ledger(site.state / "ledger.db") as ledger,
    ):
        placer = Placer(folders, ledger, lambda: dt.datetime.now(dt.UTC), being_written, listing.taken)
        yield Bench(site, document.load(RULES), index, ledger, placer, Instant())


def measure(site: Site, drafts: int) -> Measured:
    """Both starts, then the drafts one after another."""
    starts = (start(site), start(site))
    texts = {f"draft-{number}.md": generated.draft(number, CHARACTERS).encode() for number in range(drafts)}
    with opened(site) as bench:
        bench.index.refresh()
        bench.publish("warm-up.md", generated.draft(drafts, CHARACTERS).encode())  # what Python does once
        began = time.process_time()
        spent = tuple(bench.publish(name, raw) for name, raw in texts.items())
        computing = (time.process_time() - began) / drafts
    return Measured(
        posts=site.count,
        drafts=spent,
        computing=computing,
        starts=starts,
    )


def start(site: Site) -> float:
    """Seconds until ``blogmetad run`` watches the drafts and knows all posts."""
    log = site.root / "daemon.log"
    began = time.perf_counter()
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "blogmetad", "run", "--config", str(site.config)]
        process = subprocess.Popen(command, stderr=stderr)
    try:
        while b'"posts known"' not in log.read_bytes():
            if process.poll() is not None:
                raise RuntimeError(f"the daemon ended: {log.read_text('utf-8', 'replace')}")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def report(found: tuple[Measured, ...]) -> Result:
    """A column for every blog."""
    rows = [(stage, *(f"{each.milliseconds(stage):.1f}" for each in found)) for stage in STAGES]
    rows.append(("**everything but the model**", *(f"**{each.overhead:.1f}**" for each in found)))
    rows.append(("of it computing, not waiting for the disk", *(f"{1000 * each.computing:.1f}" for each in found)))
    for n, which in enumerate(("first", "second")):
        rows.append((f"{which} start until all posts are known, s", *(f"{each.starts[n]:.2f}" for each in found)))
    last = found[-1]
    return Result(
        name="overhead",
        title="Beside the model: milliseconds a draft",
        columns=("", *(f"{each.posts:,} posts" for each in found)),
        rows=tuple(rows),
        data={
            "characters": CHARACTERS,
            "blogs": [_data(each) for each in found],
            "conditions": machine.conditions(),
        },
        targets=(
            Target(f"a draft beside {last.posts:,} posts", last.overhead, OVERHEAD, " ms"),
            Target(f"second start with {last.posts:,} posts", last.starts[1], START, " s"),
        ),
        notes=(f"medians over {len(last.drafts)} drafts of {CHARACTERS:,} Chinese characters",),
    )


def _data(each: Measured) -> dict[str, object]:
    return {
        "posts": each.posts,
        "milliseconds": {stage: round(each.milliseconds(stage), 2) for stage in STAGES},
        "overhead_ms": round(each.overhead, 2),
        "slowest_ms": round(1000 * max(sum(draft.values()) - draft.get(MODEL, 0.0) for draft in each.drafts), 2),
        "computing_ms": round(1000 * each.computing, 2),
        "start_seconds": [round(seconds, 3) for seconds in each.starts],
    }


def main(
    sizes: Annotated[str, typer.Option(help="Posts of each blog, with commas.")] = "100,1000,10000",
    drafts: Annotated[int, typer.Option(min=1, help="Drafts on each blog.")] = 20,
    folder: Annotated[Path, typer.Option(help="Where the blogs are made; they are kept.")] = Path("build/bench"),
    out: Annotated[Path | None, typer.Option(help="A folder for the JSON and the table.")] = None,
    as_data: Annotated[bool, typer.Option("--json", help="JSON, as when the output is piped.")] = False,
) -> None:
    """Measure what a draft costs beside the model."""
    found = []
    for size in map(int, sizes.split(",")):
        say.print(f"A blog of {size:,} posts.")
        with Site.made(folder.absolute(), size) as site:
            found.append(measure(site, drafts))
    tell(report(tuple(found)), out, as_data)


if __name__ == "__main__":
    typer.run(main)
