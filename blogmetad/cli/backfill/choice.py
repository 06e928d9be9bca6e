"""Which published posts are meant, what each of them lacks, and which are passed over, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blogmetad import backfill, files
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.offered import offered_post
from blogmetad.publish.offer import DECLINED, STEP
from blogmetad.publish.records import SUPERSEDED
from blogmetad.reviewing import MARKS
from blogmetad.rules.document import Rules
from blogmetad.site.walk import Walk
from blogmetad.values import Draft

_OPEN = (State.STAGED, State.WAITING)


class NoSuchPost(BlogmetadError):
    """No published post, or more than one, goes by the name given."""

    hint = "name a file of the posts folder, with the folder it is in if there are several of that name"


@dataclass(frozen=True, slots=True)
class Lacking:
    """A published post and the fields it is to get. ``waits`` is the offer that is to make way for a new one."""

    post: Draft
    fields: tuple[str, ...]
    waits: Job | None = None

    @property
    def path(self) -> str:
        """Where it is below the posts folder."""
        return self.post.name


@dataclass(frozen=True, slots=True)
class Passed:
    """A post that is left alone. ``needs_you``: it is no choice of its author's."""

    path: str
    why: str
    needs_you: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of earlier offers, by the path of the post: those that wait, and fields declined."""

    waiting: Mapping[str, Job]
    declined: Mapping[str, frozenset[str]]


def known(ledger: Ledger) -> Known:
    """The offers of earlier runs. One that was taken out of the review folder, or taken back, was declined."""
    waiting: dict[str, Job] = {}
    declined: dict[str, frozenset[str]] = {}
    for job in ledger.jobs(*_OPEN, State.UNDONE, State.SUPERSEDED):
        path = offered_post(job.name)
        if path is None:
            continue
        if job.state in _OPEN:
            waiting.setdefault(path, job)
            continue
        steps = {step.name: step.data for step in ledger.steps(job.id)}
        if job.state is State.UNDONE or steps.get(SUPERSEDED, {}).get("because") == DECLINED:
            fields = steps.get(STEP, {}).get("fields", ())
            declined[path] = declined.get(path, frozenset()) | frozenset(map(str, fields))
    return Known(waiting, declined)


def choose(
    settings: Config, rules: Rules, named: Sequence[str], only: Collection[str], earlier: Known, *, again: bool
) -> Iterator[Lacking | Passed]:
    """The posts that lack something, the newest first; those that have it all are left out. Raises NoSuchPost."""
    walk = Walk()
    paths = [path for path, _ in walk.posts(settings.site.posts)]
    yield from (Passed(each.field or settings.site.posts.name, each.message, needs_you=True) for each in walk.problems)
    if named:
        paths = list(dict.fromkeys(_find(settings.site.posts, paths, words) for words in named))
    for path in sorted(paths, key=lambda path: (path.rpartition("/")[2], path), reverse=True):
        found = _look(settings, rules, path, only)
        if isinstance(found, Lacking) and found.fields:
            yield _unless_known(found, earlier, again=again)
        elif isinstance(found, Passed):
            yield found


def _look(settings: Config, rules: Rules, path: str, only: Collection[str]) -> Lacking | Passed:
    try:
        raw, _ = files.read_stable(settings.site.posts / path, settings.intake.max_bytes)
    except OSError as error:
        return Passed(path, f"it cannot be read: {error.strerror}", needs_you=True)
    post = backfill.read(path, raw)
    if not isinstance(post, Draft):
        return Passed(path, " ".join(problem.message for problem in post), needs_you=True)
    marks = [mark for mark in MARKS if mark in post.fields]
    if marks:
        return Passed(path, f"it has the key '{marks[0]}', which would be taken for your word on it", needs_you=True)
    return Lacking(post, backfill.missing(post, rules, only))


def _unless_known(found: Lacking, earlier: Known, *, again: bool) -> Lacking | Passed:
    waits = earlier.waiting.get(found.path)
    if again:
        return Lacking(found.post, found.fields, waits)
    if waits is not None:
        return Passed(found.path, f"it waits for you already: blogmetad approve {waits.id}")
    declined = earlier.declined.get(found.path, frozenset())
    left = tuple(name for name in found.fields if name not in declined)
    if not left:
        return Passed(found.path, f"{', '.join(found.fields)} declined before; --again has them proposed anew")
    return Lacking(found.post, left)


def _find(folder: Path, paths: Sequence[str], words: str) -> str:
    """The one post that is meant: by its path, here or below the posts folder, or by its file name."""
    if words in paths:
        return words
    given = Path(words).absolute()
    if given.is_relative_to(folder) and (below := str(given.relative_to(folder))) in paths:
        return below
    wanted = words.casefold().removesuffix(".md")
    found = [path for path in paths if path.rpartition("/")[2].casefold().removesuffix(".md") == wanted]
    if len(found) != 1:
        several = f"{words} could be any of {', '.join(found[:5])}"
        raise NoSuchPost(several if found else f"there is no published post {words} in {folder}")
    return found[0]
