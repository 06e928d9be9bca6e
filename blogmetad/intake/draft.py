"""Bytes into a Draft, or everything that is wrong with them, all at once. Pure."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from blogmetad import matter
from blogmetad.intake import directives, foreign
from blogmetad.intake import fields as author
from blogmetad.matter import MatterError, Split
from blogmetad.values import EMPTY, Directives, Draft, Problem, YamlValue

SAMPLE = 4096
"""Bytes looked at to tell UTF-16 without a byte-order mark from other binary data."""

_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WIDE_CODECS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NOT_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})
_BLANK = " \t\r\n\f\v\xa0\u3000\u200b\ufeff"
_LOOSE_KEY = re.compile(r"^([a-z][a-z_]*)(：|:(?![/\s]))", re.MULTILINE)


def read(name: str, raw: bytes) -> Draft | tuple[Problem, ...]:
    """Read one settled file: a Draft, or every problem found in it (never an empty tuple).

    ``name`` is the file's name, for the messages. The bytes of the body are kept exactly as they are; front matter
    that is a text or a list and no mapping is taken for what it is, the beginning of the body.
    """
    unreadable = _not_text(name, raw)
    if unreadable is not None:
        return (unreadable,)
    astray = foreign.misplaced(name, raw.removeprefix(matter.BOM)[: 4 * foreign.LOOKED_AT].decode("utf-8", "ignore"))
    if astray is not None:
        return (astray,)
    problems: list[Problem] = []
    try:
        parts = matter.split(raw)
    except MatterError as error:
        return (_in_front_matter(name, error),)
    try:
        fields = matter.parse(parts.head) if parts.head is not None else None
    except MatterError as error:
        fields = None
        problems.append(_in_front_matter(name, error))
    if parts.head is not None and fields is None:
        problems += _loose_keys(name, parts.head)
    if fields is None and not problems:
        parts = Split(None, raw.removeprefix(matter.BOM))
    problems += _doubtful_keys(name, fields or EMPTY)
    problems += author.unfit(name, parts.head, fields) if parts.head and fields else ()
    if not parts.body.decode("utf-8").strip(_BLANK):
        message = f"{name} has no text. Write the post below its front matter, if it has one, and save it again."
        problems.append(Problem("draft.empty", message))
    told = directives.read(name, fields[matter.DIRECTIVES]) if fields and matter.DIRECTIVES in fields else Directives()
    if not isinstance(told, Directives):
        problems += told
    if problems or not isinstance(told, Directives):
        return tuple(problems)
    own = {key: value for key, value in (fields or EMPTY).items() if key != matter.DIRECTIVES}
    first_end = raw.find(b"\n")
    return Draft(
        name=name,
        raw=raw,
        head=parts.head or b"",
        fields=MappingProxyType(own) if own else EMPTY,
        body=parts.body,
        newline="\r\n" if raw[max(first_end - 1, 0) : max(first_end, 0)] == b"\r" else "\n",
        directives=told,
    )


def _not_text(name: str, raw: bytes) -> Problem | None:
    """Why the bytes are no UTF-8 text, if they are not."""
    if raw.startswith(_WIDE_MARKS) or _is_wide(raw[:SAMPLE]):
        return Problem("draft.utf16", f"{name} is encoded as UTF-16 or UTF-32. Save it as UTF-8.")
    if b"\0" in raw:
        offset = raw.index(b"\0")
        return Problem(
            "draft.binary",
            f"{name} holds a NUL byte at offset {offset}, so it is not a text file. "
            "Move it out of the drafts folder, or replace it with the text.",
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return Problem(
            "draft.encoding",
            f"{name} is not valid UTF-8: line {line} holds the byte 0x{raw[error.start]:02X} "
            f"at offset {error.start}. Save it as UTF-8.",
        )
    return None


def _is_wide(sample: bytes) -> bool:
    """Whether the bytes read as wide characters without a mark: text in one of the codecs, nonsense in UTF-8."""
    return b"\0" in sample and any(_reads_as_text(sample, codec) for codec in _WIDE_CODECS)


def _reads_as_text(sample: bytes, codec: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return len(text) > 1 and all(c in "\t\r\n" or unicodedata.category(c) not in _NOT_TEXT for c in text)


def _in_front_matter(name: str, error: MatterError) -> Problem:
    line = f" (line {error.line})" if error.line is not None else ""
    message = (
        f"{name}: {error.reason}{line}. Correct it and save the file again; "
        "if the first '---' is a break in the text, put an empty line above it."
    )
    return Problem("draft.frontmatter", message)


def _loose_keys(name: str, head: bytes) -> Iterator[Problem]:
    """Keys whose colon YAML does not take for one: typed with a Chinese input method, or without a space.

    Without this they would silently be published as text.
    """
    text = head.decode("utf-8")
    for match in _LOOSE_KEY.finditer(text):
        key, colon = match.groups()
        cause = "a full-width colon (：)" if colon == "：" else "a colon without a space"
        line = text.count("\n", 0, match.start()) + 2
        message = f"{name}: '{key}' on line {line} is followed by {cause}. Write '{key}: ' and save it again."
        yield Problem("draft.keys", message, key)


def _doubtful_keys(name: str, fields: Mapping[str, YamlValue]) -> Iterator[Problem]:
    """Keys that are no names, and keys that differ only in case or width, of which the site would read just one."""
    seen: dict[str, str] = {}
    for key in fields:
        folded = unicodedata.normalize("NFKC", key).casefold().strip()
        if not folded or not key.isprintable():
            message = f"{name}: the front matter has a key without a readable name ({key!r}). Name it or remove it."
            yield Problem("draft.keys", message, key)
        elif folded in seen:
            message = f"{name}: the keys '{seen[folded]}' and '{key}' differ only in how they are spelled. Keep one."
            yield Problem("draft.keys", message, key)
        else:
            seen[folded] = key
