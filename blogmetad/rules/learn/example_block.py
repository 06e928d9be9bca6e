"""The front matter a prose document shows as its example, also where a formatter has broken it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from blogmetad import matter
from blogmetad.matter import MatterError
from blogmetad.values import YamlValue

_KEY = re.compile(r"([A-Za-z_][\w-]{0,40}):(?=\s|\Z)")
_ITEM = re.compile(r"[ \t]*- ")
_FENCE = re.compile(r"[`~]{3}|^\s*-{3}\s*$")
_ANNOUNCED = re.compile(r"示例|例子|范例|样例|example|sample|template|模板", re.IGNORECASE)
NEAR = 4
"""Lines above an example in which a fence or a heading announces it."""

LONGEST = 60
"""Lines of an example."""


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of an example without their indentation, and where they stand in the document."""

    lines: tuple[str, ...]
    start: int

    @property
    def head(self) -> bytes:
        """The lines as front matter."""
        return "".join(f"{line}\n" for line in self.lines).encode("utf-8", "replace")


def find(lines: Sequence[str], known: Collection[str]) -> Block | None:
    """The block of keys and values that has the most ``known`` fields, two at least and among them the title, the
    date or the layout; between fences, or announced as an example."""
    best, most, at = None, 1, 0
    while at < len(lines):
        match = _KEY.match(lines[at].lstrip())
        if match is None or match[1] not in known:
            at += 1
            continue
        block = _from(lines, at)
        names = {m[1] for line in block.lines if (m := _KEY.match(line))} & set(known)
        if len(names) > most and names & {"title", "date", "layout"} and _is_example(lines, block):
            best, most = block, len(names)
        at += max(len(block.lines), 1)
    return best


def values(block: Block, known: Collection[str]) -> Mapping[str, YamlValue]:
    """The values of an example. A key without a value takes the unknown keys behind it for its own: what a formatter
    that took off the indentation has left of a map."""
    lines = _nested(block.lines, known)
    try:
        found = matter.parse("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        if found is not None:
            return found
    except MatterError:
        pass
    return {m[1]: value(line[m.end() :]) for line in lines if (m := _KEY.match(line))}


def value(text: str) -> YamlValue:
    """A value as YAML reads it; text where it cannot."""
    text = text.strip()
    try:
        found = matter.parse(f"value: {text}\n".encode("utf-8", "replace"))
    except MatterError:
        return text
    return found.get("value") if found is not None and set(found) == {"value"} else text


def _from(lines: Sequence[str], at: int) -> Block:
    """The block that begins at a line with a key."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    found: list[str] = []
    for line in lines[at : at + LONGEST]:
        bare = line[indent:] if not line[:indent].strip() else line
        inner = bool(bare[:1].isspace() and bare.strip())
        if line.strip() and not (inner or _KEY.match(bare) or _ITEM.match(bare) or bare.startswith("#")):
            break
        if _FENCE.search(line) or (not line.strip() and found and not found[-1]):
            break
        found.append(bare.rstrip())
    return Block(tuple(found), at)


def _is_example(lines: Sequence[str], block: Block) -> bool:
    before = lines[max(block.start - NEAR, 0) : block.start]
    behind = lines[block.start + len(block.lines) :][:1]
    fenced = any(_FENCE.search(line) for line in (*before, *behind))
    return fenced or any(_ANNOUNCED.search(line) for line in before)


def _nested(lines: Sequence[str], known: Collection[str]) -> list[str]:
    found: list[str] = []
    inside = False
    for line in lines:
        match = _KEY.match(line)
        if match is not None and match[1] not in known and inside:
            found.append(f"  {line}")
            continue
        if match is not None:
            inside = not line[match.end() :].strip()
        found.append(line)
    return found
