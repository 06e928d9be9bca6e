"""What the page shows, grouped and worded, but without any HTML. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from blogmetad.cli.review.page.errands import Errand
from blogmetad.cli.review.page.inputs import Input
from blogmetad.journal.difference import Piece, pieces
from blogmetad.journal.page.view import Draft as Told
from blogmetad.journal.page.view import Revised, Row
from blogmetad.values import Finding, Problem

MOST_TEXT = 200_000
"""Characters of a post that are shown."""


@dataclass(frozen=True, slots=True)
class Card:
    """A draft or post in the list. ``note`` is what there is to say of it, or ``wrong`` why it cannot be read;
    ``sha256`` the version that waits."""

    id: str
    title: str
    file: str
    when: dt.datetime
    note: str = ""
    wrong: str = ""
    terms: tuple[str, ...] = ()
    sha256: str = ""
    errand: Errand | None = None
    is_offer: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the author may want to see to, and what was published last. ``version`` changes with any of it."""

    waiting: tuple[Card, ...]
    working: tuple[Card, ...]
    parked: tuple[Card, ...]
    held: tuple[Card, ...]
    published: tuple[Card, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A term that may be taken, and how many posts have it."""

    name: str
    posts: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field to be filled in. ``row`` is what the journal tells of it, ``decided`` the value it last got from us, and
    ``marked`` the way from what was proposed to what is in it; ``wrong`` is why it could not be written, ``now`` what
    the file has where the form has something else."""

    input: Input
    row: Row | None = None
    decided: str | None = None
    marked: tuple[Piece, ...] = ()
    findings: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    wrong: str = ""
    now: Input | None = None

    @property
    def is_edited(self) -> bool:
        """Whether its author has changed the words or terms since they were decided."""
        words = self.input.kind in ("line", "text", "terms")
        return words and self.decided is not None and said(self.input) != self.decided


@dataclass(frozen=True, slots=True)
class File:
    """The file of a post as it is now: its hash, fields and text, or ``problems`` where it cannot be read."""

    sha256: str
    fields: tuple[Field, ...] = ()
    text: str = ""
    is_whole: bool = True
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A post with all that can be said and done. ``file`` is None where there is none any more; ``before`` and
    ``after`` are the ids of the posts that wait beside it. ``is_offer``: it is a published one, with fields that
    backfill proposes. ``unsaved``: what is shown was filled in and could not be written."""

    id: str
    title: str
    name: str
    state: Literal["waiting", "published", "other"]
    outcome: str
    path: str
    file: File | None
    revised: tuple[Revised, ...]
    errand: Errand | None
    place: int
    of: int
    before: str | None
    after: str | None
    version: str
    is_offer: bool = False
    notice: str = ""
    words: str = ""
    unsaved: bool = False


def said(shown: Input) -> str:
    """What stands in a field, as the journal writes it."""
    return ", ".join(shown.terms) if shown.kind == "terms" else shown.text


def fields(
    shown: Sequence[Input],
    told: Told,
    findings: Sequence[Finding],
    choices: Mapping[str, tuple[Choice, ...]],
) -> tuple[Field, ...]:
    """The fields of a post, each with what is known and to be said of it."""
    rows = {row.field.name: row for row in told.rows}
    decided = {name: row.field.text for name, row in rows.items()}
    decided |= {change.field: change.after or "" for each in told.account.revisions for change in each.changes}
    return tuple(
        Field(
            each,
            rows.get(each.name),
            decided.get(each.name),
            _marked(rows.get(each.name), each),
            tuple(finding for finding in findings if finding.field == each.name and _is_news(finding, each)),
            choices.get(each.name, ()),
        )
        for each in shown
    )


def _is_news(finding: Finding, shown: Input) -> bool:
    """Nobody need be told that a field which may be missing is."""
    return shown.there or finding.severity == "error"


def _marked(row: Row | None, shown: Input) -> tuple[Piece, ...]:
    """The way from what the model proposed to what the file has."""
    if row is None or row.field.proposed is None or shown.kind == "terms" or row.field.proposed == shown.text:
        return ()
    return pieces(row.field.proposed, shown.text)


def answered(
    file: File, filled: Sequence[Input], problems: Sequence[Problem] = (), based_on: Sequence[Input] | None = None
) -> File:
    """The file with what its author filled in, for them to see again, and with what is wrong.

    ``based_on`` is what they were shown, if the file is another by now: what they left as it was then is as the file
    has it, and beside what they changed stands what the file has.
    """
    wrong: dict[str | None, str] = {}
    for problem in problems:
        wrong[problem.field] = " ".join(filter(None, (wrong.get(problem.field), problem.message)))
    typed = {each.name: each for each in filled}
    for each in based_on or ():
        if each.name in typed and said(typed[each.name]) == said(each):
            del typed[each.name]
    return replace(
        file,
        fields=tuple(
            _answered(field, typed, wrong.get(field.input.name, ""), stale=based_on is not None)
            for field in file.fields
        ),
    )


def _answered(field: Field, typed: Mapping[str, Input], wrong: str, *, stale: bool) -> Field:
    mine = typed.get(field.input.name, field.input)
    differs = stale and said(mine) != said(field.input)
    marked = _marked(field.row, mine)
    return replace(field, input=mine, marked=marked, wrong=wrong, now=field.input if differs else None)
