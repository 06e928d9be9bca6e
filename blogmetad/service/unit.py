"""The text of the unit: the one in ``systemd/``, made to start this very installation. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NAME = "blogmetad.service"
MARK = "# Written by: blogmetad service install"
"""The first line of every unit that we write, so that one of the author's own is told from it."""

_NOTE = "# Written anew by every install; changes of your own belong into:  systemctl --user edit blogmetad"
_START = re.compile(r"^ExecStart=.*$", re.MULTILINE)


def rendered(template: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The unit that starts ``command``, a path and its arguments, with these variables set.

    Raises ValueError for a template without exactly one ExecStart.
    """
    body = template[template.index("[Unit]") :]
    if len(_START.findall(body)) != 1:
        raise ValueError("the template has to have one ExecStart=")
    lines = [*environment_lines(environment), f"ExecStart={command_line(command)}"]
    text = _START.sub(lambda _: "\n".join(lines), body)
    return f"{MARK}\n{_NOTE}\n\n{text}"


def environment_lines(environment: Mapping[str, str]) -> list[str]:
    """The settings that give the service these variables."""
    return [f"Environment={_word(f'{name}={value}')}" for name, value in environment.items()]


def command_line(command: Sequence[str]) -> str:
    """A command, a path and its arguments, as ExecStart reads it back."""
    return " ".join(_command(command))


def is_ours(text: str) -> bool:
    """Whether a unit was written by us, rather than by the author."""
    return text.startswith(MARK)


def start_line(text: str) -> str:
    """What a unit starts, as it stands there; empty if it starts nothing."""
    found = _START.search(text)
    return found[0].removeprefix("ExecStart=") if found else ""


def _command(words: Sequence[str]) -> tuple[str, ...]:
    # systemd starts nothing whose path has a quote in it; env does.
    if re.search(r"""["'\\\x00-\x1f]""", words[0]):
        words = ("/usr/bin/env", *words)
    return _word(words[0]), *(_argument(word) for word in words[1:])


def _argument(word: str) -> str:
    """A word of a command line. A dollar sign would be a variable's."""
    return _word(word.replace("$", "$$"))


def _word(word: str) -> str:
    """A word as systemd reads it back: in quotes where it has to be, and a percent sign never a specifier's."""
    word = word.replace("%", "%%")
    if re.fullmatch(r"[\w@%+=:,./$-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
