"""Which drafts are meant: by time, outcome, term, field that the check changed, and words. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from blogmetad.journal.account import Account

OUTCOMES = {
    "published": ("done", "published"),
    "needs-you": ("parked", "waiting"),
    "working": ("accepted", "staged"),
}
"""Outcomes as people say them; every other is called as the ledger calls it."""

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_RUN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]+|[^\s\u2e80-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Selection:
    """What drafts are asked for; what is left empty does not matter. ``outcomes`` are states of the ledger."""

    since: dt.datetime | None = None
    outcomes: tuple[str, ...] = ()
    tag: str | None = None
    changed: str | None = None

    @property
    def needs_steps(self) -> bool:
        """Whether the steps of a draft have to be read to tell if it is meant."""
        return bool(self.tag or self.changed)

    def takes(self, account: Account) -> bool:
        """Whether a draft is meant."""
        return (
            (self.since is None or account.arrived >= self.since)
            and (not self.outcomes or account.outcome in self.outcomes)
            and (self.tag is None or _same(self.tag) in {_same(term) for _, term in account.terms})
            and (self.changed is None or self.changed in account.changed)
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A place of a draft's account in which words were found."""

    where: str
    text: str


def since(words: str, now: dt.datetime) -> dt.datetime:
    """The moment that ``words`` name: a span back from ``now`` (``12h``, ``3d``, ``2w``), or a day, perhaps with its
    time, as that of the site. Raises ValueError."""
    span = re.fullmatch(r"(\d{1,5})([hdw])", words.strip().lower())
    if span:
        return now - dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
    moment = dt.datetime.fromisoformat(words.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def search(accounts: Sequence[Account], words: str) -> Iterator[tuple[Account, tuple[Hit, ...]]]:
    """The drafts in whose names and metadata every word stands, and where the words stand. Case and width of
    characters make no difference; Chinese and Latin beside each other are words of their own, with or without a space.
    """
    wanted = _RUN.findall(_folded(words))
    for account in accounts if wanted else ():
        places = [(where, text, _folded(text)) for where, text in _places(account)]
        if all(any(word in folded for _, _, folded in places) for word in wanted):
            hits = (Hit(where, text) for where, text, folded in places if any(word in folded for word in wanted))
            yield account, tuple(hits)


def _places(account: Account) -> Iterator[tuple[str, str]]:
    yield "draft", account.draft
    if account.post:
        yield "post", account.post
    for field in account.fields:
        yield field.name, field.text
    for attempt in account.attempts:
        finals = {field.name: field.text for field in account.fields}
        yield from ((f"{name} proposed", text) for name, text in attempt.values.items() if text != finals.get(name))
    for revision in account.revisions:
        yield "revised", revision.words
        yield from ((f"{change.field} revised", change.after) for change in revision.changes if change.after)
    yield from ((f"new in {field}", term) for field, term in account.queued)
    yield from (("problem", reason) for reason in account.reasons)
    if account.model:
        yield "model", account.model


def _same(term: str) -> str:
    """A term without what makes no difference in recognising it."""
    return re.sub(r"[\s_-]+", " ", _folded(term)).strip()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
