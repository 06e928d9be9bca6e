"""The author in the soak: drops, edits, renames and removes drafts at random, and remembers what was written.

What is remembered is what the invariants are about: each body ever saved, and whether it still has to be somewhere. A
body that was saved over or removed while its draft was in the folder may have become a post or not; any other must be
a post or a draft.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from blogmetad import matter
from tests.faults.soak.texts import text
from tests.system.blog import Blog

MANY = 20
"""Drafts in the folder, parked ones among them, from which on the author only works on those."""


def body_of(raw: bytes) -> bytes:
    """A body as it is compared: without the empty lines between it and the front matter."""
    return matter.split(raw).body.lstrip(b"\n")


@dataclass(slots=True)
class Author:
    """Acts on the drafts folder of ``blog``. ``needed`` are the bodies that must be somewhere, ``known`` all there ever
    were; ``desk`` is held while a file is being written, so that nobody looks at half a thing."""

    blog: Blog
    chance: random.Random
    desk: threading.RLock = field(default_factory=threading.RLock)
    known: set[bytes] = field(default_factory=set)
    needed: set[bytes] = field(default_factory=set)
    did: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def act(self) -> None:
        """One thing an author does; who has many drafts lying about writes no new ones."""
        new = {self.drop: 40, self.drop_slowly: 8, self.drop_twin: 4, self.drop_odd: 4}
        other = {self.edit: 14, self.append: 14, self.rename: 6, self.remove: 6}
        acts = other if len(self._drafts()) > MANY else new | other
        (act,) = self.chance.choices(list(acts), list(acts.values()))
        with self.desk:
            act()
        self.did[act.__name__] += 1

    def drop(self) -> None:
        """A finished draft, under its name at once."""
        self._save(self._new_name(), self._new_text())

    def drop_slowly(self) -> None:
        """A draft that a program copies in pieces, with pauses longer than it takes to settle."""
        raw = self._new_text()
        self._remember(raw)
        with (self.blog.inbox / self._new_name()).open("wb", buffering=0) as file:
            for at in range(0, len(raw), len(raw) // 3 + 1):
                file.write(raw[at : at + len(raw) // 3 + 1])
                time.sleep(self.chance.choice((0.01, 0.1, 0.4)))

    def drop_twin(self) -> None:
        """A body that was there before, under another name."""
        if self.needed:
            raw = self.chance.choice(sorted(self.needed))
            self._save(self._new_name(), raw)

    def drop_odd(self) -> None:
        """What cannot become a post now: too short, damaged front matter, or dated in the future."""
        heads = (b"---\ntitle: [\n---\n", b"---\ndate: 2199-01-01\n---\n", b"")
        head = self.chance.choice(heads)
        body = self._new_text() if head else f"短 {self.count}\n".encode()
        self._save(self._new_name(), head + body)

    def edit(self) -> None:
        """A draft that is there, saved anew the way most editors do."""
        path = self._any()
        if path is not None and self._forget(path):
            self._save(path.name, self._new_text())

    def append(self) -> None:
        """A draft that is there, written on in place, whoever may have moved it since it was opened."""
        path = self._any()
        if path is None:
            return
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return
        with os.fdopen(fd, "r+b", buffering=0) as file:
            before = file.read()
            time.sleep(self.chance.choice((0, 0, 0.05, 0.3)))
            self.count += 1
            more = f"\n又想到一句，编号 {self.count}。\n".encode()
            self.needed.discard(body_of(before))
            self._remember(before + more)
            file.write(more)

    def rename(self) -> None:
        """A draft that is there, under another name."""
        path = self._any()
        if path is not None:
            try:
                path.rename(self.blog.inbox / self._new_name())
            except FileNotFoundError:
                return

    def remove(self) -> None:
        """A draft that is there, thrown away."""
        path = self._any()
        if path is not None and self._forget(path):
            path.unlink(missing_ok=True)

    def undo(self) -> None:
        """The newest post taken back, if blogmetad agrees."""
        with self.desk:
            job = next((job for job in self.blog.jobs() if job.state == "done"), None)
            if job is not None and self.blog.command("undo", job.id).returncode == 0:
                self.did["undo"] += 1

    def _any(self) -> Path | None:
        drafts = self._drafts()
        return self.chance.choice(drafts) if drafts else None

    def _drafts(self) -> list[Path]:
        return sorted(path for path in self.blog.inbox.iterdir() if not path.name.startswith("."))

    def _forget(self, path: Path) -> bool:
        """Read what is about to be thrown away; False if it is not there any more."""
        try:
            self.needed.discard(body_of(path.read_bytes()))
        except FileNotFoundError:
            return False
        return True

    def _save(self, name: str, raw: bytes) -> None:
        self._remember(raw)
        part = self.blog.inbox / f".{name}.part"
        part.write_bytes(raw)
        part.rename(self.blog.inbox / name)

    def _remember(self, raw: bytes) -> None:
        self.known.add(body_of(raw))
        self.needed.add(body_of(raw))

    def _new_text(self) -> bytes:
        self.count += 1
        return text(self.chance, self.count)

    def _new_name(self) -> str:
        self.count += 1
        return f"{self.chance.choice(('草稿', 'draft', 'Entwurf', '笔记 '))}{self.count}.md"
