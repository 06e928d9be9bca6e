"""A blog with everything in its drafts folder that placing a post has to cope with, and what must be true of it.

Ten drafts, Chinese and English: two want one title, which a post of the author's has already; one is edited while the
model is asked about it, one between the last look and its retirement; of one the name is taken by a stranger between
check and link; one has the body of an old post, one that of another draft; one is too short to be a post.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from blogmetad import matter
from blogmetad.journal import entry
from blogmetad.journal.ledger import Job, Ledger, State
from tests.tally import Row

RULES = """---
rules: faults
version: 1
fields:
  title: {type: text, language: any, min_length: 1, max_length: 60}
  date: {type: date}
  description: {type: text, language: any, min_length: 1, max_length: 200}
min_body: {words: 3}
---
Be exact.
"""
CONFIG = """[site]
root = "."
rules = "rules.md"

[intake]
settle_seconds = 0.0

[model]
parallel = 3
"""

CAUSE = "# 因果推断\n\n相关不是因果，混杂因素会骗人。\n".encode()
OLD = b"An old post about write-ahead logs, which was published long ago.\n"
DRAFTS: Mapping[str, bytes] = {
    "因果.md": CAUSE,
    "windows.md": b"---\r\ntags: [a, b]   # mine\r\n---\r\nA draft with line ends of its own\r\nand no last one",
    "collide.md": "---\ndate: 2025-04-29\n---\n\n第一篇同名的文章，正文各不相同。\n".encode(),
    "同名.md": "---\ndate: 2025-04-29\n---\n\n第二篇同名的文章，正文也不相同。\n".encode(),
    "edited.md": b"edited: the first version of a text that is saved again while the model reads it.\n",
    "late.md": b"late: the first version of a text that is saved again just before it is retired.\n",
    "race.md": b"---\ndate: 2025-05-01\n---\nrace: a post whose name a stranger takes at the last moment.\n",
    "duplicate.md": b"---\ntitle: Again\n---\n" + OLD,
    "双胞胎.md": "---\ntitle: 双胞胎\n---\n".encode() + CAUSE,
    "短.md": "太短。\n".encode(),
}
SAVED: Mapping[str, bytes] = {
    "edited.md": "edited: 第二个版本，在模型读的时候保存。\n".encode(),
    "late.md": "late: 第二个版本，在归档之前的一刻保存。\n".encode(),
}
"""What the author saves at the worst moment."""
POSTS: Mapping[str, bytes] = {
    "2024-01-01-old.md": b"---\ntitle: Old\n---\n" + OLD,
    "2025-04-29-one-title.md": "---\ntitle: One Title\n---\n作者自己的文章。\n".encode(),
}
STRANGER = "2025-05-01-race.md", b"---\ntitle: Race\n---\nSomebody else's post.\n"
GROUPS = (
    ("因果.md", "双胞胎.md", "短.md", "windows.md"),
    ("collide.md", "同名.md", "edited.md"),
    ("late.md", "race.md", "duplicate.md"),
)
"""All drafts, in runs that are short enough to be repeated a thousand times."""
PARKED = "短.md"
TWINS = ("因果.md", "双胞胎.md")
NEVER_POSTS = ("duplicate.md", PARKED)
MAY_BE_DUPLICATES = ("duplicate.md", *TWINS)


def body_of(raw: bytes) -> bytes:
    """What a post of these bytes must carry, to the byte."""
    for fence in (b"\n---\r\n", b"\n---\n"):
        if raw.startswith(b"---") and fence in raw:
            return raw.split(fence, 1)[1]
    return raw


@dataclass(slots=True)
class Damage:
    """What a fault has cost, in sentences."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        yield from (*self.lost, *self.doubled, *self.changed, *self.unfinished)

    def and_then(self, later: Damage) -> Damage:
        """This, and what showed later."""
        return Damage(
            [*self.lost, *later.lost],
            [*self.doubled, *later.doubled],
            [*self.changed, *later.changed],
            [*self.unfinished, *later.unfinished],
        )

    def count(self, row: Row) -> None:
        """Enter one fault, and what it has cost, into a row of a table."""
        row.tried += 1
        row.lost += len(self.lost)
        row.doubled += len(self.doubled)
        row.changed += len(self.changed)


@dataclass(frozen=True, slots=True)
class Known:
    """The ledger's jobs, the newest first, and the names of each one's steps."""

    jobs: tuple[Job, ...] = ()
    steps: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """The blog under ``root``. ``_author`` holds what the author is about to save, and a line for each time the model
    was asked; ``names`` are the drafts it begins with."""

    root: Path
    names: tuple[str, ...] = tuple(DRAFTS)

    @property
    def config(self) -> Path:
        return self.root / "blogmetad.toml"

    @property
    def state(self) -> Path:
        return self.root / ".blogmetad"

    @property
    def drafts(self) -> dict[str, bytes]:
        return contents(self.root / "_inbox")

    @property
    def posts(self) -> dict[str, bytes]:
        return contents(self.root / "_posts")

    def create(self) -> Scene:
        """Write it all; of the drafts only those named."""
        for folder in ("_inbox", "_posts", "_journal", "_author"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "_config.yml").write_text("title: 测试博客\ntimezone: Asia/Shanghai\n", "utf-8")
        (self.root / "rules.md").write_text(RULES, "utf-8")
        self.config.write_text(CONFIG, "utf-8")
        for name in self.names:
            (self.root / "_inbox" / name).write_bytes(DRAFTS[name])
            if name in SAVED:
                (self.root / "_author" / name).write_bytes(SAVED[name])
        for name, raw in POSTS.items():
            (self.root / "_posts" / name).write_bytes(raw)
        if "race.md" in self.names:
            (self.root / "_author" / STRANGER[0]).write_bytes(STRANGER[1])
        return self

    def known(self) -> Known:
        """What the ledger says. It is read from a copy: to open it would already be to recover it."""
        path = self.state / "ledger.db"
        if not path.exists():
            return Known()
        with tempfile.TemporaryDirectory(dir=self.root.parent) as folder:
            for file in self.state.glob("ledger.db*"):
                if not file.name.endswith("-shm"):
                    shutil.copyfile(file, Path(folder) / file.name)
            with Ledger(Path(folder) / "ledger.db") as ledger:
                jobs = ledger.jobs()
                return Known(jobs, {job.id: [step.name for step in ledger.steps(job.id)] for job in jobs})

    def asked(self) -> Counter[str]:
        """How often the model was asked about each draft."""
        path = self.root / "_author" / "asked"
        return Counter(path.read_text("utf-8").splitlines()) if path.exists() else Counter()

    def versions(self) -> dict[str, tuple[bytes, ...]]:
        """What the author has written under each name so far, the newest last."""
        waiting = contents(self.root / "_author")
        return {
            name: (DRAFTS[name], SAVED[name]) if name in SAVED and name not in waiting else (DRAFTS[name],)
            for name in self.names
        }

    def damage(self) -> Damage:
        """What is wrong at this instant, whatever was cut off (I1, and I2 as far as it shows from outside)."""
        damage = Damage()
        kept = {*self.drafts.values(), *contents(self.state / "originals").values()}
        kept |= {*contents(self.state / "retired").values()}
        for name, versions in self.versions().items():
            damage.lost += [f"no copy of {name}, version {n}" for n, raw in enumerate(versions, 1) if raw not in kept]
        damage.changed += self._changed_posts()
        possible = [body_of(raw) for versions in self.versions().values() for raw in versions]
        for name, raw in self.new_posts.items():
            if not any(carries(raw, body) for body in possible):
                damage.changed.append(f"the post {name} has no draft's body")
        damage.doubled += [f"{n} posts of {body[:40]!r}" for body, n in self._times(possible).items() if n > 1]
        asked, jobs = self.asked(), self.known().jobs
        for name, times in asked.items():
            names = TWINS if name in TWINS else (name,)  # to the model, one text
            if sum(job.attempts for job in jobs if dropped_as(job.name) in names) < times:
                damage.unfinished.append(f"the model was asked about {name} before that was counted")
        return damage

    def damage_at_rest(self) -> Damage:
        """What is wrong once a run has come to its end by itself: all of the above, and everything done exactly once
        (I1 to I3)."""
        damage = self.damage()
        wanted = self._expected_bodies()
        damage.lost += [f"no post of {body[:40]!r}" for body, n in self._times(wanted).items() if n < 1]
        if len(self.new_posts) > len(wanted):
            damage.doubled.append(f"posts nobody wanted: {sorted(self.new_posts)}")
        damage.unfinished += self._leftovers()
        damage.unfinished += self._unaccounted()
        return damage

    def _expected_bodies(self) -> list[bytes]:
        bodies = []
        for name, versions in self.versions().items():
            if name in NEVER_POSTS or (name == TWINS[1] and TWINS[0] in self.names):
                continue
            bodies += [body_of(raw) for raw in (versions[-1:] if name == "edited.md" else versions)]
        return bodies

    def _times(self, bodies: list[bytes]) -> dict[bytes, int]:
        posts = self.new_posts.values()
        return {body: sum(carries(raw, body) for raw in posts) for body in bodies}

    @property
    def new_posts(self) -> dict[str, bytes]:
        """The posts that are neither the author's nor a stranger's."""
        known = {**POSTS, **dict([STRANGER])}
        return {name: raw for name, raw in self.posts.items() if known.get(name) != raw}

    def _changed_posts(self) -> list[str]:
        posts = self.posts
        theirs = dict(POSTS)
        if (self.root / "_posts" / STRANGER[0]).exists() and not (self.root / "_author" / STRANGER[0]).exists():
            theirs |= dict([STRANGER])
        return [f"the author's post {name} was changed" for name, raw in theirs.items() if posts.get(name) != raw]

    def _leftovers(self) -> list[str]:
        found = []
        if self.drafts != {name: DRAFTS[name] for name in self.names if name == PARKED}:
            found.append(f"in the drafts folder: {sorted(self.drafts)}")
        for folder in (self.state, *(self.root / name for name in ("_inbox", "_posts", "_journal"))):
            found += [f"left behind: {path}" for path in folder.rglob("*") if ".tmp-" in path.name]
        staged = contents(self.state / "stage")
        return [*found, *(f"left in the stage: {name}" for name in staged)]

    def _unaccounted(self) -> Iterator[str]:
        """Jobs that have not ended, have not one entry in the journal, or none of their draft's bytes."""
        ledger = self.known()
        entries = contents(self.root / "_journal").values()
        journal = [(owner, outcome_in(raw)) for raw in entries if (owner := entry.owner(raw)) is not None]
        originals, retired = contents(self.state / "originals"), contents(self.state / "retired")
        written = self.versions()
        # A power cut may undo the author's last save: the version before it comes back beside the one that was retired.
        renamed = {dropped_as(job.name) for job in ledger.jobs if dropped_as(job.name) != job.name}
        for job in ledger.jobs:
            if job.state in (State.ACCEPTED, State.STAGED, State.PUBLISHED, State.HELD):
                yield f"{job.name} is still {job.state}"
            outcomes = [outcome for owner, outcome in journal if owner == job.id]
            if outcomes != [job.state] or job.entry is None:
                yield f"{job.name} is {job.state}, and the journal tells {outcomes}"
            ends = [name for name in ledger.steps[job.id] if name in ("done", "recovered")]
            if len(ends) != (job.state is State.DONE):
                yield f"{job.name} has come to an end {len(ends)} times"
            if job.state is State.DUPLICATE and job.name not in (*MAY_BE_DUPLICATES, *renamed):
                yield f"{job.name} is told to be a duplicate, of its own post"
            if job.state not in (State.DONE, State.DUPLICATE):
                continue
            if originals.get(job.id) not in written.get(dropped_as(job.name), ()):
                yield f"the original of {job.name} ({job.state}) is not kept"
            replaced = job.name in SAVED and job.id not in retired
            if retired.get(job.id) != originals.get(job.id) and not replaced:
                yield f"the draft {job.name} ({job.state}) was not retired"
        seen = {job.name for job in ledger.jobs}
        yield from (f"{name} was never taken up" for name in self.names if name not in seen)


def dropped_as(name: str) -> str:
    """The name under which the author dropped a draft that was given back under a free one."""
    return re.sub(r"-\d+\.md$", ".md", name)


def carries(post: bytes, body: bytes) -> bool:
    """Whether a post is this body, to the byte, below its front matter."""
    fences = (b"\n---\n", b"\n---\n\n", b"\n---\r\n", b"\n---\r\n\r\n")
    return any(post.endswith(fence + body) for fence in fences)


def outcome_in(journal_entry: bytes) -> str:
    """The outcome an entry of the journal tells."""
    fields = matter.parse(matter.split(journal_entry).head or b"") or {}
    return str(fields["outcome"])


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name, but for those of editors and unfinished ones."""
    if not folder.is_dir():
        return {}
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")}
