"""Looking up what the page shows: in the ledger, in the files, and in what is known of the site. Nothing is written."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from blogmetad import files
from blogmetad.cli.journal.drafts import open_ledger
from blogmetad.cli.parked import next_step, waiting
from blogmetad.cli.review.page.errands import Errand, Errands
from blogmetad.cli.review.page.inputs import Input, inputs
from blogmetad.cli.review.page.judge import Judge
from blogmetad.cli.review.page.view import MOST_TEXT, Card, Choice, File, Overview, Post, fields
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.intake import draft as intake
from blogmetad.journal import account
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.journal.page import view as journal
from blogmetad.journal.record import story_of
from blogmetad.matter import DESCRIPTIONS
from blogmetad.offered import offered_post
from blogmetad.progress import WORDS, progress
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.rules.features import features
from blogmetad.rules.lint import law
from blogmetad.rules.plan import resolve
from blogmetad.rules.schema import TermsRule
from blogmetad.site.index import CacheError, Index
from blogmetad.site.jekyll import SiteConfig, read_site
from blogmetad.values import Draft, sha256

SHOWN = 10
"""Posts that are shown of those published, the latest, and of drafts that are worked on."""

MOST_WAITING = 200
MOST_CHOICES = 400
REMEMBERED = 64
"""Versions of posts of which it is known what their author was shown."""


class Look:
    """The page's eyes. Several threads may look at a time."""

    def __init__(self, settings: Config, index: Index, errands: Errands) -> None:
        self._settings, self._index, self._errands = settings, index, errands
        self._shown: OrderedDict[str, tuple[Input, ...]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def site(self) -> SiteConfig:
        """What the site says of itself."""
        return read_site(self._settings.site.root)

    def rules(self) -> Rules | None:
        """The rules as they are now; None while they cannot be read."""
        with suppress(BlogmetadError):
            return document.load(self._settings.site.rules)
        return None

    def judge(self, rules: Rules | None) -> Judge | None:
        """What posts are held against."""
        if rules is None:
            return None
        with suppress(CacheError):
            self._index.refresh()
        usage = {name: self._usage(name) for name in rules.term_fields()}
        return Judge(law(rules, usage), self.site, dt.datetime.now(self.site.timezone))

    def job(self, id_: str) -> Job | None:
        """The job with exactly this id."""
        with open_ledger(self._settings) as ledger:
            return ledger.get(id_)

    def was_shown(self, digest: str) -> tuple[Input, ...] | None:
        """What an author was shown of the version with this hash, if that is still known."""
        with self._lock:
            return self._shown.get(digest)

    def overview(self) -> Overview:
        """The list of all there is to see to."""
        site, zone = self._settings.site, self.site.timezone
        with open_ledger(self._settings) as ledger:
            here = _names(site.drafts)
            waits = ledger.jobs(State.WAITING, limit=MOST_WAITING)
            working = [job for job in ledger.jobs(State.ACCEPTED, State.STAGED, limit=SHOWN) if job.name in here]
            held = [job for job in ledger.jobs(State.HELD) if job.name in here and _is_newest(job, ledger)]
            return Overview(
                waiting=tuple(self._waiting(job, ledger, zone) for job in waits),
                working=tuple(_working(job, ledger, zone) for job in working),
                parked=tuple(_parked(job, zone) for job in list(waiting(ledger, site.drafts))[:MOST_WAITING]),
                held=tuple(_held(job, ledger, zone) for job in held[:MOST_WAITING]),
                published=tuple(
                    self._published(job, ledger, zone) for job in ledger.jobs(State.DONE, State.PUBLISHED, limit=SHOWN)
                ),
                version=self._version(ledger),
            )

    def version(self) -> str:
        """What changes with anything that is shown."""
        with open_ledger(self._settings) as ledger:
            return self._version(ledger)

    def post(self, id_: str) -> Post | None:
        """One draft and its post; None if there is no such draft."""
        zone = self.site.timezone
        with open_ledger(self._settings) as ledger:
            job = ledger.get(id_)
            if job is None:
                return None
            version = self._version(ledger)
            story = story_of(job, ledger)
            waits = [each.id for each in ledger.jobs(State.WAITING, limit=MOST_WAITING)]
        told = journal.draft(story, account.read(story), zone)
        path = self._path(job)
        file = None if path is None else self._file(path, told)
        place = waits.index(id_) if id_ in waits else None
        return Post(
            id=job.id,
            title=_title(file, told.account.title),
            name=job.name,
            state={State.WAITING: "waiting", State.DONE: "published"}.get(job.state, "other"),  # type: ignore[arg-type]
            outcome=told.label,
            path="" if path is None else _below(path, self._settings.site.root),
            file=file,
            revised=tuple(reversed(told.revised)),
            errand=self._errand(job),
            place=0 if place is None else place + 1,
            of=len(waits),
            before=waits[place - 1] if place else None,
            after=waits[place + 1] if place is not None and place + 1 < len(waits) else None,
            version=version,
            is_offer=offered_post(job.name) is not None,
        )

    def _file(self, path: Path, told: journal.Draft) -> File | None:
        """The file as it is; None if there is none."""
        try:
            raw, _ = files.read_stable(path, self._settings.intake.max_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            return File("", problems=(f"{path.name} cannot be read: {error.strerror or error}.",))
        post = intake.read(path.name, raw)
        if not isinstance(post, Draft):
            problems = tuple(problem.message for problem in post)
            text = raw.decode("utf-8", "replace")
            return File(sha256(raw), text=text[:MOST_TEXT], is_whole=len(text) <= MOST_TEXT, problems=problems)
        rules = self.rules()
        judge = self.judge(rules)
        shown = inputs(post, rules) if post.head else ()
        found = judge.findings(path.name, raw) if judge else ()
        self._remember(sha256(raw), shown)
        names = {each.name for each in shown}
        return File(
            sha256(raw),
            fields(shown, told, found, self._choices(post, rules, judge)),
            post.text[:MOST_TEXT],
            len(post.text) <= MOST_TEXT,
            findings=tuple(finding for finding in found if finding.field not in names),
        )

    def _choices(self, post: Draft, rules: Rules | None, judge: Judge | None) -> Mapping[str, tuple[Choice, ...]]:
        """The terms that each field may be completed with, the rules' own first and then the most used."""
        if rules is None or judge is None:
            return {}
        body = features(post.text).language
        found = {}
        for name, rule in rules.fields.items():
            if isinstance(rule, TermsRule):
                known = judge.law.vocabularies[name, resolve(rule.language, body)]
                found[name] = tuple(Choice(term, known.counts.get(term, 0)) for term in known.names[:MOST_CHOICES])
        return found

    def _remember(self, digest: str, shown: tuple[Input, ...]) -> None:
        with self._lock:
            self._shown[digest] = shown
            self._shown.move_to_end(digest)
            while len(self._shown) > REMEMBERED:
                self._shown.popitem(last=False)

    def _path(self, job: Job) -> Path | None:
        """Where a draft's post lies."""
        if job.target is None or job.state not in (State.WAITING, State.PUBLISHED, State.DONE):
            return None
        site = self._settings.site
        if job.state is State.WAITING:
            return site.review / job.target
        return site.posts / (offered_post(job.name) or job.target)

    def _waiting(self, job: Job, ledger: Ledger, zone: dt.tzinfo) -> Card:
        card = self._card(job, ledger, zone)
        path = self._path(job)
        assert path is not None, job
        try:
            raw, _ = files.read_stable(path, self._settings.intake.max_bytes)
        except OSError as error:
            return replace(card, wrong=f"{path.name} cannot be read now: {error.strerror or error}.")
        post = intake.read(path.name, raw)
        if not isinstance(post, Draft):
            return replace(card, wrong=" ".join(problem.message for problem in post))
        told = (post.fields.get(name) for name in DESCRIPTIONS)
        note = next((str(line) for line in told if line), "")
        return replace(card, title=_titled(post, card), note=note, terms=_terms(post), sha256=sha256(raw))

    def _published(self, job: Job, ledger: Ledger, zone: dt.tzinfo) -> Card:
        """By the title that the post has now: its author may have given it another before or since."""
        card = self._card(job, ledger, zone)
        path = self._path(job)
        assert path is not None, job
        with suppress(OSError):
            post = intake.read(path.name, files.read_stable(path, self._settings.intake.max_bytes)[0])
            return replace(card, title=_titled(post, card)) if isinstance(post, Draft) else card
        return card

    def _card(self, job: Job, ledger: Ledger, zone: dt.tzinfo) -> Card:
        told = account.read(story_of(job, ledger))
        terms = tuple(dict.fromkeys(term for _, term in told.terms))
        errand = self._errand(job)
        when, is_offer = job.updated.astimezone(zone), offered_post(job.name) is not None
        return Card(job.id, told.title, str(job.target), when, terms=terms, errand=errand, is_offer=is_offer)

    def _errand(self, job: Job) -> Errand | None:
        """The latest errand about a post; not the one that could not publish it, once it is published."""
        errand = self._errands.of(job.id)
        if errand is None or job.state is not State.DONE or (errand.act, errand.state) != ("approve", "failed"):
            return errand
        return None

    def _usage(self, field: str) -> dict[str, int]:
        with suppress(CacheError):
            return self._index.usage(field)
        return {}

    def _version(self, ledger: Ledger) -> str:
        jobs = [(job.id, job.state.value, job.updated) for job in ledger.jobs(limit=MOST_WAITING)]
        errands = [self._errands.of(job) for job, _, _ in jobs]
        return sha256(repr((jobs, errands, sorted(_stamps(self._settings.site.review)))).encode())[:16]


def _working(job: Job, ledger: Ledger, zone: dt.tzinfo) -> Card:
    far = progress(job, ledger.steps(job.id))
    note = f"{WORDS[far.stage]}{f' ({far.reason})' if far.reason else ''}"
    return Card(job.id, job.name, job.name, far.since.astimezone(zone), note)


def _parked(job: Job, zone: dt.tzinfo) -> Card:
    reasons = " ".join(problem.message for problem in job.problems)
    return Card(job.id, job.name, next_step(job), job.updated.astimezone(zone), reasons)


def _held(job: Job, ledger: Ledger, zone: dt.tzinfo) -> Card:
    notes = [str(step.data.get("note") or "") for step in ledger.steps(job.id) if step.name == "held"]
    until = job.until or job.updated
    return Card(job.id, job.name, job.name, until.astimezone(zone), notes[-1] if notes else "")


def _is_newest(job: Job, ledger: Ledger) -> bool:
    newest = ledger.latest(job.name)
    return newest is not None and newest.id == job.id


def _titled(post: Draft, card: Card) -> str:
    return str(post.fields.get("title") or card.title)


def _terms(post: Draft) -> tuple[str, ...]:
    """What is in the lists of a post."""
    lists = (value for value in post.fields.values() if isinstance(value, list))
    return tuple(dict.fromkeys(item for each in lists for item in each if isinstance(item, str)))


def _title(file: File | None, known: str) -> str:
    titles = (field.input.text for field in file.fields if field.input.name == "title") if file else ()
    return next(filter(None, titles), known)


def _below(path: Path, root: Path) -> str:
    """A path as it is called within the site, where it lies there."""
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _names(folder: Path) -> set[str]:
    """What lies in a folder, or nothing while it is away."""
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """What changes when a file of the folder does."""
    for name in _names(folder):
        with suppress(OSError):
            found = (folder / name).stat()
            yield name, found.st_mtime_ns, found.st_size
