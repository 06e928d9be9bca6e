"""The guide to the commands is what the program says, and every command says enough."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main

from blogmetad.cli.app import HELP, app
from blogmetad.cli.exits import MEANING, Exit
from tests.command_guide import FILE, commands, guide, parts

COMMANDS = dict(commands())
GROUPS = {name: group for name, group in typer.main.get_command(app).commands.items() if hasattr(group, "commands")}
NO_LIST = {
    *("init", "run", "undo", "demo", "model pull", "model use", "model where", "model remove"),
    *("service install", "service uninstall", "service folders", "journal page"),
}
"""Commands that list nothing."""


def test_the_guide_is_what_the_program_says() -> None:
    assert FILE.read_text("utf-8") == guide(), "write it anew with: python -m tests.command_guide"


def test_every_exit_code_has_a_meaning_and_is_in_the_help() -> None:
    assert set(MEANING) == set(Exit)
    assert all(f"{int(code)} {meaning}" in HELP for code, meaning in MEANING.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_it_would_take(name: str) -> None:
    command: Any = COMMANDS[name]
    text, example = parts(command)
    assert text.endswith(".")
    words = shlex.split(example.split(" > ")[0], comments=True)
    assert shlex.join(words).startswith(name), example
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if re.match("--?[a-z]", word)} <= known
    needed = [each for each in command.params if each.param_type_name == "argument" and each.required]
    assert len(words) - len(name.split()) >= len(needed)


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_has_an_example_too(name: str) -> None:
    assert f"Example:  blogmetad {name}" in (GROUPS[name].help or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert parameter.help, parameter.name
        assert parameter.help.endswith((".", ")")), parameter.help


def test_what_lists_can_be_had_as_json() -> None:
    mute = {name for name, command in COMMANDS.items() if not any("--json" in p.opts for p in command.params)}
    assert {name.removeprefix("blogmetad ") for name in mute} <= NO_LIST
