"""YAML changed in place: where its values stand, and edits that leave every other byte as it is.

Positions count characters of the decoded text; what is decoded strictly is encoded to the same bytes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from blogmetad import matter
from blogmetad.strict_yaml import strictly


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


def tree(head: bytes) -> yaml.MappingNode | None:
    """The mapping in a block of YAML with its positions; None if there are only comments. Raises MatterError."""
    try:
        node = strictly(yaml.compose, head.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise matter.MatterError(f"the front matter cannot be read: {error}") from None
    return node if isinstance(node, yaml.MappingNode) else None


def child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """The value of a key in a mapping, if there is one."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def applied(head: bytes, edits: Iterable[Edit]) -> bytes:
    """The block with its edits made. Edits at one place are made in the order given; none may overlap another."""
    text = head.decode("utf-8")
    out: list[str] = []
    last = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        if edit.start < last:
            raise ValueError(f"two edits overlap at character {edit.start}")
        out += [text[last : edit.start], edit.text]
        last = edit.end
    return "".join([*out, text[last:]]).encode("utf-8")


def inserted(head: bytes, root: yaml.MappingNode | None, lines: Mapping[str, str], order: Sequence[str]) -> bytes:
    """The block with the ``lines`` of each missing key put in, as far in as the keys there.

    Each goes behind the nearest key before it in ``order`` that is there, else on top.
    """
    ends = _ends(head.decode("utf-8"), root)
    edits: list[Edit] = []
    position = 0 if ends else len(head.decode("utf-8"))
    for name in order:
        if name in lines:
            edits.append(Edit(position, position, indented(lines[name], root)))
        else:
            position = ends.get(name, position)
    return applied(head, edits)


def removed(head: bytes, root: yaml.MappingNode, name: str) -> bytes:
    """The block without the lines of a key, comments between them included. The mapping is in block style."""
    return replaced(head, root, name, "")


def replaced(head: bytes, root: yaml.MappingNode, name: str, lines: str) -> bytes:
    """The block with other lines for a key, comments between its own included. The mapping is in block style."""
    text = head.decode("utf-8")
    ends = _ends(text, root)
    starts = [text.rfind("\n", 0, key.start_mark.index) + 1 for key, _ in root.value if key.value == name]
    return applied(head, [Edit(start, ends[name], indented(lines, root)) for start in starts])


def indented(lines: str, root: yaml.MappingNode | None) -> str:
    """Lines of a key, as far in as the mapping's own keys."""
    prefix = " " * _column(root)
    return "".join(prefix + line for line in lines.splitlines(keepends=True))


def _ends(text: str, root: yaml.MappingNode | None) -> dict[str, int]:
    """Key -> position behind its last line. Comments and blank lines belong to the key below them."""
    if root is None:
        return {}
    # Marks know line ends that are not ours (U+2028), so lines are found again from the index.
    starts = [text.rfind("\n", 0, key.start_mark.index) + 1 for key, _ in root.value]
    ends: dict[str, int] = {}
    for (key, _), start, stop in zip(root.value, starts, [*starts[1:], len(text)], strict=True):
        kept = text[start:stop].splitlines(keepends=True)
        while len(kept) > 1 and _is_between_keys(kept[-1], _column(root)):
            kept.pop()
        ends[str(key.value)] = start + sum(map(len, kept))
    return ends


def _is_between_keys(line: str, column: int) -> bool:
    """Whether a line is blank or a comment, and no line of a block text that happens to begin with ``#``."""
    bare = line.lstrip(" ")
    return not bare.strip() or (bare.startswith("#") and len(line) - len(bare) <= column)


def _column(root: yaml.MappingNode | None) -> int:
    return root.start_mark.column if root is not None else 0
