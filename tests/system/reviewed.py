"""A site in review mode with a real ledger and real files: posts that wait, one that is published, drafts that need
their author or wait for their date. The model is a server as a test scripts it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from blogmetad import config as configuration
from blogmetad import matter
from blogmetad.config import Config
from blogmetad.daemon import assemble
from blogmetad.journal.ledger import Job, Ledger, State

RULES = """---
rules: 审阅
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, min_length: 1, max_length: 60}
  date: {type: date}
  description: {type: text, max_length: 200, sentences: true}
  tags: {type: terms, min: 1, max: 6, new: allow, vocabulary: [sqlite, 预写日志, backup, linux]}
  featured: {type: author, kind: flag}
min_body: {words: 5}
---
Be exact.
"""
SETTINGS = """
[site]
root = "."
rules = "rules.md"

[model]
engine = "openai"

[server]
url = "{url}"
model = "qwen3-8b"
retries = 0

[intake]
settle_seconds = 0.0

[publish]
mode = "review"
"""
TEXT = "{}：预写日志把每次提交追加到一个单独的文件，读者不必等待写者。\n\n## 检查点\n\n<b>粗体</b> & 其他。\n"
SCRIPT = "<script>document.title='taken'</script>标题"
PATIENCE = 30.0

WAL, HOSTILE, OLD = "日志.md", "脚本.md", "旧文.md"
WAITING = {WAL: "2026-02-01-wal.md", HOSTILE: "2026-02-02-script.md"}


@dataclass(frozen=True)
class Reviewed:
    """The site in ``root``."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "blogmetad.toml"

    @property
    def settings(self) -> Config:
        return configuration.load(self.config)

    def waiting(self, draft: str = WAL) -> Path:
        """The file in which a draft's post waits."""
        return self.root / "_review" / WAITING[draft]

    def job(self, draft: str = WAL) -> Job:
        with Ledger.open_readonly(self.root / ".blogmetad" / "ledger.db") as ledger:
            found = ledger.latest(draft)
        assert found is not None
        return found

    def fields(self, path: Path) -> dict[str, object]:
        return dict(matter.parse(matter.split(path.read_bytes()).head or b"") or {})

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def make(root: Path, url: str) -> Reviewed:
    """Set it up and have everything done that is to be done."""
    for folder in ("_inbox", "_posts", "_journal", ".blogmetad"):
        (root / folder).mkdir(parents=True)
    (root / "_config.yml").write_text("title: 测试博客\ntimezone: Asia/Shanghai\n", "utf-8")
    (root / "rules.md").write_text(RULES, "utf-8")
    (root / "blogmetad.toml").write_text(SETTINGS.replace("{url}", url), "utf-8")
    old = "---\nlayout: post\ntitle: 更早\ndate: 2025-01-01\ndescription: d.\ntags: [backup, 备份]\n---\n更早的文章。\n"
    (root / "_posts" / "2025-01-01-older.md").write_text(old, "utf-8")
    site = Reviewed(root)
    _drop(site, OLD, "date: 2026-01-01\nslug: old\ntitle: 旧文\ndescription: 旧的。\ntags: [backup]")
    work(site)
    post = root / "_review" / "2026-01-01-old.md"
    post.write_text(post.read_text("utf-8").replace("---\n", "---\napprove: true\n", 1), "utf-8")
    work(site)
    _drop(site, WAL, "date: 2026-02-01\nslug: wal\n# 作者的注释\ntags: [sqlite, 'backup']  # 两个")
    hostile = f'title: "{SCRIPT}"\ndescription: "</textarea><img src=x>"\ntags: ["<b>x</b>"]'
    _drop(site, HOSTILE, f"date: 2026-02-02\nslug: script\n{hostile}")
    (root / "_inbox" / "短.md").write_text("短", "utf-8")
    _drop(site, "将来.md", "date: 2099-01-01")
    work(site)
    assert site.job().state is State.WAITING
    assert site.job(HOSTILE).state is State.WAITING
    return site


def _drop(site: Reviewed, name: str, head: str) -> None:
    text = TEXT.format(name.removesuffix(".md"))
    (site.root / "_inbox" / name).write_text(f"---\n{head}\n---\n{text}", "utf-8")


def work(site: Reviewed) -> None:
    """Do what there is to do."""
    news = threading.Event()
    with assemble(site.settings, lambda: True, news.set) as parts:
        while True:
            news.clear()
            made = parts.runner.round()
            if not made.flying and not made.waiting and not parts.runner.announcing:
                return
            news.wait(0.2)


def hidden(page: str, name: str) -> str:
    """The value of a form's hidden input."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def words(site: Reviewed, *more: str) -> list[str]:
    return [sys.executable, "-m", "blogmetad", "review", "--config", str(site.config), *more]


class Served:
    """The command while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.told = json.loads(process.stdout.readline())
        self.address = urlsplit(self.told["address"])
        self.host = f"http://{self.address.netloc}"

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def served(site: Reviewed, *more: str, **environment: str) -> Iterator[Served]:
    process = subprocess.Popen(
        words(site, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield Served(process)
    finally:
        with contextlib.suppress(OSError):
            process.kill()
        process.communicate()
