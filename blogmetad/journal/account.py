"""A draft's story as typed facts, read out of its steps: what lists, searches, counts and the page are made of. Pure.

A ledger outlives versions of blogmetad, so any fact may be missing. It is then left out, and the rest still told.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from blogmetad.journal.entry import ENDS, Happened, Story
from blogmetad.offered import offered_post
from blogmetad.values import Usage

_WORDS = ("tags", "categories")
"""Fields in which Jekyll takes text for terms with spaces between them."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the post: its value as text, as terms where it holds a list, and how it came to be.

    ``proposed`` is what the model said before the check, ``changes`` what the check did to it, a sentence each;
    ``rule`` is cited without the name of its document.
    """

    name: str
    text: str
    terms: tuple[str, ...] = ()
    source: str = ""
    rule: str = ""
    proposed: str | None = None
    changes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the model: what it proposed for each field, and why some of it could not be used."""

    at: dt.datetime
    model: str
    mode: str
    values: Mapping[str, str]
    usage: Usage
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a post before and after it was revised; None where it was not there. ``terms`` are those it has now,
    where it holds a list."""

    field: str
    before: str | None
    after: str | None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """A post that was revised as its author asked, in these ``words``."""

    at: dt.datetime
    words: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar post, and its share of what all of them weigh together."""

    post: str
    share: float


@dataclass(frozen=True, slots=True)
class Moment:
    """That a step was taken, and when."""

    at: dt.datetime
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known of one version of one draft. ``chars`` is the length of its body, ``shown`` how much of that
    the model read, ``asked`` the fields it was asked for, ``of`` how many posts the site had; ``reasons`` say why the
    draft is parked, or was not worked on.

    ``attempts`` are those of the work that led to the outcome, ``fields`` what was decided then, and ``moments`` all
    steps. ``begun`` and ``finished`` are when that work was, ``ended`` when anything last happened.
    """

    id: str
    draft: str
    outcome: str
    post: str | None
    arrived: dt.datetime
    settled: dt.datetime
    begun: dt.datetime
    finished: dt.datetime | None
    ended: dt.datetime
    until: dt.datetime | None
    sha256: str
    size: int
    chars: int | None
    shown: int | None
    asked: tuple[str, ...]
    rules: str
    neighbours: tuple[Neighbour, ...]
    of: int
    attempts: tuple[Attempt, ...]
    fields: tuple[Field, ...]
    revisions: tuple[Revision, ...]
    queued: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    moments: tuple[Moment, ...]

    @property
    def title(self) -> str:
        """What the post is called now; the draft's name where there is no title."""
        revised = [change.after for each in self.revisions for change in each.changes if change.field == "title"]
        decided = [field.text for field in self.fields if field.name == "title"]
        return next((title for title in (*reversed(revised), *decided) if title), self.draft)

    @property
    def became_a_post(self) -> bool:
        """Whether a new post came of it. Fields that were filled in to one that was there make none."""
        return self.outcome in ("done", "published") and offered_post(self.draft) is None

    @property
    def model(self) -> str | None:
        """The model that was asked, if one was."""
        return self.attempts[-1].model if self.attempts else None

    @property
    def seconds(self) -> float | None:
        """How long that work took; None while it is under way."""
        return None if self.finished is None else max(0.0, (self.finished - self.begun).total_seconds())

    @property
    def changed(self) -> tuple[str, ...]:
        """The fields in which the check did not leave the model's proposal as it was, or refused it."""
        refused = {name for attempt in self.attempts for name in attempt.refused}
        told = [field.name for field in self.fields if field.name in refused or (field.proposed and field.changes)]
        return (*told, *sorted(refused - set(told)))

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """The terms the post has now: field and term."""
        latest = {field.name: field.terms for field in self.fields}
        latest |= {change.field: change.terms for each in self.revisions for change in each.changes}
        return tuple((name, term) for name, terms in latest.items() for term in terms)


def read(story: Story) -> Account:
    """A story as typed facts."""
    work = _work(story.steps)
    facts = _Facts(work)
    seen, digest, near, checked = (facts.last(name) for name in ("read", "digest", "recalled", "checked"))
    rules = _titled(facts.last("rules"))
    rows = [row for row in _maps(checked.get("decisions")) if row.get("field")]
    return Account(
        id=story.id,
        draft=story.name,
        outcome=story.outcome,
        post=story.target,
        arrived=story.arrived,
        settled=story.settled,
        begun=work[0].at if work and work[0].name == "read" else story.settled,
        finished=work[-1].at if work and work[-1].name in ENDS else None,
        ended=story.steps[-1].at if story.steps else story.settled,
        until=story.until,
        sha256=story.sha256,
        size=story.size,
        chars=_number(seen.get("chars")),
        shown=_number(digest.get("chars")),
        asked=tuple(map(str, digest.get("asked") or ())),
        rules=rules,
        neighbours=tuple(
            Neighbour(str(row["post"]), float(row.get("share") or 0.0)) for row in _maps(near.get("posts"))
        ),
        of=_number(near.get("of")) or 0,
        attempts=_attempts(work),
        fields=tuple(_field(row) for row in rows),
        revisions=tuple(_revision(step) for step in story.steps if step.name == "revised"),
        queued=tuple((str(field), str(term)) for field, term in _pairs(checked.get("queued"))),
        reasons=_reasons(story),
        moments=tuple(Moment(step.at, step.name) for step in story.steps),
    )


def _work(steps: Sequence[Happened]) -> Sequence[Happened]:
    """The steps of the last work on the draft, from its reading to its end. It may have been read before that, as one
    that waited for its date, and have had its post revised, approved or withdrawn later."""
    first = max((place for place, step in enumerate(steps) if step.name == "read"), default=0)
    end = next((place for place, step in enumerate(steps) if place >= first and step.name in ENDS), len(steps))
    return steps[first : end + 1]


class _Facts:
    """The facts of the last step of each name."""

    def __init__(self, steps: Iterable[Happened]) -> None:
        self._last = {step.name: step.data for step in steps}

    def last(self, name: str) -> Mapping[str, Any]:
        return self._last.get(name, {})


def _attempts(steps: Sequence[Happened]) -> tuple[Attempt, ...]:
    """The answers since the model was last begun with."""
    begun = max((place for place, step in enumerate(steps) if step.name == "digest"), default=0)
    attempts: list[Attempt] = []
    for step in steps[begun:]:
        if step.name == "proposed":
            attempts.append(_attempt(step))
        elif step.name == "refused" and attempts:
            refused = {str(row["field"]): str(row.get("message", "")) for row in _maps(step.data.get("problems"))}
            last = attempts.pop()
            attempts.append(Attempt(last.at, last.model, last.mode, last.values, last.usage, refused))
    return tuple(attempts)


def _attempt(step: Happened) -> Attempt:
    data = step.data
    known = {field.name for field in fields(Usage)}
    usage = {key: value for key, value in dict(data.get("usage") or {}).items() if key in known}
    values = {str(field): str(value) for field, value in dict(data.get("values") or {}).items()}
    return Attempt(step.at, str(data.get("model", "")), str(data.get("mode", "")), values, Usage(**usage), {})


def _revision(step: Happened) -> Revision:
    changes = tuple(_change(row) for row in _maps(step.data.get("changes")) if row.get("field"))
    return Revision(step.at, str(step.data.get("words", "")), changes)


def _change(row: Mapping[str, Any]) -> Change:
    name, before, after = str(row["field"]), row.get("before"), row.get("after")
    return Change(
        name,
        _text(before) if before is not None else None,
        _text(after) if after is not None else None,
        _terms(name, after),
    )


def _titled(rules: Mapping[str, Any]) -> str:
    return f"{rules['name']} v{rules.get('version', '?')}" if rules.get("name") else ""


def _uncited(rule: str) -> str:
    """A rule without the name of its document, which stories of published posts do not tell elsewhere."""
    return rule.rpartition(" (rules: ")[0] or rule


def _field(row: Mapping[str, Any]) -> Field:
    name, value = str(row["field"]), row.get("value")
    proposed = row.get("proposed")
    return Field(
        name=name,
        text=_text(value),
        terms=_terms(name, value),
        source=str(row.get("source", "")),
        rule=_uncited(str(row.get("rule", "")).removeprefix(f"{name}: ")),
        proposed=None if proposed is None else str(proposed),
        changes=tuple(map(str, row.get("changes") or ())),
        evidence=tuple(map(str, row.get("evidence") or ())),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _terms(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str))
    return tuple(value.split()) if name in _WORDS and isinstance(value, str) else ()


def _reasons(story: Story) -> tuple[str, ...]:
    """Why a draft has not become a post."""
    if story.outcome == "parked":
        parked = next((step.data for step in reversed(story.steps) if step.name == "parked"), {})
        return tuple(str(row.get("message", "")) for row in _maps(parked.get("problems")))
    if story.outcome in ("held", "duplicate"):
        told = next((step.data for step in reversed(story.steps) if step.name == story.outcome), {})
        return (str(told["note"]),) if told.get("note") else ()
    return ()


def _maps(rows: Any) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _pairs(rows: Any) -> list[list[Any]]:
    return [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
