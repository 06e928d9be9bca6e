"""docs/guide-commands.md, made from the command line itself.

Write it anew with:  python -m tests.command_guide
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from blogmetad.cli.app import app
from blogmetad.cli.exits import MEANING

FILE = Path(__file__).resolve().parents[1] / "docs" / "guide-commands.md"

HEAD = """# Commands

Made from the program itself (`python -m tests.command_guide`), so it says what `--help` says.

The configuration is read from `$BLOGMETAD_CONFIG`, else `~/.config/blogmetad/config.toml`. On a terminal commands print
words, into a pipe JSON, one object a line, as with `--json`. Hints and progress go to standard error.
`blogmetad --install-completion` has your shell complete commands, models, rules, and drafts by id or name.
"""


def guide() -> str:
    """The whole page."""
    found = dict(commands())
    lines = [HEAD, "| Command | What it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{_anchor(name)}) | {_first(command)} |" for name, command in found.items()]
    lines += ["", "## Exit codes", "", "| Code | Meaning |", "|---|---|"]
    lines += [f"| {int(code)} | {meaning} |" for code, meaning in MEANING.items()]
    for name, command in found.items():
        lines += ["", *_section(name, command)]
    return "\n".join(lines) + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, those of groups included and groups themselves left out."""
    yield from _below("blogmetad", typer.main.get_command(app))


def parts(command: Any) -> tuple[str, str]:
    """A command's help without its example, and the example."""
    text, _, example = (command.help or "").partition("Example:")
    return text.strip(), example.strip()


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, each in inner.items():
        yield from _below(f"{name} {word}", each)


def _first(command: Any) -> str:
    """The first sentence of a command's help."""
    sentence = " ".join(parts(command)[0].split("\n\n")[0].split())
    return _cell(re.split(r"(?<=\.)\s", sentence)[0])


def _section(name: str, command: Any) -> Iterator[str]:
    text, example = parts(command)
    yield f"## {name}"
    for paragraph in text.split("\n\n"):
        yield f"\n{' '.join(paragraph.split())}"
    yield f"\n```sh\n{example}\n```"
    context = command.make_context(name, [], resilient_parsing=True)
    told = [each.get_help_record(context) for each in command.params]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in filter(None, told)]
    if rows:
        yield "\n| | |\n|---|---|"
        yield from rows


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


if __name__ == "__main__":
    FILE.write_text(guide(), "utf-8")
