"""The guide: every command in it is one the program takes, every key one it knows, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from blogmetad import config
from blogmetad.cli.exits import Exit
from blogmetad.intake import draft as intake
from blogmetad.rules.document import parse

ROOT = Path(__file__).resolve().parents[2]
GUIDE = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("bench/*.md")), *GUIDE]
WRITTEN = [path for path in (*sorted(ROOT.glob("README*.md")), *GUIDE) if path.name != "guide-commands.md"]
"""Pages that people wrote; that one is made from the program."""


def blocks(path: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def command_lines(path: Path) -> list[str]:
    """What a reader would type, of the lines that call the program itself."""
    lines = [line for block in blocks(path, "sh") for line in block.splitlines()]
    lines += [line.removeprefix("$ ") for block in blocks(path, "console") for line in block.splitlines()]
    plain = (re.split(r"\s#|\||>", line)[0].strip() for line in lines)
    return [line for line in plain if re.match(r"(\S*/)?blogmetad ", line)]


RULES = {"creation_note"}
"""What of a rules document is named in running text."""

LINES = sorted({(path.name, line) for path in WRITTEN for line in command_lines(path)})


def test_the_guide_has_commands_to_try() -> None:
    assert len(LINES) > 50


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_of_the_guide_is_one_that_the_program_takes(page: str, line: str) -> None:
    from blogmetad.cli.app import app

    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    context = command.make_context("blogmetad", list(words), ignore_unknown_options=False)
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            assert command.invoke_without_command, f"{page}: {line}"
            return
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_the_configuration_in_the_guide_is_valid(path: Path, tmp_path: Path) -> None:
    for block in blocks(path, "toml"):
        data = {"site": {"root": str(tmp_path)}} | tomllib.loads(block)
        data["site"] = {"root": str(tmp_path)} | data["site"]
        if data.get("model", {}).get("engine") == "openai":
            assert data["server"]["url"]
        config.Config.model_validate(data, context={"root": tmp_path})


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_the_keys_in_the_guide_are_those_of_the_configuration_or_of_rules(path: Path) -> None:
    sections = {name: about.annotation for name, about in config.Config.model_fields.items()}
    keys = {key for model in sections.values() for key in getattr(model, "model_fields", {})}
    text = path.read_text("utf-8")
    assert set(re.findall(r"`\[([a-z]+)\]`", text)) <= set(sections)
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) <= keys | RULES


def test_the_rules_in_the_guide_are_rules() -> None:
    found = 0
    for path in WRITTEN:
        for block in blocks(path, "yaml"):
            if block.startswith("fields:") and "date:" in block:
                parse(f"---\nrules: guide\nversion: 1\n{block}---\nBe short.\n".encode(), path.name)
                found += 1
    assert found == 1


def test_the_directives_in_the_guide_are_directives() -> None:
    found = 0
    for path in WRITTEN:
        for block in blocks(path, "yaml"):
            if block.startswith("---"):
                draft = intake.read("甲.md", f"{block}正文。\n".encode())
                assert not isinstance(draft, tuple), draft
                keys = set(yaml.safe_load(block.strip("-\n"))["blogmetad"])
                assert keys == {"ready", "hold", "leave", "language", "hint"}
                found += 1
    assert found >= 1


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), f"{path.name}: {target}"
        if anchor:
            heads = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
            assert anchor in {slug(head) for head in heads}, f"{path.name}: {target}"


def slug(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
    return kept.replace(" ", "-")


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (ROOT / "docs/guide.md").read_text("utf-8")
    for path in GUIDE:
        assert path.name == "guide.md" or f"({path.name})" in contents, path.name


def test_the_exit_codes_of_the_guide_are_those_of_the_program() -> None:
    text = (ROOT / "docs/guide-troubleshooting.md").read_text("utf-8")
    assert {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", text)} == {int(code) for code in Exit}
