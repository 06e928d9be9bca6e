"""What becomes of a draft: every end its story can come to, and every pause in it. Frozen values, not exceptions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from blogmetad.values import Problem


@dataclass(frozen=True, slots=True)
class Published:
    """The post is durably in the posts folder under ``filename``."""

    filename: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The post is durably in the review folder under ``filename``, where its author may change and approve it."""

    filename: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Held:
    """The author's date lies in the future; the draft stays where it is until then."""

    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """The draft stays where it is and needs the author; all problems at once."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A post with the same body exists; the draft was set aside, nothing was published."""

    of: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """The author saved a newer version while this one was being worked on; that one is a job of its own."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Something outside the draft failed (the model; the disk, if ``disk``); tried again later, after ``wait`` seconds
    if it is known that nothing failed and it will not be long."""

    reason: str
    wait: float | None = None
    disk: bool = False


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The daemon was asked to stop; the draft is taken up again at the next start."""


Outcome: TypeAlias = "Published | Waiting | Held | Parked | Duplicate | Superseded | Retry | Abandoned"
