"""Front matter, the one reader and writer: bytes are split here, only the YAML goes to the libraries.

python-frontmatter changes bodies (indentation, CRLF, last newline), strips what it writes, and its default
loader can be crashed by deeply nested input. So the split is ours, byte for byte, its YAML handler reads
through a loader without anchors, tags, merge keys, duplicate keys or depth, and PyYAML itself writes.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from blogmetad.strict_yaml import MatterError as MatterError
from blogmetad.strict_yaml import strictly
from blogmetad.values import YamlValue, body_sha256, sha256

MAX_HEAD = 16 * 1024
LARGEST_INT_BITS = 64
BOM = b"\xef\xbb\xbf"

DIRECTIVES = "blogmetad"
"""The key that holds what an author tells us about a draft; no post has it."""

SINGULAR = {"tags": "tag", "categories": "category"}
"""Jekyll reads these keys as well, one term each: an author who wrote one has decided."""

DESCRIPTIONS = ("description", "excerpt", "summary", "abstract", "subtitle")
"""What themes call the line that tells what a post is about, the commonest first."""

_OPEN = re.compile(rb"---[ \t]*\r?\n")
_CLOSE = re.compile(rb"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_KEY_LINE = rb"""[ \t]*["']?[\w\x80-\xff][\w\x80-\xff-]*["']?[ \t]*:(?=\s|\Z)"""
_KEY_FIRST = re.compile(rb"(?:[ \t]*#[^\n]*\n)*" + _KEY_LINE)
_KEY_ANYWHERE = re.compile(rb"^" + _KEY_LINE, re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_,]+|0[bB][01_,]+|[0-9.][0-9_,.:eEtTzZ \t+-]*)")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", ".nan", ".inf", "-.inf", "+.inf"})
_HANDLER = YAMLHandler()


@dataclass(frozen=True, slots=True)
class Split:
    """A file in two: ``head`` is the bytes between the ``---`` lines, None where there is no front matter."""

    head: bytes | None
    body: bytes


def split(raw: bytes) -> Split:
    """Split a file into its front matter and its body without changing a byte of either.

    A leading byte-order mark belongs to neither. A first line ``---`` that is never closed is body, a
    thematic break, unless a key follows it: that raises MatterError, since the author forgot the closing line.
    """
    data = raw.removeprefix(BOM)
    opening = _OPEN.match(data)
    if opening is None:
        return Split(None, data)
    closing = _CLOSE.search(data, opening.end())
    if closing is None:
        if _KEY_FIRST.match(data, opening.end()):
            raise MatterError("the front matter is opened with '---' but never closed", 1)
        return Split(None, data)
    return Split(data[opening.end() : closing.start()], data[closing.end() :])


def body_hash(raw: bytes) -> str:
    """The hash of a file's body; that of the whole file where the two cannot be told apart."""
    try:
        return body_sha256(split(raw).body)
    except MatterError:
        return sha256(raw)


def parse(head: bytes, limit: int = MAX_HEAD) -> Mapping[str, YamlValue] | None:
    """The values of a front-matter block; None if it is text or a list and not a mapping (then it is body).

    Text need not be valid YAML to be told from a mapping: where no line looks like a key, it is text.
    ``limit`` is in bytes. Raises MatterError for what cannot be read or is not allowed, with its line.
    """
    try:
        values = _load(head, limit)
    except MatterError:
        if _KEY_ANYWHERE.search(head) or head.lstrip().startswith((b"{", b"[", b"&", b"!", b"?")):
            raise
        return None
    if values is None:
        return {}
    return values if isinstance(values, dict) else None


def _load(head: bytes, limit: int) -> object:
    if len(head) > limit:
        raise MatterError(f"the front matter is larger than {limit // 1024} KiB")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MatterError("the front matter is not valid UTF-8", _line(head[: error.start])) from None
    try:
        values = strictly(_HANDLER.load, text)
        _refuse(values)
        return values
    except MatterError:
        raise
    except yaml.reader.ReaderError as error:
        line = _line(text[: error.position].encode("utf-8"))
        reason = f"the character U+{ord(text[error.position]):04X} is not allowed in front matter"
        raise MatterError(reason, line) from None
    except yaml.MarkedYAMLError as error:
        reason = f"the front matter is not valid YAML: {error.problem or error.context}"
        raise MatterError(reason, error.problem_mark.line + 2 if error.problem_mark else None) from None
    except (ValueError, ArithmeticError) as error:  # a lone value that is no key's
        raise MatterError(f"the front matter is not valid YAML: {error}") from None


def _refuse(value: object) -> None:
    """Refuse what YAML can spell and nothing else can hold: half characters, no numbers, what is too large."""
    if isinstance(value, dict):
        parts = [part for pair in value.items() for part in pair]
    elif isinstance(value, list):
        parts = value
    else:
        reason = _unusable(value)
        if reason:
            raise MatterError(reason)
        return
    for part in parts:
        _refuse(part)


def _unusable(value: object) -> str:
    """Why a single value cannot be used; empty if it can."""
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        return "an escape such as \\uD800 is half a character"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a number a post can carry"
    if isinstance(value, int) and value.bit_length() > LARGEST_INT_BITS:
        return "a number is too large; put it in quotes"
    if isinstance(value, dt.date) and not 1 < value.year < dt.MAXYEAR:
        return f"the year {value.year} cannot be used"
    return ""


def _line(before: bytes) -> int:
    """The line of the file that comes behind ``before``; the opening ``---`` is line 1."""
    return before.count(b"\n") + 2


class Quoted(str):
    """Text that is always written in double quotes, as titles and descriptions are by custom."""

    __slots__ = ()


class Plain(str):
    """Text that is written as it is: a date in Jekyll's form."""

    __slots__ = ()


class Lines(list[YamlValue]):
    """A list that is written with an item a line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def is_doubtful(text: str) -> bool:
    """Whether Ruby, and so Jekyll, reads text without quotes as a number, a time, a truth value or a symbol, whatever
    PyYAML makes of it: ``1,000``, ``0:30``, ``oN``, ``:name``."""
    return text.startswith(":") or text.casefold() in _WORDS or _NUMBER.fullmatch(text) is not None


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = "'" if is_doubtful(data) else None
    # YAML 1.1 folds these line breaks within single quotes; only an escape keeps them.
    style = '"' if any(c in data for c in "\x85\u2028\u2029") else style
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _quoted(dumper: yaml.SafeDumper, data: Quoted) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style='"')


def _plain(dumper: yaml.SafeDumper, data: Plain) -> yaml.Node:
    tag = dumper.resolve(yaml.ScalarNode, str(data), (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, str(data))


def _flow_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


def _lines(dumper: yaml.SafeDumper, data: Lines) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=False)


def _block_map(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=False)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Quoted, _quoted)
_Dumper.add_representer(Plain, _plain)
_Dumper.add_representer(list, _flow_list)
_Dumper.add_representer(Lines, _lines)
_Dumper.add_representer(dict, _block_map)


def render(field: str, value: YamlValue) -> str:
    """One front-matter key with its value as YAML lines, ``\\n`` at the end of each.

    Lists are written in one line (``tags: [ai, llm]``), maps as blocks; ``Quoted``, ``Plain`` and ``Lines`` as they
    say.
    """
    return str(yaml.dump({field: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20))


def scalar(text: str, style: str | None = None) -> str:
    """Text as YAML in one line, fit for a list in brackets; ``style`` is the kind of quotes it should get."""
    row = yaml.SequenceNode("tag:yaml.org,2002:seq", [_text(_Dumper(io.StringIO()), text)], flow_style=True)
    row.value[0].style = row.value[0].style or style
    written = str(yaml.serialize(row, Dumper=_Dumper, allow_unicode=True, width=1 << 20))
    return written.rstrip("\n")[1:-1]


def format_date(moment: dt.datetime, with_time: bool) -> Plain:
    """A date as Jekyll reads it without guessing: the day alone, or the time with its offset.

    Raises ValueError for a time without an offset.
    """
    if with_time and moment.tzinfo is None:
        raise ValueError(f"{moment} has no offset from UTC")
    return Plain(moment.strftime("%Y-%m-%d %H:%M:%S %z") if with_time else moment.strftime("%Y-%m-%d"))
