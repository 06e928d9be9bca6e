"""The author's fields as Jekyll takes them: those it cannot read at all, and those it reads as something else. Pure.

One such value in one post keeps Jekyll from building the whole site, or costs the post its title, date or terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import yaml

from blogmetad import inplace, matter
from blogmetad.matter import DESCRIPTIONS, SINGULAR
from blogmetad.values import Problem, YamlValue

TEXTS = ("title", "slug", *DESCRIPTIONS, *SINGULAR, *SINGULAR.values())
"""Fields whose values are words, whatever YAML makes of them without quotes."""

_UNCHANGED = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{0,9}[1-9])?|\d{4}-\d\d-\d\d|true|false|null")
_ADDRESSES = ("slug", "permalink")


def unfit(name: str, head: bytes, fields: Mapping[str, YamlValue]) -> Iterator[Problem]:
    """A Problem for each field that Jekyll cannot read, and each value that it reads as something else than is
    written. ``head`` are the lines that ``fields`` were read from."""
    for field, value in fields.items():
        wanted = _wanted(field, value)
        if wanted:
            message = f"{name}: '{field}' holds {_kind(value)}; Jekyll needs {wanted}. Correct it and save it again."
            yield Problem("draft.value", message, field)
    root = inplace.tree(head)
    for key, node in root.value if root is not None else ():
        for scalar in (key, *_scalars(node)):
            if scalar.style is None and _misread(scalar.value, key.value in TEXTS and scalar is not key):
                line = scalar.start_mark.line + 2
                message = (
                    f"{name}: '{_shown(scalar.value)}' on line {line} is no text in YAML but a number, a time, a truth "
                    "value or a symbol. Put it in quotes and save the file again."
                )
                yield Problem("draft.value", message, str(key.value))


def _wanted(field: str, value: YamlValue) -> str:
    """What a field must be, if it is not; empty if it is all right. Most may be left empty: that is a choice."""
    if field == "date" and value in (None, ""):
        return "a day such as 2025-04-29, or no 'date' at all"
    if value is None and field != "published":
        return ""
    if field == "title" and isinstance(value, bool | list | dict):
        return "text"
    if field in _ADDRESSES and not (isinstance(value, str) and value.isprintable() and re.search(r"\w", value)):
        return "text in quotes with a letter or a digit in it"
    if field in SINGULAR and not (isinstance(value, str) or _is_words(value)):
        return "text or a list of words"
    if field in SINGULAR.values() and isinstance(value, list | dict):
        return "a single word or text"
    return "true or false" if field == "published" and not isinstance(value, bool) else ""


def _is_words(value: YamlValue) -> bool:
    return isinstance(value, list) and not any(isinstance(item, list | dict) for item in value)


def _kind(value: YamlValue) -> str:
    kinds = {bool: "a truth value", list: "this list", dict: "a map of keys", str: "this text", type(None): "nothing"}
    return kinds.get(type(value), "a number or a date")


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Every single value in a node, keys included."""
    if isinstance(node, yaml.ScalarNode):
        yield node
        return
    for part in node.value:
        for inner in part if isinstance(part, tuple) else (part,):
            yield from _scalars(inner)


def _misread(value: str, is_text: bool) -> bool:
    """Whether a value without quotes means something else than it says. A symbol is one anywhere."""
    if value.startswith(":"):
        return True
    return is_text and matter.is_doubtful(value) and _UNCHANGED.fullmatch(value) is None


def _shown(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:60]}…"
