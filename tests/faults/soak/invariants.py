"""What must be true of the blog in the soak, at any instant and at its end."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from blogmetad.journal import entry
from blogmetad.journal.ledger import Job, Ledger, State
from tests.faults.soak.author import Author, body_of
from tests.system.blog import Blog

OPEN = (State.ACCEPTED, State.STAGED, State.PUBLISHED)
ENDS = {State.DONE: ("done", "recovered"), State.SUPERSEDED: ("superseded",)}


class Auditor:
    """Looks at a blog; posts that have not changed since the last time are not read again."""

    def __init__(self, blog: Blog, author: Author) -> None:
        self._blog, self._author = blog, author
        self._read: dict[tuple[str, int, int], bytes] = {}

    def violations(self) -> list[str]:
        """What is wrong now, whatever is under way. Nothing is written by the author meanwhile."""
        with self._author.desk:
            # In the order a draft travels, so that what moves under our eyes is met at least once.
            drafts = bodies(self._blog.inbox)
            kept = bodies(self._blog.root / ".blogmetad" / "retired")
            posts = self._posts()
            found = set(drafts.values()) | set(kept.values()) | set(posts.values())
            found |= set(bodies(self._blog.inbox).values())
            author = self._author
            wrong = [f"lost: {_short(body)}" for body in author.needed - found]
            wrong += [f"in {n} posts: {_short(body)}" for body, n in Counter(posts.values()).items() if n > 1]
            for what, files in (("draft", drafts), ("post", posts)):
                wrong += [f"not by the author: the {what} {n}" for n, body in files.items() if body not in author.known]
            return wrong

    def violations_at_rest(self) -> list[str]:
        """What is wrong once everything has come to its end."""
        wrong = self.violations()
        posts, drafts = set(self._posts().values()), bodies(self._blog.inbox)
        state = self._blog.root / ".blogmetad"
        waiting = set(drafts.values())
        wrong += [f"neither post nor draft: {_short(b)}" for b in self._author.needed if b not in posts | waiting]
        wrong += [f"left behind: {p}" for p in self._blog.root.rglob("*") if ".tmp-" in p.name]
        wrong += [f"left in the stage: {path.name}" for path in (state / "stage").iterdir()]
        owners = Counter(entry.owner(path.read_bytes()) for path in self._blog.journal.glob("*.md"))
        with Ledger.open_readonly(self._blog.ledger) as ledger:
            for job in ledger.jobs():
                wrong += self._unaccounted(job, owners[job.id], [step.name for step in ledger.steps(job.id)])
        return wrong

    def open_jobs(self) -> list[Job]:
        """Jobs that have not come to an end, and drafts that have no job."""
        return list(self._blog.jobs(*OPEN))

    def unseen(self) -> list[str]:
        """Drafts that no job is about."""
        raws = {path.name: _raw(path) for path in self._blog.inbox.glob("*.md")}
        jobs = {(job.name, job.sha256) for job in self._blog.jobs()}
        return [n for n, raw in raws.items() if raw is not None and (n, hashlib.sha256(raw).hexdigest()) not in jobs]

    def _unaccounted(self, job: Job, entries: int, steps: list[str]) -> list[str]:
        wrong = []
        if job.state in OPEN:
            wrong.append(f"{job.name} ({job.id}) is still {job.state}")
        if entries != 1 or job.entry is None:
            wrong.append(f"{job.name} ({job.id}, {job.state}) has {entries} entries in the journal")
        ends = ENDS.get(job.state)
        if ends is not None and sum(step in ends for step in steps) != 1:
            wrong.append(f"{job.name} ({job.id}, {job.state}) has ended otherwise than once: {steps}")
        if job.state in (State.DONE, State.DUPLICATE):
            kept = _raw(self._blog.root / ".blogmetad" / "originals" / job.id)
            if kept is None or hashlib.sha256(kept).hexdigest() != job.sha256:
                wrong.append(f"the original of {job.name} ({job.id}, {job.state}) is not complete")
        return wrong

    def _posts(self) -> dict[str, bytes]:
        posts = {}
        for path in self._blog.posts.glob("*.md"):
            try:
                status = path.stat()
                key = (path.name, status.st_ino, status.st_mtime_ns)
                posts[path.name] = self._read.get(key) or body_of(path.read_bytes())
                self._read[key] = posts[path.name]
            except FileNotFoundError:
                continue
        return posts


def bodies(folder: Path) -> dict[str, bytes]:
    """The bodies of the files in a folder, by name; hidden ones are no drafts."""
    if not folder.is_dir():
        return {}
    raws = {path.name: _raw(path) for path in folder.iterdir() if not path.name.startswith(".")}
    return {name: body_of(raw) for name, raw in raws.items() if raw is not None}


def _raw(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _short(body: bytes) -> str:
    return body[:60].decode("utf-8", "replace").replace("\n", " ")
