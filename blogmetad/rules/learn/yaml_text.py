"""Values as YAML in one line, the way a rules document shows them, and comments that cannot break out of theirs."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from blogmetad import matter
from blogmetad.values import YamlValue

WIDTH = 118


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    # Only double quotes keep a line break within one line.
    style = '"' if any(c in data for c in "\n\r\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


def flow(value: object) -> str:
    """A value in one line."""
    written = str(
        yaml.dump(value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1 << 20)
    )
    return written.removesuffix("\n").removesuffix("\n...").strip()


def read(written: str) -> YamlValue:
    """What a value written in one line is read as. Raises MatterError."""
    values = matter.parse(f"value: {written}\n".encode(), limit=1 << 20)
    return None if values is None else values.get("value")


def plain(text: str) -> str:
    """Text that may stand in a comment: one line, nothing invisible in it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def comment(text: str, indent: int) -> list[str]:
    """A comment, in as many lines as it takes."""
    margin = " " * indent + "# "
    return textwrap.wrap(
        plain(text), WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    ) or [margin.rstrip()]
