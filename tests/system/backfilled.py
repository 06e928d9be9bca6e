"""A blog with posts that lack fields, and commands over it in this process: all is real but the model."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from blogmetad import daemon
from blogmetad.cli.app import app
from blogmetad.journal.ledger import Job, Ledger
from blogmetad.model.proposal import Withdrawn
from blogmetad.values import Opinion, Proposal, Request
from tests.system.blog import Blog

RULES = """---
rules: 博客
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: any, min_length: 1, max_length: 60}
  date: {type: date}
  description: {type: text, language: any, min_length: 1, max_length: 200, need: recommended}
  tags: {type: terms, min: 1, max: 6, need: recommended, vocabulary: [备份, sqlite]}
min_body: {words: 3}
---
Be exact.
"""
CONFIG = '[site]\nroot = "."\nrules = "rules.md"\n\n[intake]\nsettle_seconds = 0.0\nrescan_seconds = 5\n'
BACKUP, WAL, WHOLE = "2024-01-01-备份.md", "旧文/2023-05-05-wal.md", "2022-01-01-whole.md"
POSTS = {
    BACKUP: "---\nlayout: post\ntitle: '备份'   # 我的\ndate: 2024-01-01\n---\n\n备份：三份数据，两种介质。\n",
    WAL: "---\r\ntitle: 预写日志\r\nlayout: post\r\ndate: 2023-05-05\r\ntags: [sqlite]\r\n---\r\n日志：预写日志。\r\n",
    WHOLE: "---\nlayout: post\ntitle: 全\ndate: 2022-01-01\ndescription: 都有。\ntags: [备份]\n---\n完整：都有。\n",
}


@dataclass
class Model:
    """Describes each post by its first word; ``before`` is called with that word before it answers."""

    before: Callable[[str], object] = lambda _: None
    patient: bool = False
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    pid: None = None

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def unload(self) -> None:
        """There is nothing to free."""

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        who = request.text.split("：")[0]
        wanted = [ask for ask in request.asks if ask.given is None]
        with self.lock:
            self.asked.append((who, tuple(ask.field for ask in wanted)))
        self.before(who)
        while self.patient:
            time.sleep(0.02)
            if not keep_going():
                raise Withdrawn("the test is over")
        return Proposal(
            {ask.field: f"{who}写得很清楚。" for ask in wanted if ask.kind == "text"},
            {ask.field: (Opinion("备份", 9.0),) for ask in wanted if ask.kind == "terms"},
            model="scripted",
            mode="-",
        )


@dataclass(frozen=True)
class Backfilled(Blog):
    """The blog, its model (the last of them), and its commands."""

    models: list[Model] = field(default_factory=lambda: [Model()])

    @property
    def model(self) -> Model:
        return self.models[-1]

    @property
    def review(self) -> Path:
        return self.root / "_review"

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(self.config)], catch_exceptions=True)

    def rows(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """The lines of JSON that a command says."""
        done = self.run(*words)
        assert done.exit_code == code, (done.stdout, done.exception)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def waits(self) -> list[str]:
        return sorted(path.name for path in self.review.glob("*.md"))

    def post(self, path: str) -> str:
        return (self.posts / path).read_bytes().decode()

    def as_they_were(self, *but: str) -> bool:
        """Whether all posts are as they were, and no others are there."""
        there = {str(path.relative_to(self.posts)) for path in self.posts.rglob("*.md")}
        return there == set(POSTS) and all(self.post(path) == POSTS[path] for path in POSTS if path not in but)

    def of(self, path: str) -> Job:
        """The newest job that offered a post something."""
        with Ledger(self.ledger) as ledger:
            job = ledger.latest(f"_posts/{path}")
        assert job is not None
        return job

    def entry(self, path: str) -> str:
        return (self.journal / str(self.of(path).entry)).read_text("utf-8")


def make(root: Path, monkeypatch: pytest.MonkeyPatch, config: str = "") -> Backfilled:
    for folder in ("_inbox", "_posts/旧文", "_journal"):
        (root / folder).mkdir(parents=True)
    (root / "_config.yml").write_text("title: 测试博客\ntimezone: Asia/Shanghai\n", "utf-8")
    (root / "rules.md").write_text(RULES, "utf-8")
    blog = Backfilled(root)
    blog.config.write_text(CONFIG + config, "utf-8")
    for path, text in POSTS.items():
        (blog.posts / path).write_bytes(text.encode())
    monkeypatch.setattr(daemon, "open_proposer", lambda _: blog.model)
    return blog
