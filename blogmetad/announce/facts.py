"""What others are told of a draft: as an environment, as JSON, and as a commit's message. Pure.

Titles and names are other people's text. They are never part of a command line, and what cannot stand in an
environment or in JSON is replaced.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter

from blogmetad.audience import Event
from blogmetad.values import Problem, YamlValue

_LONGEST = 30_000
"""Bytes of a variable at most; the kernel refuses to start a program with much longer ones."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What became of one draft. Paths are absolute; what there is not is None or empty.

    ``draft`` is the draft's name below the drafts folder (``os.fsdecode``), ``fields`` are those of the post, ``of`` is
    the post a duplicate is one of, ``commit`` the post's commit.
    """

    outcome: Event
    id: str
    draft: str
    site: Path
    post: Path | None = None
    journal: Path | None = None
    fields: Mapping[str, YamlValue] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    until: dt.datetime | None = None
    of: str | None = None
    commit: str | None = None

    @property
    def title(self) -> str:
        """The post's title, in one line; empty if it has none."""
        title = self.fields.get("title")
        return " ".join(str(title).split()) if title is not None else ""

    def committed(self, commit: str) -> Facts:
        """The same once the post is committed."""
        return replace(self, commit=commit)


def variables(facts: Facts) -> dict[str, str]:
    """The facts as variables of an environment; all of them are always there. Names of files are exact."""
    texts = {
        "OUTCOME": facts.outcome,
        "ID": facts.id,
        "TITLE": facts.title,
        "PROBLEMS": "\n".join(" ".join(problem.message.split()) for problem in facts.problems),
        "UNTIL": facts.until.isoformat() if facts.until else "",
        "COMMIT": facts.commit or "",
    }
    files = {
        "DRAFT": facts.draft,
        "SITE": str(facts.site),
        "POST": str(facts.post or ""),
        "JOURNAL": str(facts.journal or ""),
        "OF": facts.of or "",
    }
    told = {name: _storable(text) for name, text in texts.items()} | files
    return {f"BLOGMETAD_{name}": value for name, value in told.items()}


def as_json(facts: Facts) -> bytes:
    """The facts as one object on one line. Names of files that are no text have their strange bytes replaced."""
    told = {
        "outcome": facts.outcome,
        "id": facts.id,
        "draft": _text(facts.draft),
        "site": _text(str(facts.site)),
        "post": _text(str(facts.post)) if facts.post else None,
        "journal": _text(str(facts.journal)) if facts.journal else None,
        "title": _text(facts.title),
        "fields": _plain(facts.fields),
        "problems": [{"rule": problem.rule, "message": _text(problem.message)} for problem in facts.problems],
        "until": facts.until.isoformat() if facts.until else None,
        "of": _text(facts.of) if facts.of else None,
        "commit": facts.commit,
    }
    return (json.dumps(told) + "\n").encode("ascii")


def message(template: str, facts: Facts) -> str:
    """A commit's message: one line, without control characters, and never empty."""
    post = facts.post.name if facts.post else facts.draft
    known = {"title": facts.title or post, "post": post, "draft": facts.draft, "id": facts.id}
    parts = (literal + (known[name] if name else "") for literal, name, _, _ in Formatter().parse(template))
    line = " ".join(_text("".join(parts)).split())
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in line) or facts.id


def _plain(value: object) -> object:
    """A value as JSON has it: numbers that are none, and keys and values of other kinds, become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _text(name: str) -> str:
    """A name as text, bytes of it that are none replaced; other text as it is."""
    return name.encode("utf-8", "surrogateescape" if _is_name(name) else "replace").decode("utf-8", "replace")


def _is_name(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> str:
    """Text that can stand in an environment: without zero bytes, and not too long."""
    raw = _text(text).replace("\0", "\ufffd").encode("utf-8")
    return raw[:_LONGEST].decode("utf-8", "ignore")
