"""``init``: from a Jekyll site to a configuration, in one command."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad import files
from blogmetad.cli.model.first import First, first_model
from blogmetad.cli.options import console, progress
from blogmetad.cli.share import ready_made_rules
from blogmetad.errors import BlogmetadError
from blogmetad.model import catalog
from blogmetad.model.store import modelscope, pull
from blogmetad.rules import document
from blogmetad.site.jekyll import find_site
from blogmetad.site.walk import Walk

RULES_IN_SITE = Path("_blogmetad/rules.md")


class InitError(BlogmetadError):
    """The site, the rules or the model named cannot be used."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Plan:
    """What init is going to write. Folders as they stand in the configuration; ``copy_rules`` is the ready-made
    document to copy to ``rules``, None if the author's own is used where it lies."""

    root: Path
    drafts: Path
    posts: Path
    journal: Path
    rules: Path
    copy_rules: Path | None
    model: str


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="init")(init)


def init(
    site: Annotated[Path, typer.Argument(help="The folder of your Jekyll site.")],
    drafts: Annotated[Path, typer.Option(help="Where you drop drafts.")] = Path("_inbox"),
    posts: Annotated[Path, typer.Option(help="Where finished posts go.")] = Path("_posts"),
    journal: Annotated[Path, typer.Option(help="Where the journal is written.")] = Path("_journal"),
    rules: Annotated[
        str | None,
        typer.Option(help="A rules document, or the name of a ready-made one: al-folio, jekyll, bilingual-zh-en."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model of 'blogmetad model list', or the path of a GGUF file.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Where to write the configuration.", show_default="~/.config/blogmetad/config.toml"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, take what was found.")] = False,
) -> None:
    """Find a Jekyll site and write a configuration for it. Relative folders lie in the site.

    Example:  blogmetad init ~/my-site --rules bilingual-zh-en --yes
    """
    root = _site(site)
    kept = root / RULES_IN_SITE
    likely = str(kept) if kept.exists() else _likely_rules(root)
    name = rules or _ask("Which rules?", likely, [*sorted(ready_made_rules()), "FILE"], yes)
    first = First(model, None, "") if model else _first(yes)
    plan = _plan(root, drafts, posts, journal, name, first.name)
    target = (config or configuration.default_file()).expanduser().absolute()
    if not yes and target.exists() and not typer.confirm(f"{target} exists. Keep it as a backup and write a new one?"):
        raise typer.Abort
    _write(plan, target)
    _tell(plan, target, first, config)


def _site(folder: Path) -> Path:
    root = folder.expanduser().absolute()
    if not root.is_dir():
        raise InitError(f"{root} is not a folder", "name the folder of your site, the one with _config.yml in it")
    found = find_site(root)
    if found is None:
        console.print(f"{root} has no _config.yml and no _posts; it is set up as a plain folder", markup=False)
    return found or root


def _ask(question: str, default: str, choices: list[str], yes: bool) -> str:
    if yes:
        return default
    return str(typer.prompt(f"{question} ({', '.join(choices)})", default=default))


def _first(yes: bool) -> First:
    """The model that suits the machine, or the one that is chosen instead."""
    with progress.status("asking the hubs"):
        first = first_model()
    console.print(f"model: {first.name} ({first.because})", markup=False)
    chosen = _ask("Which model?", first.name, [*catalog.CATALOG, "PATH"], yes)
    return first if chosen == first.name else First(chosen, None, "")


def _likely_rules(root: Path) -> str:
    """al-folio's rules where its traces are found, plain Jekyll's elsewhere."""
    try:
        text = (root / "_config.yml").read_text("utf-8", "replace").lower()
    except OSError:
        return "jekyll"
    return "al-folio" if any(trace in text for trace in ("al-folio", "al_folio", "giscus")) else "jekyll"


def _plan(root: Path, drafts: Path, posts: Path, journal: Path, rules: str, model: str) -> Plan:
    ready_made = ready_made_rules()
    own = Path(rules).expanduser()
    if rules in ready_made:
        copy, where = ready_made[rules], RULES_IN_SITE
    elif own.is_file():
        copy, where = None, own.absolute()
    else:
        raise InitError(f"there is no rules document {rules}", f"name a file, or one of {', '.join(ready_made)}")
    document.load(copy or where)
    if where == root / RULES_IN_SITE:
        where = RULES_IN_SITE
    if catalog.source_of(model) is None:
        model = str(catalog.resolve(model, Path.cwd()))
    return Plan(root, drafts.expanduser(), posts.expanduser(), journal.expanduser(), where, copy, model)


def _write(plan: Plan, target: Path) -> None:
    content = _toml(plan).encode("utf-8")
    files.make_dir(target.parent)
    trial = target.with_name(f".{target.name}.trial")
    try:
        trial.write_bytes(content)
        configuration.load(trial)
    except configuration.ConfigError as error:
        raise InitError("\n".join(error.faults), "nothing was written; name other folders") from None
    finally:
        trial.unlink(missing_ok=True)
    for name in (plan.drafts, plan.posts):
        files.make_dir(plan.root / name, 0o777)
    state = plan.root / ".blogmetad"
    files.make_dir(state)
    if not (state / ".gitignore").exists():
        files.write_new(state / ".gitignore", b"*\n")
    rules = plan.root / plan.rules
    if plan.copy_rules is not None:
        files.make_dir(rules.parent, 0o777)
        _replace(rules, plan.copy_rules.read_bytes(), "rules are")
    _replace(target, content, "configuration is")


def _replace(file: Path, content: bytes, what: str) -> None:
    """Write a file; an earlier one that differs stays beside it under a name with the time."""
    if file.exists() and file.read_bytes() != content:
        backup = file.with_name(f"{file.name}.{dt.datetime.now().astimezone():%Y%m%d-%H%M%S}.bak")
        shutil.copy2(file, backup)
        console.print(f"the earlier {what} kept as {backup}", markup=False)
    files.write_new(file, content, replace=True)


def _toml(plan: Plan) -> str:
    def text(value: Path | str) -> str:
        return json.dumps(str(value), ensure_ascii=False)

    return (
        "# blogmetad: where this blog lives. Every other key has a default; config.example.toml explains them all.\n"
        "\n[site]\n"
        f"root = {text(plan.root)}\n"
        f"drafts = {text(plan.drafts)}\n"
        f"posts = {text(plan.posts)}\n"
        f"journal = {text(plan.journal)}\n"
        f"rules = {text(plan.rules)}\n"
        "\n[model]\n"
        f"name = {text(plan.model)}\n"
    )


def _tell(plan: Plan, target: Path, first: First, config: Path | None) -> None:
    option = f" --config {target}" if config is not None else ""
    console.print(f"wrote {target}", style="green", markup=False)
    console.print(f"drop drafts into {plan.root / plan.drafts}, posts appear in {plan.root / plan.posts}", markup=False)
    console.print(f"the rules are in {plan.root / plan.rules}: read them, change what you like", markup=False)
    console.print("\nnext:", markup=False)
    if plan.copy_rules is not None and any(Walk().posts(plan.root / plan.posts)):
        site, rules = shlex.quote(str(plan.root)), shlex.quote(str(plan.root / plan.rules))
        console.print(f"  blogmetad rules learn {site} -o {rules} --force   (rules from your posts)", markup=False)
    source = catalog.source_of(first.name)
    if source is not None and pull.presence(source, catalog.models_folder()).state in ("absent", "partial"):
        where = " --from modelscope" if isinstance(first.hub, modelscope.ModelScope) else ""
        console.print(f"  blogmetad model pull {first.name}{where}", markup=False)
    console.print(f"  blogmetad doctor{option}", markup=False)
    console.print(f"  blogmetad run{option}", markup=False)
