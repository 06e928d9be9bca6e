"""The command ``init``: look, ask, write, fetch, install, and say what is next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad.cli import complete
from blogmetad.cli.exits import Exit
from blogmetad.cli.init import finish
from blogmetad.cli.init.plan import LEARNED, RULES_IN_SITE, Folders, plan, write
from blogmetad.cli.init.questions import Author, InitError
from blogmetad.cli.model.first import First, first_model
from blogmetad.cli.options import console, progress
from blogmetad.cli.share import ready_made_rules
from blogmetad.model import catalog
from blogmetad.model.store.place import PullError
from blogmetad.site.jekyll import find_site, read_site
from blogmetad.site.walk import Walk

LEARNABLE = 6
"""From so many posts on, rules are learned from them unless others are named."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="init")(init)


def init(
    site: Annotated[
        Path | None,
        typer.Argument(help="The folder of your Jekyll site.", show_default="the one you are in"),
    ] = None,
    drafts: Annotated[Path, typer.Option(help="Where you drop drafts.")] = Path("_inbox"),
    posts: Annotated[Path, typer.Option(help="Where finished posts go.")] = Path("_posts"),
    journal: Annotated[Path, typer.Option(help="Where the journal is written.")] = Path("_journal"),
    rules: Annotated[
        str | None,
        typer.Option(
            help="A rules document, or a ready-made one: al-folio, jekyll, bilingual-zh-en; or 'learned', for those "
            "that your posts keep to.",
            show_default="the site's, else learned",
            autocompletion=complete.ready_made_or_learned,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model of 'blogmetad model list', or the path of a GGUF file.",
            show_default="what suits the machine",
            autocompletion=complete.models,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Where to write the configuration.", show_default="~/.config/blogmetad/config.toml"),
    ] = None,
    pull: Annotated[bool | None, typer.Option("--pull/--no-pull", help="Fetch the model.", show_default="ask")] = None,
    service: Annotated[
        bool | None,
        typer.Option("--service/--no-service", help="Install the service of your user.", show_default="ask"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, take what was found.")] = False,
) -> None:
    """Set blogmetad up for a Jekyll site: configuration, rules learned from its posts, a model, and a service.

    What it cannot tell, it asks; without a terminal, options say it, or --yes takes what was found. With --yes nothing
    is fetched or installed unless --pull and --service say so. Relative folders lie in the site. What was there before
    is kept as a backup.

    Example:  blogmetad init ~/my-site
    """
    author = Author(yes)
    folders = Folders(_site(site, author), drafts.expanduser(), posts.expanduser(), journal.expanduser())
    named = rules or _which_rules(folders, author)
    first = First(model, None, "") if model else _which_model(author)
    made = plan(folders, named, first.name)
    target = (config or configuration.default_file()).expanduser().absolute()
    if author.is_here and target.exists() and not author.agrees(f"{target} exists. Keep it as a backup, and go on?"):
        raise typer.Abort
    write(made, target)
    console.print(f"wrote {target}", style="green", markup=False)
    failed: PullError | None = None
    try:
        first = finish.fetch(first, target, author, pull)
    except PullError as error:
        failed = error
        console.print(f"{error}\n  {error.hint}", style="yellow", markup=False)
    serving = finish.serve(target, author, service, ready=finish.is_here(first.name))
    finish.tell(made, target, first, serving=serving, named=target != configuration.default_file().absolute())
    if failed:
        raise typer.Exit(Exit.MODEL)


def _site(folder: Path | None, author: Author) -> Path:
    if folder is None:
        found = find_site(Path.cwd())
        folder = Path(author.chooses("Where is your site?", str(found) if found else None, {}, "SITE"))
    root = folder.expanduser().absolute()
    if not root.is_dir():
        raise InitError(f"{root} is not a folder", "name the folder of your site, the one with _config.yml in it")
    above = find_site(root)
    if above is None:
        console.print(f"{root} has no _config.yml and no _posts; it is set up as a plain folder", markup=False)
        return root
    console.print(f"site: {above}{f' ({title})' if (title := read_site(above).title) else ''}", markup=False)
    return above


def _which_rules(folders: Folders, author: Author) -> str:
    """The site's own rules; else those its posts keep to, if there are enough of them; else what suits the theme."""
    own = folders.root / RULES_IN_SITE
    count = sum(1 for _ in Walk().posts(folders.root / folders.posts)) if (folders.root / folders.posts).is_dir() else 0
    likely = str(own) if own.exists() else LEARNED if count >= LEARNABLE else _ready_made_for(folders.root)
    choices = {str(own): "those the site has"} if own.exists() else {}
    if count:
        choices[LEARNED] = f"what your {count} posts keep to"
    choices |= dict.fromkeys(ready_made_rules(), "comes with blogmetad") | {"FILE": "any other rules document"}
    chosen = author.chooses("Which rules?", likely, choices, "--rules")
    console.print(f"rules: {chosen}{f' from {count} posts' if chosen == LEARNED else ''}", markup=False)
    return chosen


def _ready_made_for(root: Path) -> str:
    """al-folio's rules where its traces are found, plain Jekyll's elsewhere."""
    try:
        text = (root / "_config.yml").read_text("utf-8", "replace").lower()
    except OSError:
        return "jekyll"
    return "al-folio" if any(trace in text for trace in ("al-folio", "al_folio", "giscus")) else "jekyll"


def _which_model(author: Author) -> First:
    """The model that suits the machine, or the one that is chosen instead."""
    with progress.status("asking the hubs"):
        first = first_model()
    console.print(f"model: {first.name} ({first.because})", markup=False)
    choices = {model.name: f"{model.size_bytes / 1e9:.1f} GB. {model.note}" for model in catalog.CATALOG.values()}
    chosen = author.chooses("Which model?", first.name, choices | {"FILE": "any other GGUF file"}, "--model")
    return first if chosen == first.name else First(chosen, None, "")
