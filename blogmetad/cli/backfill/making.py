"""Offers made of answers: put into the review folder, and into the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from blogmetad import files, offers
from blogmetad.backfill import Filled
from blogmetad.cli.backfill.asking import Answer
from blogmetad.cli.backfill.choice import Lacking
from blogmetad.cli.run import FolderTrouble
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.intake.scan import being_written
from blogmetad.journal import record
from blogmetad.journal.ledger import Ledger
from blogmetad.lock import AlreadyRunning, alone
from blogmetad.publish import offer, rebuild, revert
from blogmetad.publish.folders import Folders, at_a_glance
from blogmetad.publish.offer import Offer
from blogmetad.publish.place import Placer
from blogmetad.publish.records import JobLike, Refused
from blogmetad.rounds import REVIEW
from blogmetad.site.jekyll import read_site


class LedgerLost(BlogmetadError):
    """The ledger does not know what lies in the state folder."""

    hint = "run 'blogmetad once' first: it builds the ledger anew"


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one post. ``file`` waits in the review folder, with the ``fields`` that are new in it; for those
    in ``left`` nothing fit was found. ``problems`` are whole sentences."""

    path: str
    outcome: Literal["waiting", "nothing", "changed", "failed"]
    id: str | None = None
    file: str | None = None
    fields: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    seconds: float = 0.0
    problems: tuple[str, ...] = ()


class Maker:
    """Makes offers; one at a time, and only one of it on a site."""

    def __init__(self, settings: Config, ledger: Ledger, placer: Placer, zone: dt.tzinfo) -> None:
        self._settings, self.ledger, self._placer, self._zone = settings, ledger, placer, zone

    def make(self, answer: Answer) -> Made:
        """Have an answer wait for its author. Raises OSError, LedgerError."""
        path, found = answer.of.path, answer.found
        if not isinstance(found, Filled):
            return Made(path, "failed", problems=tuple(problem.message for problem in found), seconds=answer.seconds)
        if not found.added:
            return Made(path, "nothing", left=found.left, seconds=answer.seconds)
        refused = self._make_way(answer.of)
        if refused is not None:
            return Made(path, "failed", problems=(refused,))
        steps = [(name, data) for name, data in answer.steps if name != "composed"]  # it tells of another file's name
        offered = Offer(path, answer.of.post.raw, found.content, found.added, steps)
        job = offer.make(self._placer, offered, answer.seconds)
        if job is None:
            return Made(path, "changed", problems=(f"The post {path} was changed meanwhile; run backfill again.",))
        self._write_entry(job)
        return Made(path, "waiting", job.id, job.target, found.added, found.left, answer.seconds)

    def _make_way(self, item: Lacking) -> str | None:
        """Withdraw an earlier offer for the same post; why not, if its author has edited it."""
        if item.waits is None:
            return None
        with alone(self._settings.site.state / offers.TAKING_BACK, "to take a draft back"):
            result = revert.take_back(self._placer, item.waits)
        if isinstance(result, Refused):
            return result.reason
        self._write_entry(item.waits)
        return None

    def _write_entry(self, job: JobLike) -> None:
        record.write_entry_or_leave_it(self._settings.site.journal, self.ledger, job.id, self._zone, self._placer.now())


@contextmanager
def maker(settings: Config) -> Iterator[Maker]:
    """Whoever makes offers on a site, beside a running daemon or without one. What an earlier run left half done is
    finished first. Raises AlreadyRunning, FolderTrouble, LedgerLost, LedgerError, OSError."""
    site, zone = settings.site, read_site(settings.site.root).timezone
    files.make_dir(site.state)
    try:
        with alone(site.state / offers.MAKING, "to fill fields in"), Ledger(site.state / "ledger.db") as ledger:
            placer = Placer(Folders.of(settings), ledger, lambda: dt.datetime.now(zone), being_written)
            files.make_dir(site.review, 0o777)
            trouble = at_a_glance(placer.folders)
            if trouble:
                raise FolderTrouble(trouble)
            if rebuild.needed(placer):
                raise LedgerLost(f"the ledger of {site.root} was lost")
            files.make_dir(site.state / REVIEW)  # by which a running daemon sees that posts come to wait
            offers.finish(placer)
            yield Maker(settings, ledger, offer.offering(placer), zone)
    except AlreadyRunning as error:
        error.hint = "wait until it is done, or stop it there with Ctrl-C"
        raise
