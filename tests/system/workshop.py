"""A site and the runner over it, in this process: everything is real but the model, which does as a test says."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blogmetad import rounds
from blogmetad.attempt import Tools
from blogmetad.config import Config, Intake, Mode, Model, Publish, Ready, Site
from blogmetad.intake.scan import being_written
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model.proposal import Proposer, Withdrawn
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.rules.document import parse
from blogmetad.runner import Done
from blogmetad.site.index import Index
from blogmetad.site.jekyll import read_site
from blogmetad.turns import Turns
from blogmetad.values import Proposal, Request

RULES = b"""---
rules: r
version: 1
fields:
  title: {type: text, language: any, min_length: 1, max_length: 60}
  date: {type: date}
min_body: {words: 1}
---
Be exact.
"""
TEXT = "{}：大模型改变了写作的方式，这里说明如何改变，以及为什么。\n"
PATIENCE = 20.0


class Desk:
    """A Proposer whose answers wait until the test gives them out; a text's first word is its title, unless it says
    otherwise. ``most`` is how many drafts it ever had at once."""

    def __init__(self, *, waits: bool = True, title: Callable[[str], str] = lambda text: text.split("：")[0]) -> None:
        self._waits, self._title = waits, title
        self._change = threading.Condition()
        self._given: set[str] = set()
        self.here: list[str] = []
        self.came: list[str] = []
        self.most = 0

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        who = request.text.split("：")[0]
        with self._change:
            self.here.append(who)
            self.came.append(who)
            self.most = max(self.most, len(self.here))
            self._change.notify_all()
            try:
                while self._waits and who not in self._given:
                    self._change.wait(0.02)
                    if not keep_going():
                        raise Withdrawn("the test is over")
            finally:
                self.here.remove(who)
                self._given.discard(who)
        return Proposal({"title": self._title(request.text)}, model="desk", mode="-")

    def give(self, *who: str) -> None:
        with self._change:
            self._given.update(who)
            self._change.notify_all()

    def until(self, *here: str) -> None:
        """Wait until exactly these drafts are here."""
        with self._change:
            assert self._change.wait_for(lambda: sorted(self.here) == sorted(here), PATIENCE), self.here


class Workshop:
    """The runner over a site with folders of its own."""

    def __init__(
        self,
        root: Path,
        proposer: Proposer,
        ledger: Ledger,
        parallel: int,
        attempts: int,
        ready: Ready,
        rules: bytes,
        mode: Mode,
        settle: float,
        **told: Any,
    ) -> None:
        site = Site(
            root=root,
            drafts=root / "_inbox",
            posts=root / "_posts",
            review=root / "_review",
            journal=root / "_journal",
            state=root / ".blogmetad",
            rules=root / "rules.md",
        )
        self.config = Config(
            site=site,
            intake=Intake(settle_seconds=settle, ready=ready),
            model=Model(parallel=parallel),
            publish=Publish(attempts=attempts, mode=mode),
            **told,
        )
        self.inbox, self.posts, self.desk, self.ledger = site.drafts, site.posts, site.review, ledger
        self.news = threading.Event()
        self.index = Index(site.posts, site.state / "index.db")
        site.review.mkdir(exist_ok=True)
        self.placer = Placer(Folders.of(self.config), ledger, now, being_written)
        assert self.placer.probe() == ()
        tools = Tools(
            config=self.config,
            rules=parse(rules, "rules.md"),
            site=read_site(root),
            index=self.index,
            ledger=ledger,
            placer=self.placer,
            proposer=proposer,
            turns=Turns(),
            now=now,
            keep_going=lambda: True,
        )
        self._open = rounds.opened(tools, self.news.set, lambda: None)
        self.runner = self._open.__enter__()

    def close(self) -> None:
        self._open.__exit__(None, None, None)
        self.index.close()

    def drop(self, name: str, text: str | None = None) -> None:
        """A draft, older than those dropped after it."""
        path = self.inbox / name
        path.write_text(TEXT.format(name.removesuffix(".md")) if text is None else text, "utf-8")
        time.sleep(0.005)

    def round(self) -> list[Done]:
        """One round, once the end of a draft calls for it."""
        assert self.news.wait(PATIENCE)
        self.news.clear()
        return list(self.runner.round().done)

    def drain(self) -> list[Done]:
        """Rounds until nothing is left to do."""
        done: list[Done] = []
        while True:
            self.news.clear()
            made = self.runner.round()
            done += made.done
            if not made.flying and not made.waiting and not self.runner.announcing:
                return done
            if made.flying or self.runner.announcing:
                assert self.news.wait(PATIENCE), made

    def job(self, name: str) -> Job:
        job = self.ledger.latest(name)
        assert job is not None
        return job

    def published(self) -> dict[str, str]:
        """The bodies of all posts, by name."""
        files = sorted(self.posts.glob("*.md"))
        return {file.name: file.read_text("utf-8").split("---\n", 2)[2].lstrip("\n") for file in files}

    def steps(self, name: str) -> list[str]:
        return [step.name for step in self.ledger.steps(self.job(name).id)]

    def in_state(self, *states: State) -> list[str]:
        return sorted(job.name for job in self.ledger.jobs(*states))


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@contextmanager
def workshop(
    root: Path,
    proposer: Proposer,
    parallel: int,
    attempts: int = 2,
    ready: Ready = "settled",
    rules: bytes = RULES,
    mode: Mode = "auto",
    settle: float = 0.0,
    **told: Any,
) -> Iterator[Workshop]:
    """``told`` are the sections of the configuration about those who are told."""
    for folder in ("_inbox", "_posts", "_journal", ".blogmetad"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "_config.yml").write_text("title: 测试博客\ntimezone: Asia/Shanghai\n", "utf-8")
    with Ledger(root / ".blogmetad" / "ledger.db") as ledger:
        made = Workshop(root, proposer, ledger, parallel, attempts, ready, rules, mode, settle, **told)
        try:
            yield made
        finally:
            made.close()
