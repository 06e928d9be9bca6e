"""Drafts the ledger knows: how a person names one, and how JSON lists one."""

from __future__ import annotations

import datetime as dt

from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.offered import offered_post

SHORTEST = 4
"""Characters of an id that name a draft at least; fewer are more likely a slip."""


class NoSuchDraft(BlogmetadError):
    """No draft, or more than one, goes by the id or name given."""

    hint = "'blogmetad journal' lists them"


def open_ledger(settings: Config) -> Ledger:
    """The ledger for reading, also beside a running daemon. Raises BlogmetadError if nothing was recorded yet."""
    file = settings.site.state / "ledger.db"
    if not file.exists():
        error = BlogmetadError(f"nothing was recorded yet for {settings.site.root}")
        error.hint = "start with: blogmetad once"
        raise error
    return Ledger.open_readonly(file)


def find(ledger: Ledger, id: str) -> Job:  # noqa: A002
    """The one job that ``id`` names in full, at its start or at its end. Raises NoSuchDraft."""
    exact = ledger.get(id)
    if exact is not None:
        return exact
    found = ledger.find(id)
    if not found:
        raise NoSuchDraft(f"no draft goes by the id {id}")
    if len(found) > 1:
        raise NoSuchDraft(f"{id} could be any of {', '.join(job.id for job in found[:5])}")
    return found[0]


def find_named(ledger: Ledger, words: str) -> Job:
    """The one job that ``words`` name: by an id, the newest with that draft or post, or by a part of an id that is no
    name and long enough not to be a slip. Raises NoSuchDraft."""
    exact = ledger.get(words) or ledger.latest(words)
    if exact is not None:
        return exact
    wanted = _plain(words)
    named = [job for job in ledger.jobs() if wanted and wanted in (_plain(job.name), _plain(job.target or ""))]
    if named:
        return next((job for job in named if not _is_over(job)), named[0])
    if len(words) < SHORTEST or not ledger.find(words):
        raise NoSuchDraft(f"no draft goes by the id or name {words or repr(words)}")
    return find(ledger, words)


def _is_over(job: Job) -> bool:
    """Whether it is about fields for a published post of which nothing came: who names the post does not mean them."""
    return offered_post(job.name) is not None and job.state in (State.SUPERSEDED, State.UNDONE)


def facts(job: Job, zone: dt.tzinfo) -> dict[str, object]:
    """A job as JSON lists it, times in ``zone``."""
    return {
        "id": job.id,
        "draft": job.name,
        "outcome": job.outcome,
        "post": job.target,
        "arrived": job.arrived.astimezone(zone).isoformat(),
        "updated": job.updated.astimezone(zone).isoformat(),
        "until": job.until.astimezone(zone).isoformat() if job.until else None,
        "problems": [problem.message for problem in job.problems],
        "entry": job.entry,
        "sha256": job.sha256,
        "attempts": job.attempts,
    }


def _plain(name: str) -> str:
    """A file's name as people say it: without folders, end and case."""
    return name.rsplit("/", 1)[-1].casefold().removesuffix(".md")
