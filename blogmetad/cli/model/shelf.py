"""``model list``, ``where`` and ``remove``: what can be pulled, and what of it is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blogmetad.cli import complete
from blogmetad.cli.model.pull import MODEL_NAME
from blogmetad.cli.options import JsonOption, as_json, console, print_json, visible
from blogmetad.model import catalog
from blogmetad.model.catalog import Model, PackageParts, UnknownModelError
from blogmetad.model.store import pull
from blogmetad.model.store.memory import need
from blogmetad.model.store.pull import Presence

Name = Annotated[str, typer.Argument(help=MODEL_NAME, autocompletion=complete.models_here)]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="list")(list_models)
    app.command(name="where")(where)
    app.command(name="remove")(remove)


def list_models(json: JsonOption = False) -> None:
    """Show the models known by name, and others that were pulled: size, memory they need, and what of them is here.

    Example:  blogmetad model list --json
    """
    folder = catalog.models_folder()
    for model in catalog.CATALOG.values():
        presence = pull.presence(model.source, folder)
        if as_json(json):
            print_json(_row(model, presence))
            continue
        sizes = f"{model.size_bytes / 1e9:>6.1f} GB {need(model).total / 1e9:>6.1f} GB of memory"
        console.print(f"{model.name:<16}{sizes}   {_state(model.name, presence, model.size_bytes)}", markup=False)
        console.print(f"    {model.title}, {_context(model)}, {model.licence}. {model.note}", markup=False)
    for source in pull.others(folder):
        _show_other(str(source), pull.presence(source, folder), as_json(json))


def where(name: Name) -> None:
    """Print the path of a pulled model; of one in several files, that of the first.

    Example:  blogmetad model where qwen3-4b
    """
    _source(name)
    typer.echo(catalog.resolve(name, Path()))


def remove(name: Name) -> None:
    """Remove a model, or what an unfinished pull has left of it.

    Example:  blogmetad model remove starter-1.5b
    """
    freed = pull.remove(name, _source(name), catalog.models_folder())
    typer.echo(f"Removed '{name}': {freed / 1e6:,.0f} MB are free again." if freed else f"'{name}' is not here.")


def _show_other(name: str, presence: Presence, in_json: bool) -> None:
    if in_json:
        path = str(presence.path)
        print_json({"name": name, "state": presence.state, "path": path, "bytes": presence.bytes, "from": name})
    else:
        console.print(visible(name), markup=False)
        console.print(f"    {presence.bytes / 1e9:.1f} GB, {visible(_state(name, presence))}", markup=False)


def _source(name: str) -> catalog.Source:
    source = catalog.source_of(name)
    if source is None:
        raise UnknownModelError(name)
    return source


def _row(model: Model, presence: Presence) -> dict[str, object]:
    packaged = isinstance(model.source, PackageParts)
    return {
        "name": model.name,
        "title": model.title,
        "state": presence.state,
        "path": str(presence.path),
        "bytes": presence.bytes,
        "size_bytes": model.size_bytes,
        "memory_bytes": need(model).total,
        "context": model.context,
        "context_extended": model.extended,
        "from": "packages" if packaged else str(model.source),
        "sha256": model.source.sha256 if isinstance(model.source, PackageParts) else None,
        "licence": model.licence,
        "note": model.note,
    }


def _context(model: Model) -> str:
    more = f" (with YaRN {model.extended // 1024}K)" if model.extended > model.context else ""
    return f"{model.context // 1024}K tokens in view{more}"


def _state(name: str, presence: Presence, size: int = 0) -> str:
    """In words; how far a pull is only if the size of all is known."""
    match presence.state:
        case "ready":
            return f"ready: {presence.path}"
        case "unverified":
            return f"here, but not verified: {presence.path} (run: blogmetad model pull {name})"
        case "partial":
            part = f"{min(presence.bytes / size, 0.99):.0%}" if size else "a part"
            return f"{part} pulled (go on with: blogmetad model pull {name})"
        case "absent":
            return f"not here (get it with: blogmetad model pull {name})"
