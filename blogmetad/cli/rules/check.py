"""``rules check``: posts held against the rules and against Jekyll's habits, and what is safe put right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blogmetad.cli import complete
from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, progress, visible
from blogmetad.cli.rules import repair
from blogmetad.cli.rules.inspection import Ground, Inspection, inspect
from blogmetad.cli.share import ready_made_rules
from blogmetad.errors import BlogmetadError
from blogmetad.rules import document
from blogmetad.site.jekyll import POSTS, read_site
from blogmetad.site.posts import posts_folder
from blogmetad.values import Finding

RULES_IN_SITE = Path("_blogmetad/rules.md")
COLOURS = {"error": "red", "warning": "yellow"}


class CheckError(BlogmetadError):
    """There is nothing to check where it was said to be."""

    hint = "name the folder of a site, the one with _config.yml in it, or a folder of posts"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="check")(check)


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Posts or drafts. Default: the whole site.", metavar="FILE", show_default=False),
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    site: Annotated[
        Path | None, typer.Option("--site", help="Another site, or a folder of posts.", show_default=False)
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="Other rules: a name or a file.",
            show_default=False,
            autocompletion=complete.ready_made,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is safe; every change is shown.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fix: do not ask.")] = False,
) -> None:
    """Hold posts against the rules, and say what Jekyll will not publish, or not as it is meant.

    Exits with 0 if there is no error (warnings are allowed, unless --strict), else with 1.

    --fix gives terms their names in the vocabulary, makes lists of text with commas, and adds missing constants. Only
    the bytes of these values change; originals are kept in .blogmetad/fixed. With neither a terminal nor --yes, it
    shows the changes, writes nothing, and exits with 1 if there are any.

    Example:  blogmetad rules check --fix
    """
    ground, source = _ground(config, site, rules)
    law, machine = document.load(source), as_json(json)
    with progress.status("reading posts"):
        found = inspect(ground, law, files or ())
    if fix:
        repaired = repair.mend(found, ground, machine=machine, yes=yes)
        if repaired is None:
            raise typer.Exit(Exit.NEEDS_YOU)
        if repaired:
            with progress.status("reading posts again"):
                found = inspect(ground, law, files or ())
    _report(found, machine)
    worst = {finding.severity for finding in (*found.findings, *found.shared)}
    raise typer.Exit(Exit.NEEDS_YOU if "error" in worst or (strict and worst) else Exit.OK)


def _ground(config: Path | None, site: Path | None, rules: str | None) -> tuple[Ground, Path]:
    """What to check, and the rules document to hold it against."""
    named = ready_made_rules().get(rules, Path(rules)) if rules else None
    if site is None:
        where = load(config).site
        return Ground(where.posts, read_site(where.root), where.state), named or where.rules
    folder = site.absolute()
    if not folder.is_dir():
        raise CheckError(f"{folder} is not a folder")
    root = folder.parent if folder.name == POSTS else folder
    own = root / RULES_IN_SITE
    source = named or (own if own.is_file() else load(config).site.rules)
    return Ground(posts_folder(folder), read_site(root), root / ".blogmetad"), source


def _report(found: Inspection, machine: bool) -> None:
    if machine:
        for finding in found.findings:
            print_json(_row(finding, finding.paths[0]))
        for finding in found.shared:
            print_json(_row(finding, None))
        return
    by_path: dict[str, list[Finding]] = {}
    for finding in found.findings:
        by_path.setdefault(finding.paths[0], []).append(finding)
    for path in sorted(by_path):
        _group(path, by_path[path])
    if found.shared:
        _group("several posts at once", found.shared)
    console.print(_summary(found, by_path), style="bold", markup=False)


def _row(finding: Finding, file: str | None) -> dict[str, object]:
    """A finding as JSON; ``file`` is null for what is about several posts."""
    return {
        "file": file,
        "files": list(finding.paths),
        "id": finding.rule,
        "severity": finding.severity,
        "field": finding.field,
        "message": finding.message,
        "fixable": finding.fixable,
    }


def _group(title: str, findings: list[Finding] | tuple[Finding, ...]) -> None:
    console.print(visible(title), style="bold", markup=False)
    for finding in findings:
        console.print(f"  {finding.severity:<8}", style=COLOURS[finding.severity], markup=False, end="")
        fixable = "  (--fix)" if finding.fixable else ""
        console.print(f"{finding.rule:<20} {visible(finding.message)}{fixable}", markup=False)


def _summary(found: Inspection, by_path: dict[str, list[Finding]]) -> str:
    bad = sum(any(finding.severity == "error" for finding in findings) for findings in by_path.values())
    files = len(found.posts.keys() | by_path.keys())
    parts = [f"{files - len(by_path)} clean", f"{bad} with errors", f"{len(by_path) - bad} with warnings only"]
    fixable = sum(any(finding.fixable for finding in findings) for findings in by_path.values())
    hint = f"; {fixable} can be repaired: blogmetad rules check --fix" if fixable else ""
    return f"{files} post{'s'[: files != 1]}: {', '.join(parts)}{hint}"
