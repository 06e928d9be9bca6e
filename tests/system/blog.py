"""A site in a folder and a daemon that is a real process, for the tests that watch the whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blogmetad.journal.ledger import Job, Ledger, State

COMMAND = (sys.executable, "-m", "blogmetad")

CHINESE = """## 预写日志

SQLite 的预写日志把每次提交追加到一个单独的文件，读者不必等待写者。

## 检查点

检查点把日志里的页写回数据库。SQLite 默认在一千页时做一次。

## 结论

用 synchronous=FULL 才不会在断电时丢掉最后的提交。SQLite 的文档写得很清楚。
"""


@dataclass(frozen=True)
class Blog:
    """Folders and configuration of one site."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "_inbox"

    @property
    def posts(self) -> Path:
        return self.root / "_posts"

    @property
    def journal(self) -> Path:
        return self.root / "_journal"

    @property
    def config(self) -> Path:
        return self.root / "blogmetad.toml"

    @property
    def ledger(self) -> Path:
        return self.root / ".blogmetad" / "ledger.db"

    def drop(self, name: str, text: str | bytes) -> Path:
        """Put a draft into the folder the way a careful program does: under another name first."""
        data = text.encode("utf-8") if isinstance(text, str) else text
        (self.inbox / f".{name}.part").write_bytes(data)
        return (self.inbox / f".{name}.part").rename(self.inbox / name)

    def published(self) -> list[str]:
        return sorted(path.name for path in self.posts.iterdir() if not path.name.startswith("."))

    def jobs(self, *states: State) -> tuple[Job, ...]:
        if not self.ledger.exists():
            return ()
        with Ledger.open_readonly(self.ledger) as ledger:
            return ledger.jobs(*states)

    def job(self, name: str) -> Job | None:
        return next((job for job in self.jobs() if job.name == name), None)

    def command(self, *words: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI to its end."""
        arguments = [sys.executable, "-m", "blogmetad", *words]
        env = {**os.environ, "BLOGMETAD_CONFIG": str(self.config), **environment}
        return subprocess.run(arguments, capture_output=True, text=True, timeout=timeout, env=env, check=False)

    def daemon(self, command: Sequence[str] = COMMAND, **environment: str) -> Daemon:
        return Daemon(self, environment, command)


class Daemon:
    """``blogmetad run`` as a process; its log is read from a file, so nothing it prints can block it."""

    def __init__(self, blog: Blog, environment: dict[str, str], command: Sequence[str] = COMMAND) -> None:
        self.blog = blog
        self.log = blog.root / f"daemon-{time.monotonic_ns()}.log"
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*command, "run", "--config", str(blog.config)],
                stderr=stderr,
                env={**os.environ, **environment},
            )

    def __enter__(self) -> Daemon:
        self.wait(lambda: self.said("watching"))
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def said(self, event: str) -> list[dict[str, object]]:
        """The log lines of one event."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def wait(self, condition: Callable[[], object], timeout: float = 60) -> None:
        """Until the condition holds; fails with the log if it never does or the daemon dies."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert self.process.poll() is None, f"the daemon ended\n{self.log.read_text('utf-8')}"
            assert time.monotonic() < deadline, f"waited in vain\n{self.log.read_text('utf-8')}"
            time.sleep(0.02)

    def wait_for(self, name: str, *states: State, timeout: float = 60) -> Job:
        """Until the newest job of a draft is in one of the states and its journal entry is written."""

        def there() -> bool:
            job = self.blog.job(name)
            return job is not None and job.state in states and job.entry is not None

        self.wait(there, timeout)
        job = self.blog.job(name)
        assert job is not None
        return job

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def make_blog(root: Path, model: Path, *, rules: str = "bilingual-zh-en", extra: str = "", settle: float = 0.1) -> Blog:
    """A site with one post of the author's, set up through ``init``."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "_config.yml").write_text("title: 测试博客\ntimezone: Asia/Shanghai\n", "utf-8")
    blog = Blog(root)
    done = blog.command(
        "init", str(root), "--rules", rules, "--model", str(model), "--config", str(blog.config), "--yes"
    )
    assert done.returncode == 0, done.stderr
    text = blog.config.read_text("utf-8")
    text += f"threads = 2\ncontext = 2048\n{extra}\n[intake]\nsettle_seconds = {settle}\nrescan_seconds = 5\n"
    blog.config.write_text(text, "utf-8")
    return blog
