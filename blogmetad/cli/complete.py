"""What the shell offers for a value, when Tab is pressed. Nothing here may fail, or write to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from blogmetad import backfill
from blogmetad import config as configuration
from blogmetad.cli.options import visible
from blogmetad.cli.share import ready_made_rules
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.model import catalog
from blogmetad.model.store.pull import others, presence
from blogmetad.offered import offered_post
from blogmetad.rules import document
from blogmetad.site.walk import Walk

MOST = 200
"""Drafts that are offered at most, the latest first."""


def models(incomplete: str) -> list[tuple[str, str]]:
    """The models with a name, and the others that were pulled. Files are left to the shell."""
    named = [(model.name, model.note) for model in catalog.CATALOG.values()]
    return _fitting(incomplete, [*named, *_pulled()])


def models_here(incomplete: str) -> list[tuple[str, str]]:
    """The models of which something is here."""
    folder = catalog.models_folder()
    known = [model for model in catalog.CATALOG.values() if presence(model.source, folder).state != "absent"]
    return _fitting(incomplete, [*((model.name, model.title) for model in known), *_pulled()])


def ready_made(incomplete: str) -> list[tuple[str, str]]:
    """The rules that come along."""
    return _fitting(incomplete, [(name, "comes with blogmetad") for name in ready_made_rules()])


def ready_made_or_learned(incomplete: str) -> list[tuple[str, str]]:
    """The rules that come along, and those that posts keep to."""
    return [*ready_made(incomplete), *_fitting(incomplete, [("learned", "what the posts keep to")])]


def drafts(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The ids of drafts, or their names where those begin as what was typed."""
    return _ids(ctx, incomplete)


def undoable(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The ids of drafts that became posts, or were set aside, or their names."""
    return _ids(ctx, incomplete, State.DONE, State.WAITING, State.PUBLISHED, State.DUPLICATE)


def waiting(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The names of posts that wait for their author, or ids where those begin as what was typed."""
    return _names(ctx, incomplete, lambda job: job.target, State.WAITING)


def revisable(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The names of posts that wait or are published, or ids."""
    return _names(ctx, incomplete, lambda job: job.target, State.WAITING, State.DONE)


def retriable(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The names of drafts that need their author, or were taken back, or ids."""
    return _names(
        ctx,
        incomplete,
        lambda job: job.name if offered_post(job.name) is None else None,
        *(State.PARKED, State.UNDONE),
    )


def posts(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The published posts, by their paths below the posts folder."""
    settings = _settings(ctx)
    paths = [path for path, _ in Walk().posts(settings.site.posts)] if settings else []
    return _fitting(incomplete, [(path, "") for path in sorted(paths, reverse=True) if _is_plain(path)])


def fillable(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The fields of the rules that can be filled in."""
    settings = _settings(ctx)
    try:
        fields = backfill.fillable(document.load(settings.site.rules)) if settings else ()
    except (BlogmetadError, OSError):
        fields = ()
    return _fitting(incomplete, [(field, "") for field in fields])


def term_fields(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The fields of the rules that hold terms."""
    settings = _settings(ctx)
    try:
        fields = document.load(settings.site.rules).term_fields() if settings else ()
    except (BlogmetadError, OSError):
        fields = ()
    return _fitting(incomplete, [(field, "") for field in fields])


def _ids(ctx: typer.Context, incomplete: str, *states: State) -> list[tuple[str, str]]:
    """Ids, and once something is typed also the names that begin so."""
    jobs = _jobs(ctx, *states)
    names = {_called(job, job.name): _told(job) for job in reversed(jobs)} if incomplete else {}
    return _fitting(incomplete, list(({job.id: _told(job) for job in jobs} | names).items()))


def _names(
    ctx: typer.Context, incomplete: str, name_of: Callable[[Job], str | None], *states: State
) -> list[tuple[str, str]]:
    """Names, and once something is typed also the ids that begin so."""
    jobs = [(job, name) for job in _jobs(ctx, *states) if (name := name_of(job))]
    names = {_called(job, name): _told(job) for job, name in reversed(jobs)}
    ids = {job.id: _told(job) for job, _ in jobs} if incomplete else {}
    return _fitting(incomplete, list((dict(reversed(names.items())) | ids).items()))


def _fitting(incomplete: str, offers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, about) for value, about in offers if value.startswith(incomplete)]


def _pulled() -> Iterator[tuple[str, str]]:
    for source in others(catalog.models_folder()):
        yield str(source), "pulled"


def _called(job: Job, name: str) -> str:
    """A name if shells take it as it stands, else the id."""
    return name if _is_plain(name) else job.id


def _is_plain(name: str) -> bool:
    """Whether no shell takes the name apart."""
    return all(letter.isalnum() or letter in "._-+@/" for letter in name)


def _told(job: Job) -> str:
    return visible(f"{job.name}: {job.target or job.outcome}").encode("utf-8", "replace").decode("utf-8")


def _jobs(ctx: typer.Context, *states: State) -> tuple[Job, ...]:
    settings = _settings(ctx)
    if settings is None or not (settings.site.state / "ledger.db").exists():
        return ()
    try:
        with Ledger.open_readonly(settings.site.state / "ledger.db") as ledger:
            return ledger.jobs(*states, limit=MOST)
    except (BlogmetadError, OSError):
        return ()


def _settings(ctx: typer.Context) -> configuration.Config | None:
    """The configuration that the words typed so far name, if it can be read."""
    for each in (ctx, ctx.parent, ctx.find_root()):
        named = each.params.get("config") if each is not None else None
        if named is not None:
            break
    try:
        return configuration.load(Path(named).expanduser() if named else configuration.default_file())
    except (BlogmetadError, OSError, RuntimeError):
        return None
