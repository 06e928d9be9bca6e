"""Rounds over both folders: that of the drafts, and that of the posts which wait for their author's approval.

The review has a ledger and a state folder of its own, so that a file there is as safe as a draft. What becomes of it is
told in the story of the draft it was made of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from blogmetad import files, matter, offers
from blogmetad.attempt import Tools
from blogmetad.audience import Git, Notify
from blogmetad.intake.scan import FolderGone, being_written
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.journal.renewal import open_whole
from blogmetad.offered import offered_post
from blogmetad.outcomes import Published, Superseded
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from blogmetad.reviewing import is_marked, review
from blogmetad.runner import Procedure, Round, Runner
from blogmetad.upkeep import AGAIN
from blogmetad.verdicts import Fate

log = structlog.get_logger("blogmetad")


REVIEW = "review"
"""The review's own state folder, below the site's. Where it is, posts are reviewed or have been."""


class Rounds:
    """What a Runner does, for both folders. Used by one thread."""

    def __init__(self, drafts: Runner, tools: Tools, waiting: Runner | None = None, desk: Tools | None = None) -> None:
        """``waiting`` and its tools, ``desk``, see to the review folder, if there is one."""
        self._drafts, self._tools, self._waiting, self._desk = drafts, tools, waiting, desk
        self._runners = (drafts,) if waiting is None else (waiting, drafts)
        self._gone = self._recovered = False
        self._missing: dict[str, float] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders in which a change may bring work."""
        site = self._tools.config.site
        return (site.drafts,) if self._waiting is None else (site.drafts, site.review)

    @property
    def outdated(self) -> bool:
        """Whether posts have come to wait for their author since these rounds were opened, which see to none."""
        return self._waiting is None and (self._tools.config.site.state / REVIEW).is_dir()

    @property
    def busy(self) -> bool:
        """Whether any file is being worked on."""
        return any(runner.busy for runner in self._runners)

    @property
    def landed(self) -> bool:
        """Whether a file is done that the next round will close."""
        return any(runner.landed for runner in self._runners)

    @property
    def announcing(self) -> bool:
        """Whether others are being told what became of drafts."""
        return any(runner.announcing for runner in self._runners)

    @property
    def silence(self) -> float:
        """Seconds since the work on some file gave a sign of life; long if it is frozen."""
        return max(runner.silence for runner in self._runners)

    def recover(self) -> None:
        """Carry on with what an earlier run left half done. Raises OSError or BlogmetadError if that has to wait."""
        for runner in self._runners:
            runner.recover()
        self._recovered = offers.recover(self._tools)
        self._conclude()

    def prune(self) -> None:
        """Remove the kept copies of files that ended longer ago than the configuration says."""
        for runner in self._runners:
            runner.prune()

    def stop(self) -> None:
        """Withdraw what is in flight, wait until it is, and write down what became of each."""
        for runner in self._runners:
            runner.stop()

    def round(self) -> Round:
        """One round over the review folder, one over the drafts. Raises FolderGone if the drafts folder is away."""
        if self._waiting is None:
            return self._drafts.round()
        reviewed = self.review()
        drafts = self._drafts.round()
        missed = [self._tools.config.intake.settle_seconds] if self._missing else []
        times = [*missed, *(each.again for each in (reviewed, drafts) if each.again is not None)]
        return Round(
            done=(*reviewed.done, *drafts.done),
            flying=(*reviewed.flying, *drafts.flying),
            waiting=reviewed.waiting + drafts.waiting,
            again=min(times, default=None),
            trouble=drafts.trouble,
        )

    def review(self) -> Round:
        """One round over the review folder alone."""
        if self._waiting is None:
            return Round((), (), 0, None)
        try:
            found = self._waiting.round()
        except FolderGone as error:
            if not self._gone:
                log.error(
                    "review folder is away", reason=error.reason, next="what waits there is seen to once it is back"
                )
            self._gone = True
            return Round((), (), 0, AGAIN)
        self._gone = False
        if not self._recovered and not self.busy:
            self._recovered = offers.recover(self._tools)
        self._conclude()
        self._drafts.announce()
        return found

    def _conclude(self) -> None:
        """Tell in the drafts' stories what became of their posts in the review folder."""
        if self._gone or self._desk is None:
            return
        missing: dict[str, float] = {}
        for job in self._tools.ledger.jobs(State.WAITING, newest_first=False):
            fate = self._fate(job, self._desk)
            if fate is not None and isinstance(fate.outcome, Superseded):
                # Many programs save by putting another file in the place of the old one: for a moment there is none.
                since = missing[job.id] = self._missing.get(job.id, time.monotonic())
                if time.monotonic() - since < self._tools.config.intake.settle_seconds:
                    continue
                del missing[job.id]
            if fate is not None:
                self._drafts.conclude(job, fate.outcome, fate.facts)
        self._missing = missing

    def _fate(self, job: Job, desk: Tools) -> Fate | None:
        """What became of a waiting post; None if it still waits."""
        if offered_post(job.name) is not None:
            return self._fate_of_offer(job)
        name, site = str(job.target), self._tools.config.site
        if (site.review / name).exists():
            return None
        placed = desk.ledger.latest(name)
        if placed is not None and placed.updated >= job.updated:
            if placed.state is State.DONE and placed.post_sha256 is not None:
                return Fate(Published(str(placed.target), placed.post_sha256), {"by": "approve: true"})
            if placed.state in (State.STAGED, State.PUBLISHED):
                return None
        if self._renamed(job):
            return None
        self._tools.index.refresh()
        moved = name if (site.posts / name).is_file() else self._tools.index.twin(job.body_sha256)
        digest = None if moved is None else files.digest(site.posts / moved)
        if moved is not None and digest is not None:
            return Fate(Published(moved, digest), {"by": "moved among the posts by hand"})
        return Fate(Superseded(), {"because": "the post was taken out of the review folder"})

    def _fate_of_offer(self, job: Job) -> Fate | None:
        assert self._waiting is not None
        fate = offers.fate(self._tools, job, idle=not self._waiting.busy)
        declined = fate is not None and isinstance(fate.outcome, Superseded)
        return None if declined and self._renamed(job) else fate

    def _renamed(self, job: Job) -> bool:
        """Whether the post's text lies in the review folder under another name now, which is then known."""
        known = {other.target for other in self._tools.ledger.jobs(State.WAITING)}
        for path in sorted(self._tools.config.site.review.glob("*.md")):
            if path.name not in known and path.is_file() and matter.body_hash(path.read_bytes()) == job.body_sha256:
                self._tools.ledger.move(job.id, State.WAITING, self._tools.now(), target=path.name)
                return True
        return False


@contextmanager
def opened(tools: Tools, wake: Callable[[], None], claim: Callable[[], None]) -> Iterator[Rounds]:
    """The rounds of a site, with a desk for the review if posts are reviewed or have been; what is in flight at the end
    is withdrawn. ``wake`` and ``claim`` are those of the Runner of the drafts.

    Raises LedgerError, OSError.
    """
    site, state, reviewed = tools.config.site, tools.config.site.state / REVIEW, tools.placer.folders.reviewed
    with ExitStack() as stack:
        desk = waiting = None
        if reviewed or state.is_dir():
            files.make_dir(site.review, 0o777)
            files.make_dir(state)
            desk = _desk(tools, stack.enter_context(open_whole(state / "ledger.db", tools.now())), state)
            waiting = Runner(desk, wake, procedure=Procedure(is_marked, review(tools)))
        made = Rounds(Runner(tools, wake, claim), tools, waiting, desk)
        try:
            yield made
        finally:
            made.stop()


def _desk(tools: Tools, ledger: Ledger, state: Path) -> Tools:
    """The tools of the review. What is to be told of a post is told of the draft it was made of."""
    site = tools.config.site
    folders = {"drafts": site.review, "state": state, "journal": state / "journal"}
    config = tools.config.model_copy(
        update={"site": site.model_copy(update=folders), "hooks": (), "git": Git(), "notify": Notify()}
    )
    placer = Placer(Folders(site.review, site.posts, state), ledger, tools.now, being_written)
    return replace(tools, config=config, ledger=ledger, placer=placer)
