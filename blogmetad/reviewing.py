"""Review: a finished post waits in a folder of its own until its author approves it.

It is an ordinary file there, to be edited, renamed and moved as one likes. With ``approve: true`` in its front matter
it is placed among the posts, by the very procedure that drafts go through; with ``revise: make the title shorter`` it
is revised where it lies. A file that the author moved among the posts by hand counts as approved.

What waits may also be a published post with fields that it lacked. Approved, it takes the place of the published one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from blogmetad import files, liquid, matter
from blogmetad.attempt import Attempt, Tools, desk_for, park, with_model
from blogmetad.intake import draft as intake
from blogmetad.journal.ledger import Job, State
from blogmetad.offered import offered_post
from blogmetad.outcomes import Duplicate, Outcome
from blogmetad.pipeline import plain
from blogmetad.publish.compose import ComposeError, exchanged
from blogmetad.publish.exchange import exchange, exchange_if
from blogmetad.publish.names import Taken
from blogmetad.publish.place import Found, look
from blogmetad.publish.records import Refused
from blogmetad.revision import Change, Revised, revise
from blogmetad.rules.renaming import asked, new_name
from blogmetad.site.jekyll import post_name
from blogmetad.values import Draft, Post, Problem, sha256

APPROVE, REVISE = "approve", "revise"
REVISED = "revised"
MARKS = (APPROVE, REVISE)
"""Keys by which an author tells what is to become of a waiting post. No post has them."""


def is_marked(raw: bytes) -> bool:
    """Whether the author has asked for something. What cannot be read while it says ``approve`` is let go, so that the
    author is told."""
    try:
        head = matter.split(raw).head
        fields = matter.parse(head) if head is not None else None
    except matter.MatterError:
        return any(f"\n{mark}:".encode() in raw[: matter.MAX_HEAD] for mark in MARKS)
    return any((fields or {}).get(mark) not in (None, False, "") for mark in MARKS)


def review(drafts: Tools) -> Attempt:
    """What is done with a marked file of the review folder. ``drafts`` has the ledger in which the draft's story is
    told; the tools that are handed in have that of the review."""

    def attempt(tools: Tools, job: Job, raw: bytes) -> Outcome:
        if job.state in (State.STAGED, State.PUBLISHED):
            resumed = tools.placer.resume(job)
            if resumed is not None:
                return resumed
        post = intake.read(job.name, raw)
        if not isinstance(post, Draft):
            return park(tools, job, *post)
        wrong = tuple(_wrong(post))
        if wrong:
            return park(tools, job, *wrong)
        tools.placer.keep_original(job.id, raw)
        try:
            bare = exchanged(post, MARKS)
        except ComposeError as error:
            return park(tools, job, Problem("draft.frontmatter", error.reason))
        words = post.fields.get(REVISE)
        if words:
            return _Revision(drafts, tools, job, str(words)).carry_out(bare)
        first = waiting(drafts, job.name)
        if first is not None and offered_post(first.name) is not None:
            return _exchange(drafts, tools, job, first, bare)
        twin = tools.index.twin(post.body_sha256)
        if twin is not None:
            tools.placer.retire(job)
            return Duplicate(twin)
        proposed = None if first is None else drafts.placer.proposed(first)
        return tools.placer.place(job, Post(job.name, bare), proposed)

    return attempt


def _exchange(drafts: Tools, tools: Tools, job: Job, first: Job, bare: bytes) -> Outcome:
    """Put ``bare``, the file without its marks, in the place of the published post it was made of, and retire it."""
    placer = tools.placer
    if placer.left(job):
        return placer.supersede(job)
    if placer.writing(placer.source(job)):
        raise BlockingIOError(errno.EAGAIN, "a program still has the file open for writing", job.name)
    outcome = exchange(drafts.placer, first, bare)
    if isinstance(outcome, Refused):
        return park(tools, job, Problem("review.post", outcome.reason))
    with tools.ledger.transaction():
        tools.ledger.step(job.id, "published", {"filename": outcome.filename}, tools.now())
        published = tools.ledger.move(
            job.id, State.PUBLISHED, tools.now(), target=outcome.filename, post_sha256=outcome.sha256
        )
    return placer.resume(published) or outcome


def _wrong(post: Draft) -> Iterator[Problem]:
    approve, words = post.fields.get(APPROVE), post.fields.get(REVISE)
    if not isinstance(approve, bool | None):
        yield Problem("review.approve", f"{post.name} says 'approve: {approve}'. Write true or take the line out.")
    if not isinstance(words, str | None):
        yield Problem("review.revise", f"{post.name} says 'revise: {words}'. Write what to change, in quotes.")
    elif words and approve:
        yield Problem("review.both", f"{post.name} has 'approve' and 'revise'. Keep one, and approve what comes of it.")
    if post_name(post.name) is None:
        message = f"{post.name} is not called like a post. Rename it to YYYY-MM-DD-words.md, as Jekyll wants it."
        yield Problem("review.name", message)
    yield from liquid.problems(post)


@dataclass(frozen=True, slots=True)
class _Revision:
    """One revision of a waiting post, where it lies."""

    drafts: Tools
    tools: Tools
    job: Job
    words: str

    def carry_out(self, bare: bytes) -> Outcome:
        """Revise ``bare``, the file without its marks. The file as it was is kept like any draft that became a post."""
        tools, job = self.tools, self.job
        said, rest = asked(self.words)
        name = job.name if said is None else self._name(said)
        if isinstance(name, Problem):
            return park(tools, job, name)
        if said is not None and not rest:
            return self._exchange(Revised(bare, ()), bare, name)
        arrived = job.arrived.astimezone(tools.site.timezone)
        desk = desk_for(tools, job)
        found = with_model(tools, job, lambda: revise(job.name, bare, rest, desk, arrived=arrived))
        if isinstance(found, tuple):
            return park(tools, job, *found)
        if not isinstance(found, Revised):
            return found
        if not found.changes:
            message = "The model has no other idea. Say it in other words, or write what you want between quotes."
            return park(tools, job, Problem("revise.same", message))
        return self._exchange(found, bare, name)

    def _name(self, said: str) -> str | Problem:
        """The name the file gets, if it can have it."""
        name, first = new_name(said, self.job.name), waiting(self.drafts, self.job.name)
        if isinstance(name, Problem):
            return name
        if first is not None and offered_post(first.name) is not None:
            message = f"These are fields for {offered_post(first.name)}. Approve them, and have that post renamed."
            return Problem("revise.name", message)
        site = self.drafts.config.site
        if post_name(name) is None or any(PurePath(name).stem in Taken.of(each) for each in (site.review, site.posts)):
            return Problem("revise.name", f"{name} is no name for a post, or another post has it. Say another one.")
        return name

    def _exchange(self, found: Revised, bare: bytes, name: str) -> Outcome:
        """Put the new version in the place of the old one in one step, and back if that was no longer the old one; then
        give it its name."""
        placer, job = self.tools.placer, self.job
        source, aside = placer.source(job), placer.folders.retired / job.id
        if look(aside, None) is not Found.GONE:  # of an attempt that a crash ended
            placer.quarantine(aside)
        files.write_new(aside, found.content)
        try:
            if not exchange_if(source, job.sha256, aside):
                files.remove(aside)
                return placer.supersede(job)
        except OSError as error:
            files.remove(aside)
            if error.errno != errno.EOPNOTSUPP:
                raise
            message = "The file system of the review folder cannot exchange two files. Revise it by hand there."
            return park(self.tools, job, Problem("revise.exchange", message))
        if name != job.name:
            with suppress(FileExistsError, FileNotFoundError):
                files.rename_new(source, source.with_name(name))
                found = Revised(found.content, (*found.changes, Change("file name", job.name, name)))
                self._tell(found, bare, name)
                return placer.supersede(job, "it was renamed")
        self._tell(found, bare, job.name)
        return placer.supersede(job, "it was revised")

    def _tell(self, found: Revised, bare: bytes, name: str) -> None:
        """The revision in the draft's story. Edited by its author before, the file is no longer all ours."""
        ledger, now = self.drafts.ledger, self.tools.now()
        first = waiting(self.drafts, self.job.name)
        if first is None:
            return
        with ledger.transaction():
            ledger.step(first.id, REVISED, told(self.words, found), now)
            digest = sha256(found.content) if first.post_sha256 == sha256(bare) else first.post_sha256
            ledger.move(first.id, State.WAITING, now, target=name, post_sha256=digest)


def told(words: str, found: Revised) -> dict[str, object]:
    """A revision as the ledger has it."""
    changes = [{"field": c.field, "before": plain(c.before), "after": plain(c.after)} for c in found.changes]
    return {"words": words, "changes": changes}


def waiting(drafts: Tools, name: str) -> Job | None:
    """The draft's job whose post waits under this name, if there is one."""
    return next((job for job in drafts.ledger.jobs(State.WAITING) if job.target == name), None)
