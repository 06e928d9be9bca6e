"""What ``init`` is going to write, and the writing of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from blogmetad import config as configuration
from blogmetad import files
from blogmetad.cli.backup import replace
from blogmetad.cli.init.questions import InitError
from blogmetad.cli.rules.learn import learned_from
from blogmetad.cli.share import ready_made_rules
from blogmetad.model import catalog
from blogmetad.rules import document

RULES_IN_SITE = Path("_blogmetad/rules.md")
LEARNED = "learned"
"""What rules are called that are learned from the posts."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders as they stand in the configuration; relative ones lie in ``root``."""

    root: Path
    drafts: Path
    posts: Path
    journal: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written. ``document`` is the text of the rules to be put at ``rules``, None if the author's own
    are used where they lie."""

    folders: Folders
    rules: Path
    document: bytes | None
    model: str

    @property
    def drafts(self) -> Path:
        """Where drafts are dropped."""
        return self.folders.root / self.folders.drafts

    @property
    def posts(self) -> Path:
        """Where finished posts go."""
        return self.folders.root / self.folders.posts

    @property
    def rules_file(self) -> Path:
        """Where the rules lie."""
        return self.folders.root / self.rules


def plan(folders: Folders, rules: str, model: str) -> Plan:
    """What to write for these answers. Raises InitError, RulesError, or what is said of a model that is none."""
    where, content = _rules(folders, rules)
    if catalog.source_of(model) is None:
        model = str(catalog.resolve(model, Path.cwd()))
    return Plan(folders, where, content, model)


def write(made: Plan, target: Path) -> None:
    """Write configuration, folders and rules; earlier files that differ are kept beside the new ones."""
    content = _toml(made).encode("utf-8")
    files.make_dir(target.parent)
    trial = target.with_name(f".{target.name}.trial")
    try:
        trial.write_bytes(content)
        configuration.load(trial)
    except configuration.ConfigError as error:
        raise InitError("\n".join(error.faults), "nothing was written; name other folders") from None
    finally:
        trial.unlink(missing_ok=True)
    for folder in (made.drafts, made.posts):
        files.make_dir(folder, 0o777)
    state = made.folders.root / ".blogmetad"
    files.make_dir(state)
    if not (state / ".gitignore").exists():
        files.write_new(state / ".gitignore", b"*\n")
    if made.document is not None:
        files.make_dir(made.rules_file.parent, 0o777)
        replace(made.rules_file, made.document, "rules are")
    replace(target, content, "configuration is")


def _rules(folders: Folders, name: str) -> tuple[Path, bytes | None]:
    """Where the rules will lie, as the configuration says it, and their text if it has to be put there."""
    if name == LEARNED:
        content = learned_from(folders.root, folders.root / folders.posts).text.encode("utf-8")
        document.parse(content, str(RULES_IN_SITE))
        return RULES_IN_SITE, content
    ready_made = ready_made_rules()
    if name in ready_made:
        return RULES_IN_SITE, ready_made[name].read_bytes()
    own = Path(name).expanduser()
    if not own.is_file():
        names = ", ".join((*ready_made, LEARNED))
        raise InitError(f"there is no rules document {name}", f"name a file, or one of {names}")
    document.load(own.absolute())
    inside = own.absolute() == folders.root / RULES_IN_SITE
    return (RULES_IN_SITE if inside else own.absolute()), None


def _toml(made: Plan) -> str:
    def text(value: Path | str) -> str:
        return json.dumps(str(value), ensure_ascii=False)

    folders = made.folders
    return (
        "# blogmetad: where this blog lives. Every other key has a default; config.example.toml explains them all.\n"
        "\n[site]\n"
        f"root = {text(folders.root)}\n"
        f"drafts = {text(folders.drafts)}\n"
        f"posts = {text(folders.posts)}\n"
        f"journal = {text(folders.journal)}\n"
        f"rules = {text(made.rules)}\n"
        "\n[model]\n"
        f"name = {text(made.model)}\n"
    )
