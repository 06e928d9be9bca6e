"""What a bad input is: bytes under a name, or a way to make it; what becomes of it; and what its author is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["published", "parked", "held", "duplicate", "ignored"]

BODY = "今天读完了一本讲数据库的书，这里记下最有用的几点，and a few words of English.\n"


@dataclass(frozen=True)
class Case:
    """A row of the table. ``make`` puts the input into the folder where bytes under a name are not enough.

    ``head`` are the author's lines of front matter and ``body`` the rest, of what is to be published; ``told`` are
    pieces of the message, ``rule`` its id.
    """

    what: str
    outcome: Outcome
    raw: bytes = b""
    name: str = ""
    head: bytes = b""
    body: bytes = b""
    rule: str = ""
    told: tuple[str, ...] = ()
    make: Callable[[Path], None] | None = None

    @property
    def file(self) -> str:
        return self.name or f"{self.what.replace(' ', '-').replace('/', '-')}.md"

    def put(self, folder: Path) -> None:
        """Make the input in the drafts folder."""
        if self.make is not None:
            self.make(folder / self.file)
        else:
            (folder / self.file).write_bytes(self.raw)


def text(what: str, body: str | bytes, *, name: str = "") -> Case:
    """A file without front matter that becomes a post, to the byte."""
    raw = body.encode() if isinstance(body, str) else body
    return Case(what, "published", raw, name, body=raw.removeprefix(b"\xef\xbb\xbf"))


def matter(what: str, head: str, *, name: str = "") -> Case:
    """A file whose front matter is kept as it stands, with a body that no other file has."""
    body = f"{BODY}{what}\n".encode()
    return Case(what, "published", f"---\n{head}---\n".encode() + body, name, head=head.encode(), body=body)


def refused(what: str, raw: str | bytes, rule: str, *told: str, name: str = "") -> Case:
    """A file that is left where it is, and why."""
    return Case(what, "parked", raw.encode() if isinstance(raw, str) else raw, name, rule=rule, told=told)


def bad_matter(what: str, head: str, rule: str, *told: str) -> Case:
    """Front matter that is refused, over a good body."""
    return refused(what, f"---\n{head}---\n{BODY}", rule, *told)


def odd(what: str, make: Callable[[Path], None], rule: str, *told: str, name: str = "") -> Case:
    """Something in the folder that is no file of text."""
    return Case(what, "parked", name=name, rule=rule, told=told, make=make)


def raw_name(name: bytes) -> str:
    """A name as the system has it, valid UTF-8 or not."""
    return os.fsdecode(name)
