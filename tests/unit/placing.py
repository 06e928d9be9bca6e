"""A drafts folder, a posts folder and a ledger to place posts with, for the tests of publish."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from blogmetad.journal.ledger import Job, Ledger
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.values import Post, sha256

NOW = dt.datetime(2025, 4, 29, 10, 30, tzinfo=dt.UTC)
RAW = "# 因果推断\n\n相关不是因果。\n".encode()
POST = Post("2025-04-29-causal.md", b"---\ntitle: Causal\n---\n\n" + RAW)


@dataclass
class Desk:
    """Everything a post needs, in one temporary folder."""

    root: Path
    folders: Folders = field(init=False)
    ledger: Ledger = field(init=False)
    placer: Placer = field(init=False)

    def __post_init__(self) -> None:
        self.folders = Folders(self.root / "drafts", self.root / "_posts", self.root / "state")
        self.folders.drafts.mkdir()
        self.folders.posts.mkdir()
        self.folders.state.mkdir()
        self.ledger = Ledger(self.folders.state / "ledger.sqlite3")
        self.placer = Placer(self.folders, self.ledger, lambda: NOW)

    def accept(self, name: str = "因果.md", raw: bytes = RAW) -> Job:
        """The author saves a draft and it is taken up."""
        draft = self.folders.drafts / name
        draft.parent.mkdir(exist_ok=True)
        draft.write_bytes(raw)
        with self.ledger.transaction():
            job = self.ledger.open_job(name, sha256(raw), sha256(raw), len(raw), NOW, NOW, NOW)
            self.placer.keep_original(job.id, raw)
        return job

    def publish(self, name: str = "因果.md", raw: bytes = RAW, post: Post = POST) -> Job:
        """A draft goes all the way."""
        job = self.accept(name, raw)
        self.placer.place(job, post)
        self.placer.finish(job, "done", {})
        return self.job(job)

    def job(self, job: Job) -> Job:
        """The job as the ledger knows it now."""
        found = self.ledger.get(job.id)
        assert found is not None
        return found

    def draft(self, name: str = "因果.md") -> Path:
        return self.folders.drafts / name

    def post(self, name: str = POST.filename) -> Path:
        return self.folders.posts / name

    def posts(self) -> dict[str, bytes]:
        """All that is published."""
        return {p.name: p.read_bytes() for p in self.folders.posts.iterdir() if p.is_file()}

    def staged(self) -> list[str]:
        return sorted(path.name for path in self.folders.stage.iterdir())
