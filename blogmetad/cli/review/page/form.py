"""A form as it was sent: bounded, and its names and values as text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

KIND = "application/x-www-form-urlencoded"
MAX_BYTES = 256 * 1024
"""Front matter of 16 KiB, each byte escaped, five times over."""
MAX_FIELDS = 1000

_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")

FIELD, TERM = "field:", "term:"
"""What stands before the names of a post's fields, so that none is taken for one of the form's own."""


class FormError(ValueError):
    """What was sent is no form of ours."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form's values by name, in the order they were sent."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """The only value of a name; empty if there is none."""
        found = self.values.get(name, ())
        return found[0] if len(found) == 1 else ""

    @property
    def texts(self) -> dict[str, str]:
        """What stands in the fields that hold one value, as it was typed, with ``\\n`` at the ends of lines."""
        sent = ((name.removeprefix(FIELD), values) for name, values in self.values.items() if name.startswith(FIELD))
        return {name: unified(values[0]) for name, values in sent}

    @property
    def terms(self) -> dict[str, tuple[str, ...]]:
        """The terms of the fields that hold a list, those left empty aside."""
        sent = ((name.removeprefix(TERM), values) for name, values in self.values.items() if name.startswith(TERM))
        return {name: tuple(" ".join(each.split()) for each in values if each.strip()) for name, values in sent}


def read(kind: str, body: bytes) -> Form:
    """The form in a request's body. Raises FormError."""
    if kind.partition(";")[0].strip().lower() != KIND:
        raise FormError("not a form")
    if len(body) > MAX_BYTES:
        raise FormError("too large")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise FormError("not a form") from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Form(values)


def unified(text: str) -> str:
    """Text with one kind of line end: browsers send another than they were given, and some programs have their own."""
    return _LINE_END.sub("\n", text)
