"""What ``init`` does once all is written: the model and the service, if wanted; and what is left to do, in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from blogmetad import config as configuration
from blogmetad.cli import service
from blogmetad.cli.init.plan import Plan
from blogmetad.cli.init.questions import Author
from blogmetad.cli.model import use
from blogmetad.cli.model.first import First, got
from blogmetad.cli.options import console, program
from blogmetad.errors import BlogmetadError
from blogmetad.model import catalog
from blogmetad.model.store import modelscope, pull
from blogmetad.service import manager


def fetch(first: First, target: Path, author: Author, wanted: bool | None) -> First:
    """Get the model, if it has to be got and the author wants it; the one that is configured in the end. Raises
    PullError."""
    if is_here(first.name):
        return first
    size = catalog.CATALOG[first.name].size_bytes if first.name in catalog.CATALOG else None
    much = f" ({size / 1e9:.1f} GB)" if size is not None else ""
    if not author.agrees(f"Fetch the model {first.name} now{much}?", wanted):
        return first
    name = got(first)
    if name != first.name:
        use.write(target, name, server=False)
    return First(name, None, first.because)


def serve(target: Path, author: Author, wanted: bool | None, *, ready: bool) -> bool:
    """Install the service, if that is possible and the author wants it. Raises ServiceError if it was asked for by an
    option; whether it is installed now."""
    if wanted is None and (not ready or not author.is_here or manager.absence() is not None):
        return False
    if not author.agrees("Install it as a service of your user, started now and at every login?", wanted):
        return False
    try:
        service.put_up(configuration.load(target), service.wanted(target))
    except BlogmetadError as error:
        if wanted:
            raise
        console.print(f"{error}\n  {error.hint}", style="yellow", markup=False)
        return False
    return True


def is_here(name: str) -> bool:
    """Whether a model can be used now: a file, or one that has been pulled."""
    source = catalog.source_of(name)
    return source is None or pull.presence(source, catalog.models_folder()).state in ("ready", "unverified")


def tell(made: Plan, target: Path, first: First, *, serving: bool, named: bool) -> None:
    """What is where, and what is left to do; ``named`` if the configuration is not where it is looked for."""
    console.print(f"\nthe rules are in {made.rules_file}: read them, change what you like", markup=False)
    console.print(f"drop drafts into {made.drafts}, posts appear in {made.posts}", markup=False)
    console.print("\nnext:", markup=False)
    option = f" --config {shlex.quote(str(target))}" if named else ""
    for line in _next(made, first, serving, option):
        console.print(f"  {line}", markup=False)


def _next(made: Plan, first: First, serving: bool, option: str) -> Iterator[str]:
    us = program()
    if not is_here(first.name):
        where = " --from modelscope" if isinstance(first.hub, modelscope.ModelScope) else ""
        yield f"{us} model pull {first.name}{where}"
    yield f"cp a-draft-of-yours.md {shlex.quote(str(made.drafts))}"
    if serving:
        yield f"{us} status{option}"
        return
    yield f"{us} once{option}   (publishes what is there; '{us} run{option}' stays and watches)"
    if manager.absence() is None:
        yield f"{us} service install{option}   (has it run always)"
    yield f"{us} doctor{option}   (if something is odd)"
