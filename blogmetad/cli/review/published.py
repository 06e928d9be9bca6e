"""A published post revised where it lies, and renamed; as it was, it is kept in the state folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blogmetad import files, offers, renaming, revision
from blogmetad.announcer import Announcer
from blogmetad.cli.desk import desk
from blogmetad.cli.review.marks import ReviewError, read, rewrite
from blogmetad.config import Config
from blogmetad.intake.scan import being_written
from blogmetad.journal import record
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.lock import alone
from blogmetad.publish import rename
from blogmetad.publish.compose import ComposeError
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.renaming import Renamed
from blogmetad.reviewing import REVISED, told
from blogmetad.revision import Change, Revised
from blogmetad.rules import document
from blogmetad.rules.renaming import asked
from blogmetad.site.jekyll import SiteConfig, read_site
from blogmetad.values import Problem, sha256

_BY_TITLE = ("title", "og:title")


@dataclass(frozen=True, slots=True)
class _Case:
    """A published post that is to be revised: what is known of it, and its bytes."""

    settings: Config
    job: Job
    site: SiteConfig
    raw: bytes

    @property
    def path(self) -> Path:
        return self.settings.site.posts / str(self.job.target)

    def now(self) -> dt.datetime:
        return dt.datetime.now(self.site.timezone)


def revise_published(settings: Config, job: Job, words: str, keep_going: Callable[[], bool]) -> Mapping[str, Any]:
    """Revise a post where it lies among the posts, and rename it if that is what the words say; what was changed.

    Raises BlogmetadError.
    """
    case = _Case(settings, job, read_site(settings.site.root), read(settings, settings.site.posts / str(job.target)))
    said, rest = asked(words)
    if said is not None:
        _moved(case, case.raw, said)  # before a model is asked, which takes a while
    found = Revised(case.raw, ()) if said is not None and not rest else _ask(case, rest, keep_going)
    if said is None:
        facts = {"kept": str(_put(case, found.content)), "warnings": list(_retitled(case, found))}
        return _tell(case, words, found.content, found.changes, facts)
    return _rename(case, words, said, found)


def _ask(case: _Case, words: str, keep_going: Callable[[], bool]) -> Revised:
    arrived = case.job.arrived.astimezone(case.site.timezone)
    with desk(case.settings, document.load(case.settings.site.rules), keep_going) as tools:
        found = revision.revise(str(case.job.target), case.raw, words, tools, arrived=arrived)
    if not isinstance(found, Revised):
        raise ReviewError(" ".join(problem.message for problem in found))
    if not found.changes:
        raise ReviewError("the model has no other idea; say it in other words, or write what you want between quotes")
    return found


def _put(case: _Case, content: bytes) -> Path:
    """Exchange the post's bytes; those it had are kept. Raises ReviewError."""
    kept = case.settings.site.state / REVISED / f"{case.now().astimezone(dt.UTC):%Y%m%dT%H%M%S.%fZ}" / case.path.name
    files.make_dir(kept.parent)
    files.write_new(kept, case.raw, mode=0o600)
    if not rewrite(case.path, case.raw, content):
        raise ReviewError(f"{case.path} was changed meanwhile, so it is left as it is; say it again")
    return kept


def _moved(case: _Case, raw: bytes, said: str) -> Renamed:
    """The post under its new name. Raises ReviewError."""
    try:
        moved = renaming.rename(str(case.job.target), raw, said, case.site)
    except ComposeError as error:
        raise ReviewError(error.reason) from None
    if isinstance(moved, Problem):
        raise ReviewError(moved.message)
    with Ledger.open_readonly(case.settings.site.state / "ledger.db") as ledger:
        if rename.is_taken(Placer(Folders.of(case.settings), ledger, case.now), str(case.job.target), moved.path):
            raise ReviewError(f"there is a post called {Path(moved.path).name} already")
    return moved


def _rename(case: _Case, words: str, said: str, found: Revised) -> Mapping[str, Any]:
    """Put the post's new bytes in their place and give it its name, or leave it with neither. Raises ReviewError."""
    state, moved = case.settings.site.state, _moved(case, found.content, said)
    with alone(state / offers.TAKING_BACK, "to rename a post"), Ledger(state / "ledger.db") as ledger:
        placer = Placer(Folders.of(case.settings), ledger, case.now)
        if being_written(case.path):
            raise ReviewError(f"{case.path} is being written; save it, and say it again")
        intent = rename.intend(placer, case.job, moved.path, sha256(case.raw), sha256(moved.content))
        try:
            kept = _put(case, moved.content)
        except BaseException:
            rename.call_off(placer, case.job, intent)
            raise
        if not rename.settle(placer, case.job, intent):
            rewrite(case.path, moved.content, case.raw)
            raise ReviewError(f"{case.path} could not be renamed: it was changed, or the name was taken just now")
    changes = (*found.changes, *_changes(case, moved))
    facts = {
        "kept": str(kept),
        "renamed": {"from": str(case.job.target), "to": moved.path},
        "warnings": [*_retitled(case, found), *moved.warnings],
    }
    return _tell(case, words, moved.content, changes, facts)


def _changes(case: _Case, moved: Renamed) -> Iterator[Change]:
    yield Change("file name", case.path.name, Path(moved.path).name)
    if moved.redirect is not None:
        yield Change(renaming.REDIRECT, None, [moved.redirect])


def _retitled(case: _Case, found: Revised) -> Iterator[str]:
    if case.site.comments in _BY_TITLE and any(change.field == "title" for change in found.changes):
        kept = f"giscus keeps comments by title (mapping: {case.site.comments})"
        yield f"{kept}: those of this post stay with the old one."


def _tell(
    case: _Case, words: str, content: bytes, changes: tuple[Change, ...], facts: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Write it into the ledger and the journal, and tell others."""
    settings, job, now = case.settings, case.job, case.now()
    site, data = settings.site, {**told(words, Revised(content, changes)), **facts}
    with Ledger(site.state / "ledger.db") as ledger:
        announcer = Announcer(settings, ledger, case.now, lambda: True)
        with ledger.transaction():
            announcer.promise(job.id, "revised")
            ledger.step(job.id, REVISED, data, now)
            if job.post_sha256 == sha256(case.raw):
                ledger.move(job.id, State.DONE, now, post_sha256=sha256(content))
        record.write_entry_or_leave_it(site.journal, ledger, job.id, case.site.timezone, now)
        if announcer.due(job.id):
            announcer.keep(job.id)
            record.write_entry_or_leave_it(site.journal, ledger, job.id, case.site.timezone, now)
    return {**data, "post": facts.get("renamed", {}).get("to", job.target)}
