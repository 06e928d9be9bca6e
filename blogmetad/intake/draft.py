"""Read: the bytes of a settled file become a Draft, or every reason why they cannot. Pure."""

from __future__ import annotations

from typing import Literal

from blogmetad import matter
from blogmetad.values import EMPTY, Draft, Problem

_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def read(name: str, raw: bytes) -> Draft | tuple[Problem, ...]:
    """The draft in ``raw``; ``name`` is its file's name, for messages. All problems at once.

    Front matter that is text or a list and not keys is body: such a draft has no fields.
    """
    wrong = _encoding(name, raw)
    if wrong is not None:
        return (wrong,)
    try:
        parts = matter.split(raw)
        fields = matter.parse(parts.head) if parts.head is not None else EMPTY
    except matter.MatterError as error:
        return (_front_matter(name, error),)
    newline: Literal["\n", "\r\n"] = "\r\n" if b"\r\n" in raw.split(b"\n", 1)[0] + b"\n" else "\n"
    draft = (
        Draft(name, raw, b"", EMPTY, raw.removeprefix(matter.BOM), newline)
        if fields is None
        else Draft(name, raw, parts.head or b"", fields, parts.body, newline)
    )
    if not draft.body.strip():
        what = "has front matter and no text" if draft.head else "is empty"
        return (Problem("draft.empty", f"{name} {what}. Write the post and save the file again."),)
    return draft


def _encoding(name: str, raw: bytes) -> Problem | None:
    """What is wrong with the bytes before anybody looks at the text."""
    advice = "Save it as UTF-8 text."
    if raw.startswith(_UTF16):
        return Problem("draft.utf16", f"{name} is UTF-16 or UTF-32, which Jekyll cannot read. {advice}")
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        return Problem("draft.binary", f"{name} is not text: there is a NUL byte in line {line}. {advice}")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        where = f"byte {error.start} in line {line}"
        return Problem("draft.encoding", f"{name} is not valid UTF-8: {where} belongs to no character. {advice}")
    return None


def _front_matter(name: str, error: matter.MatterError) -> Problem:
    where = f", line {error.line}" if error.line else ""
    return Problem("draft.frontmatter", f"{name}{where}: {error.reason}. Correct it and save the file again.")
