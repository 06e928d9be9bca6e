"""What the documents say is what the program does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from blogmetad import matter
from blogmetad.cli.exits import Exit
from blogmetad.model.catalog import CATALOG

ROOT = Path(__file__).resolve().parents[2]
GROUPS = "journal|model|rules|service"
"""Commands that have commands of their own."""
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
DEMO = ROOT / "blogmetad/cli/demo_site"
PUBLIC = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "rules").glob("*.md")),
    *sorted((ROOT / "systemd").iterdir()),
    *sorted(DEMO.rglob("*.md")),
    DEMO / "_config.yml",
    ROOT / "config.example.toml",
    *sorted((ROOT / "docs").glob("*.md")),
]


def invocations(text: str) -> set[str]:
    """Every ``blogmetad COMMAND`` in a document's code."""
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    code = [*re.findall(r"`([^`\n]+)`", text), *(line.split("#")[0] for line in lines)]
    words = [re.match(rf"(?:\S*/)?blogmetad ((?:(?:{GROUPS}) )?[a-z]+)", piece) for piece in code]
    return {found[1] for found in words if found}


def commands() -> dict[str, set[str]]:
    """Command -> its options, of the command line as it is; ``model pull`` for those of a group."""
    # Imported here: a command line that does not import fails what is said of commands, not of the texts.
    from blogmetad.cli.app import app

    group: Any = typer.main.get_command(app)
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {})
        for words, leaf in {name: command, **{f"{name} {sub}": c for sub, c in inner.items()}}.items():
            found[words] = {option for parameter in leaf.params for option in parameter.opts}
    return found


def test_every_command_of_the_readme_exists_and_every_command_is_in_it() -> None:
    existing = set(commands())
    assert invocations(ENGLISH) - existing == set()
    table = dict(re.findall(r"(?m)^\| `blogmetad (\w+)[^`]*` \|(.*)\|$", ENGLISH))
    table["retry"] = table["parked"]  # told in one row
    assert set(table) == {command for command in existing if " " not in command}
    for group in GROUPS.split("|"):
        assert set(re.findall(r"`(\w+)`", table[group])) == {
            command.split()[1] for command in existing if command.startswith(f"{group} ")
        }


def test_both_readmes_name_the_same_commands_options_and_keys() -> None:
    assert invocations(ENGLISH) == invocations(CHINESE)
    assert set(re.findall(r"--\w+", ENGLISH)) == set(re.findall(r"--\w+", CHINESE))
    assert re.findall(r"`([a-z]+_[a-z]+)\b", ENGLISH) == re.findall(r"`([a-z]+_[a-z]+)\b", CHINESE)


def test_both_readmes_have_the_same_sections_and_code_blocks() -> None:
    for pattern in (r"(?m)^#+ ", r"(?m)^\|", r"(?m)^```\w+", r"(?m)^\d+\. ", r"(?m)^- ", r"<!-- .*? -->"):
        assert re.findall(pattern, ENGLISH) == re.findall(pattern, CHINESE), pattern


def test_both_readmes_have_the_exit_codes_of_the_program() -> None:
    for text in (ENGLISH, CHINESE):
        assert {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", text)} == {int(code) for code in Exit}


def test_the_models_of_the_readmes_are_those_of_the_catalogue() -> None:
    for text in (ENGLISH, CHINESE):
        assert set(re.findall(r"(?m)^\| `([\w.-]+)` \| Qwen", text)) == set(CATALOG)


def test_the_architecture_names_every_module_and_no_other() -> None:
    house = ARCHITECTURE.split("## The house")[1].split("\n## ")[0].split("    rules/  ")[0]
    named: set[str] = set()
    folder = ""
    for line in house.splitlines():
        opened = re.match(r" {6}([\w/]+)/$", line)
        folder = f"{opened[1]}/" if opened else folder
        named |= {f"{folder}{module}" for module in re.findall(r"\b\w+\.py\b", line)}
    existing = {
        str(path.relative_to(ROOT / "blogmetad"))
        for path in (ROOT / "blogmetad").rglob("*.py")
        if path.name != "__init__.py"
    }
    assert named == existing


@pytest.mark.parametrize("file", PUBLIC, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_document_names_a_path_of_a_machine_or_the_host_of_a_registry(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w~.])/(?:home|root|work|tmp|Users|mnt|srv)/\S*", text) == []
    assert re.findall(r"(?i)\b[\w.-]*(?:pypi|pythonhosted|anaconda)\.\w+", text) == []


@pytest.mark.parametrize("post", sorted((DEMO / "_posts").iterdir()), ids=lambda post: post.stem)
def test_every_post_of_the_demo_is_one_the_rules_could_have_made(post: Path) -> None:
    raw = post.read_bytes()
    fields = matter.parse(matter.split(raw).head or b"")
    assert fields is not None
    assert post.name.startswith(f"{fields['date']}-")
    title, tags, categories = fields["title"], fields["tags"], fields["categories"]
    assert isinstance(title, str)
    assert isinstance(tags, list)
    assert isinstance(categories, list)
    assert post.stem[11:] == re.sub(r"[^a-z0-9]+", "-", title.lower())
    assert f"{title}{fields['description']}".isascii()
    assert tags == [str(tag).lower() for tag in tags]
    assert 5 <= len(tags) <= 8
    vocabulary = {"AI-Research", "Engineering", "Data-Science", "Tutorial", "Workflow", "Reading", "Life"}
    assert set(map(str, categories)) <= vocabulary


def test_the_demo_has_a_bare_chinese_draft_and_an_english_one_with_one_decision_of_its_author() -> None:
    chinese = matter.split((DEMO / "drafts/sqlite-wal.md").read_bytes())
    english = matter.split((DEMO / "drafts/systemd-timers.md").read_bytes())
    text = chinese.body.decode("utf-8")
    assert chinese.head is None
    assert len(text) >= 1800
    assert text.count("\n## ") >= 3
    assert "```python" in text
    assert "\n|---" in text
    assert matter.parse(english.head or b"") == {"giscus_comments": False}
    assert 600 <= len(re.findall(r"[A-Za-z][\w'-]*", english.body.decode("utf-8"))) <= 900


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    command = tmp_path / "blogmetad"
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    command.chmod(0o755)
    text = (ROOT / "systemd/blogmetad.service").read_text(encoding="utf-8")
    assert "\nExecStart=%h/.local/bin/blogmetad run\n" in text
    unit = tmp_path / "blogmetad.service"
    unit.write_text(text.replace("%h/.local/bin/blogmetad", str(command)), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
