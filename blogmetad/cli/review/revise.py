"""``revise``: a post is changed as its author asks in their own words, and the difference is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from blogmetad import files, matter, revision
from blogmetad.announcer import Announcer
from blogmetad.cli import complete
from blogmetad.cli.desk import desk
from blogmetad.cli.journal.drafts import find_named, open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, visible
from blogmetad.cli.review.marks import ReviewError, mark, rewrite, see_to, why_not
from blogmetad.config import Config
from blogmetad.journal import record
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.reviewing import REVISE, REVISED, told
from blogmetad.revision import Revised
from blogmetad.rules import document
from blogmetad.site.jekyll import read_site
from blogmetad.values import sha256


def revise(
    post: Annotated[
        str,
        typer.Argument(
            help="A post, waiting or published: its file name, or its draft's name or id.",
            autocompletion=complete.revisable,
        ),
    ],
    words: Annotated[str, typer.Argument(help="What to change, in your own words, English or Chinese.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Have title, description or terms of a post changed as you say; all else stays, as does its file's name.

    Name the fields. What you put between quotes is taken as it stands; terms are added and removed by name.

    Example:  blogmetad revise 3f9a2c "make the title shorter, add the tag moe"
    """
    settings = load(config)
    with open_ledger(settings) as ledger:
        job = find_named(ledger, post)
    with progress.status("revising"):
        data = revised(settings, job, words)
    if as_json(json):
        print_json({"id": job.id, "draft": job.name, "post": job.target, **data})
    else:
        _show(job, data["changes"])


def revised(settings: Config, job: Job, words: str, keep_going: Callable[[], bool] = lambda: True) -> Mapping[str, Any]:
    """Have a post changed as its author says, where it lies; the words and what was changed. Raises BlogmetadError."""
    if job.state is State.WAITING:
        return _waiting(settings, job, words, keep_going)
    if job.state is State.DONE and job.target:
        return _published(settings, job, words, keep_going)
    raise ReviewError(f"{job.name} is {job.state}; only posts that wait or are published can be revised")


def _waiting(settings: Config, job: Job, words: str, keep_going: Callable[[], bool]) -> Mapping[str, Any]:
    """Have a waiting post revised; what was changed."""
    marked = mark(settings, job, REVISE, words)
    see_to(settings, [marked], keep_going)
    why = why_not(settings, marked)
    with open_ledger(settings) as ledger:
        steps = [step.data for step in ledger.steps(job.id) if step.name == REVISED]
    if why or not steps or steps[-1]["words"] != words:
        marked.take_back()
        raise ReviewError(why or "the post was changed meanwhile; say it again")
    return steps[-1]


def _published(settings: Config, job: Job, words: str, keep_going: Callable[[], bool]) -> Mapping[str, Any]:
    """Revise a post where it lies among the posts. As it was, it is kept in the state folder."""
    site, path = settings.site, settings.site.posts / str(job.target)
    zone = read_site(site.root).timezone
    now = dt.datetime.now(zone)
    try:
        raw, _ = files.read_stable(path, settings.intake.max_bytes)
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}") from None
    found = _ask(settings, str(job.target), raw, words, job.arrived.astimezone(zone), keep_going)
    kept = site.state / REVISED / f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%S.%fZ}" / path.name
    files.make_dir(kept.parent)
    files.write_new(kept, raw, mode=0o600)
    if not rewrite(path, raw, found.content):
        raise ReviewError(f"{path} was changed meanwhile, so it is left as it is; say it again")
    data = told(words, found)
    with Ledger(site.state / "ledger.db") as ledger:
        announcer = Announcer(settings, ledger, lambda: dt.datetime.now(zone), lambda: True)
        with ledger.transaction():
            announcer.promise(job.id, "revised")
            ledger.step(job.id, REVISED, {**data, "kept": str(kept)}, now)
            if job.post_sha256 == sha256(raw):
                ledger.move(job.id, State.DONE, now, post_sha256=sha256(found.content))
        record.write_entry_or_leave_it(site.journal, ledger, job.id, zone, now)
        if announcer.due(job.id):
            announcer.keep(job.id)
            record.write_entry_or_leave_it(site.journal, ledger, job.id, zone, now)
    return data


def _ask(
    settings: Config, name: str, raw: bytes, words: str, arrived: dt.datetime, keep_going: Callable[[], bool]
) -> Revised:
    with desk(settings, document.load(settings.site.rules), keep_going) as tools:
        found = revision.revise(name, raw, words, tools, arrived=arrived)
    if not isinstance(found, Revised):
        raise ReviewError(" ".join(problem.message for problem in found))
    if not found.changes:
        raise ReviewError("the model has no other idea; say it in other words, or write what you want between quotes")
    return found


def _show(job: Job, changes: Sequence[Mapping[str, Any]]) -> None:
    for line in _lines(changes):
        console.print(visible(line), style={"-": "red", "+": "green"}.get(line[:1]), markup=False)
    if job.state is State.DONE and any(change["field"] == "title" for change in changes):
        warning = "the title is another now: giscus comments kept by title (mapping: title) stay with the old one"
        console.print(warning, style="yellow", markup=False)


def _lines(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for change in changes:
        for sign, value in (("-", change["before"]), ("+", change["after"])):
            if value is not None:
                yield f"{sign} {matter.render(change['field'], value).rstrip()}"
