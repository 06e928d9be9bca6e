"""One value in a TOML file changed in place, every other byte as it was (pure).

Where the value stands is guessed from the lines, as a person would, and every guess is proved: the file is read before
and after, and nothing but that value may differ.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

_HEADER = re.compile(r"[ \t]*\[[ \t]*(?P<name>[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\][ \t]*(?:#.*)?")
_ENTRY = r"[ \t]*(?:{key}|\"{key}\"|'{key}')[ \t]*=[ \t]*"
_TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")


class SettingFault(ValueError):
    """The value cannot be set without touching anything else; the text is part of a sentence."""


def changed(text: str, section: str, key: str, value: str) -> str:
    """The TOML ``text`` with a text value of a section set; a section or key that is missing is added.

    Raises SettingFault if the file is not TOML, or is written so that this cannot be done line by line.
    """
    try:
        wanted = copy.deepcopy(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingFault(f"it is not valid TOML: {error}") from None
    table = wanted.setdefault(section, {})
    if not isinstance(table, dict):
        raise SettingFault(f"[{section}] is no section in it")
    table[key] = value
    for guess in _guesses(text, section, key, _quoted(value)):
        if _holds(guess, wanted):
            return guess
    raise SettingFault(f"[{section}] {key} is not written in a way that could be changed without changing more")


def _guesses(text: str, section: str, key: str, quoted: str) -> Iterator[str]:
    """Ways to write the value, the best first."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    entry = re.compile(_ENTRY.format(key=re.escape(key)))
    headers = [number for number, line in enumerate(lines) if _names(line, section)]
    for number, line in enumerate(lines):
        found = entry.match(line)
        old = _TEXT.match(line, found.end()) if found else None
        if old:
            yield "".join([*lines[:number], line[: old.start()], quoted, line[old.end() :], *lines[number + 1 :]])
    for number in headers:
        head = lines[number] if lines[number].endswith("\n") else lines[number] + newline
        yield "".join([*lines[:number], head, f"{key} = {quoted}{newline}", *lines[number + 1 :]])
    gap = "" if not text or text.endswith("\n") else newline
    between = newline if text else ""
    yield f"{text}{gap}{between}[{section}]{newline}{key} = {quoted}{newline}"


def _names(line: str, section: str) -> bool:
    found = _HEADER.fullmatch(line.rstrip("\r\n"))
    return found is not None and found["name"].strip("\"'") == section


def _holds(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _quoted(value: str) -> str:
    """TOML's basic strings are JSON's, but for one character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
