"""``rules vocabulary``: the terms of a site, and the new ones that wait for a decision, taken with one key each."""

from __future__ import annotations

import datetime as dt
import difflib
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from blogmetad import files
from blogmetad.cli import complete
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.journal.ledger import Ledger
from blogmetad.journal.queue import queued
from blogmetad.rules import document, edit
from blogmetad.rules.document import Rules
from blogmetad.rules.edit import EditError
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.terms import undecided
from blogmetad.rules.vocabulary import Vocabulary, build
from blogmetad.site.index import Index

KEYS = "a accept, r reject, m make it another word for a term, s skip, q quit"

Decision = Callable[[bytes, str], bytes]
"""A rules document and its name -> the document with a decision written into it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The terms of one field; ``usage`` counts the site's, ``waiting`` how many posts asked for each new one."""

    field: str
    rule: TermsRule
    vocabulary: Vocabulary
    usage: Mapping[str, int]
    waiting: Mapping[str, int]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="vocabulary")(vocabulary)


def vocabulary(
    field: Annotated[
        str | None,
        typer.Argument(
            help="A field of terms, as tags. Default: all of them.",
            show_default=False,
            autocompletion=complete.term_fields,
        ),
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Add TERM to the vocabulary.", metavar="TERM")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option("--reject", help="Never propose TERM again.", metavar="TERM")
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="Make TERM another word for NAME.", metavar="TERM=NAME")
    ] = None,
) -> None:
    """List the terms in use, and decide on the new ones that posts asked for (rules with 'new: queue').

    On a terminal each new term is decided with one key. The options decide without asking and can be repeated. Every
    decision goes into the rules document, whose other lines stay as they are; the earlier one is kept beside it.

    Example:  blogmetad rules vocabulary tags --accept "vector search" --alias ml=machine-learning
    """
    settings = load(config)
    rules = document.load(settings.site.rules)
    shelves = _shelves(settings, rules, field)
    paper = Paper(settings.site.rules.resolve())
    decisions = [*_decisions(shelves, accept or (), edit.accept), *_decisions(shelves, reject or (), edit.reject)]
    decisions += _aliases(shelves, alias or ())
    machine = as_json(json)
    if decisions:
        paper.write(decisions)
        _tell(paper, settings, machine=machine)
        return
    for shelf in shelves:
        _print(shelf) if machine else _show(shelf)
    if not machine and sys.stdin.isatty():
        for shelf in shelves:
            if not _ask(shelf, paper):
                break
        _tell(paper, settings, machine=machine)


class Paper:
    """The rules document as a file. Before it is changed for the first time, a copy is put beside it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.kept: Path | None = None

    def rule(self, field: str) -> TermsRule:
        """A field's rule as it stands in the document now. Raises EditError, RulesError."""
        rule = document.load(self.file).fields.get(field)
        if not isinstance(rule, TermsRule):
            raise EditError(f"'{field}' is no field of terms in {self.file} any more")
        return rule

    def write(self, decisions: Iterable[Decision]) -> None:
        """Write decisions down, all of them or none. Raises EditError, RulesError."""
        try:
            before = self.file.read_bytes()
            after = before
            for decide in decisions:
                after = decide(after, str(self.file))
            mode = stat.S_IMODE(self.file.stat().st_mode)
            if self.kept is None:
                kept = self.file.with_name(f"{self.file.name}.{dt.datetime.now().astimezone():%Y%m%d-%H%M%S-%f}.bak")
                files.write_new(kept, before, mode=mode)
                self.kept = kept
            files.write_new(self.file, after, replace=True, mode=mode)
            self.file.chmod(mode)
        except OSError as error:
            raise EditError(f"the rules document {self.file} cannot be written: {error.strerror}") from None


def _shelves(settings: Config, rules: Rules, field: str | None) -> tuple[Shelf, ...]:
    if field is not None and field not in rules.term_fields():
        error = EditError(f"'{field}' is no field of terms in {rules.source}")
        error.hint = f"name one of {', '.join(rules.term_fields())}"
        raise error
    index = Index(settings.site.posts, settings.site.state / "index.db")
    try:
        index.refresh()
        usage = {name: index.usage(name) for name in rules.term_fields()}
    finally:
        index.close()
    ledger = settings.site.state / "ledger.db"
    asked: Mapping[str, Mapping[str, int]] = {}
    if ledger.exists():
        with Ledger.open_readonly(ledger) as opened:
            asked = queued(opened)
    return tuple(
        _shelf(name, rule, usage[name], asked.get(name, {}))
        for name, rule in rules.fields.items()
        if isinstance(rule, TermsRule) and field in (None, name)
    )


def _shelf(name: str, rule: TermsRule, usage: Mapping[str, int], asked: Mapping[str, int]) -> Shelf:
    terms = build(rule, usage)
    return Shelf(name, rule, terms, usage, undecided(asked, terms, rule))


def _decisions(
    shelves: tuple[Shelf, ...], terms: Iterable[str], decide: Callable[[bytes, str, str, str], bytes]
) -> list[Decision]:
    return [_decision(_home(shelves, term), term, decide) for term in terms]


def _decision(shelf: Shelf, term: str, decide: Callable[[bytes, str, str, str], bytes]) -> Decision:
    term = " ".join(term.split())
    spelt = term.lower() if shelf.rule.lower else term
    return lambda data, source: decide(data, source, shelf.field, spelt)


def _aliases(shelves: tuple[Shelf, ...], pairs: Iterable[str]) -> list[Decision]:
    decisions = []
    for pair in pairs:
        term, _, name = (part.strip() for part in pair.rpartition("="))
        if not term or not name:
            raise EditError(f"'{pair}' is no TERM=NAME")
        shelf = _home(shelves, term)
        known = shelf.vocabulary.canonical(name)
        if known is None:
            near = _near(name, shelf.vocabulary)
            error = EditError(f"'{name}' is no term of '{shelf.field}'")
            error.hint = f"name one of its terms{f', as {near[0]}' if near else ''}, or accept it first"
            raise error
        decisions.append(_alias(shelf, term, known))
    return decisions


def _alias(shelf: Shelf, term: str, name: str) -> Decision:
    return lambda data, source: edit.alias(data, source, shelf.field, term, name)


def _home(shelves: tuple[Shelf, ...], term: str) -> Shelf:
    """The field a term is decided for: the only one, or the only one for which it waits."""
    fitting = shelves if len(shelves) == 1 else tuple(shelf for shelf in shelves if term in shelf.waiting)
    if len(fitting) == 1:
        return fitting[0]
    error = EditError(f"it is not clear for which field '{term}' is decided")
    error.hint = f"name it: blogmetad rules vocabulary {shelves[0].field if shelves else 'FIELD'} ..."
    raise error


def _print(shelf: Shelf) -> None:
    """A shelf as JSON: a line for each term, known or waiting."""
    for name in shelf.vocabulary.names:
        aliases = list(shelf.vocabulary.aliases.get(name, ()))
        posts = shelf.vocabulary.counts.get(name, 0)
        print_json({"field": shelf.field, "term": name, "posts": posts, "aliases": aliases, "waiting": False})
    for name, count in shelf.waiting.items():
        print_json({"field": shelf.field, "term": name, "posts": count, "aliases": [], "waiting": True})


def _show(shelf: Shelf) -> None:
    table = Table("posts", shelf.field, "also called", box=None)
    for name in shelf.vocabulary.names:
        aliases = ", ".join(shelf.vocabulary.aliases.get(name, ()))
        table.add_row(str(shelf.vocabulary.counts.get(name, 0)), escape(visible(name)), escape(visible(aliases)))
    console.print(table)
    for name, count in shelf.waiting.items():
        console.print(f"  waiting for you: {name} ({_posts(count)})", style="yellow", markup=False)
    if shelf.rule.rejected:
        console.print(f"  rejected: {', '.join(shelf.rule.rejected)}", markup=False)
    console.print()


def _posts(count: int) -> str:
    return f"{count} post{'s'[: count != 1]} asked for it"


def _ask(shelf: Shelf, paper: Paper) -> bool:
    """Decide on every term that waits for a field. False if the person wants to stop."""
    for term, count in shelf.waiting.items():
        shelf = _shelf(shelf.field, paper.rule(shelf.field), shelf.usage, shelf.waiting)
        console.print(f"{shelf.field}: {term}  ({_posts(count)})", style="bold", markup=False)
        while True:
            console.print(f"  {KEYS}", markup=False)
            pressed = typer.getchar().lower()
            if pressed == "q":
                return False
            decision = _taken(pressed, shelf, term)
            if decision is not None:
                paper.write([decision])
            if decision is not None or pressed == "s":
                break
    return True


def _taken(pressed: str, shelf: Shelf, term: str) -> Decision | None:
    """The decision behind a key; None if it stands for none."""
    if pressed == "a":
        return _decision(shelf, term, edit.accept)
    if pressed == "r":
        return _decision(shelf, term, edit.reject)
    name = _which(shelf, term) if pressed == "m" else None
    return None if name is None else _alias(shelf, term, name)


def _which(shelf: Shelf, term: str) -> str | None:
    """The term that another one becomes a word for, by its number or its name; None if there is none after all."""
    near = _near(term, shelf.vocabulary)
    offered = "".join(f"  {number} {name}" for number, name in enumerate(near, 1))
    while True:
        answer = typer.prompt(f"{offered}\n  another word for which term? (a number or a name)", default="").strip()
        if not answer:
            return None
        if answer.isdecimal() and 1 <= int(answer) <= len(near):
            return near[int(answer) - 1]
        known = shelf.vocabulary.canonical(answer)
        if known is not None:
            return known
        console.print(f"  '{answer}' is no term of '{shelf.field}'", style="yellow", markup=False)


def _near(term: str, vocabulary: Vocabulary) -> list[str]:
    """The names most like a term."""
    names = {name.casefold(): name for name in vocabulary.names}
    return [names[close] for close in difflib.get_close_matches(term.casefold(), names, n=5, cutoff=0.4)]


def _tell(paper: Paper, settings: Config, *, machine: bool) -> None:
    if paper.kept is None:
        return
    running = daemon_pid(settings.site.state) is not None
    if machine:
        print_json({"file": str(paper.file), "kept": str(paper.kept), "restart": running})
        return
    console.print(f"{paper.file} is changed; the earlier one is {paper.kept}", style="green", markup=False)
    if running:
        console.print("blogmetad is running with the rules it read at its start: restart it", markup=False)
