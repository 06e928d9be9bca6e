"""compose: a draft and its metadata become the bytes of the post. Pure.

The author's front matter is text, not data: every line of it stays where it is, byte for byte, and only the
missing keys are put between the lines. What comes out is read again before anyone may write it to disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from blogmetad import matter
from blogmetad.errors import BlogmetadError
from blogmetad.values import Draft, Metadata, YamlValue


class ComposeError(BlogmetadError):
    """The metadata cannot be written into this draft. ``reason`` is a whole sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def compose(draft: Draft, metadata: Metadata) -> bytes:
    """The exact bytes of the post: the author's front matter with the missing keys added, and the body
    verbatim.

    Without front matter of the author's, ours is followed by a blank line. Line ends are the draft's, a
    byte-order mark is never written. Raises ComposeError if the keys cannot be added without touching the
    author's lines.
    """
    newline = draft.newline.encode("ascii")
    lines = {
        name: matter.render(name, value).encode("utf-8").replace(b"\n", newline)
        for name, value in metadata.added.items()
    }
    if not draft.head:
        gap = b"" if not draft.body or draft.body.startswith((b"\n", b"\r\n")) else newline
        fence = b"---" + newline
        return _verified(draft, lines, fence, b"".join(lines.values()), fence, gap)
    opening, closing = _fences(draft)
    root = _root(draft.head)
    if root is not None and root.flow_style and lines:
        raise ComposeError(
            "The front matter is written in braces ({title: ...}), where no key can be added without "
            "changing the author's lines; write one key per line."
        )
    order = [decision.field for decision in metadata.decisions]
    try:
        return _verified(draft, lines, opening, _interleave(draft.head, root, lines, order), closing, b"")
    except ComposeError:
        appended = draft.head + b"".join(_indent(text, root) for text in lines.values())
        return _verified(draft, lines, opening, appended, closing, b"")


def _fences(draft: Draft) -> tuple[bytes, bytes]:
    """The author's own opening and closing lines (``...`` may close, blanks may follow)."""
    data = draft.raw.removeprefix(matter.BOM)
    start = data.index(b"\n") + 1
    return data[:start], data[start + len(draft.head) : len(data) - len(draft.body)]


def _root(head: bytes) -> yaml.MappingNode | None:
    """The author's mapping with its positions; None if there are only comments."""
    try:
        node = yaml.compose(head.decode("utf-8"), Loader=matter.StrictLoader)
    except (matter.MatterError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ComposeError(f"The front matter cannot be read: {error}.") from None
    return node if isinstance(node, yaml.MappingNode) else None


def _interleave(head: bytes, root: yaml.MappingNode | None, lines: Mapping[str, bytes], order: Sequence[str]) -> bytes:
    """Each missing key behind the nearest key before it in ``order`` that the author wrote, else on top."""
    ends = _ends(head, root)
    at: dict[int, list[bytes]] = {}
    position = 0 if ends else len(head)
    for name in order:
        if name in lines:
            at.setdefault(position, []).append(_indent(lines[name], root))
        else:
            position = ends.get(name, position)
    out = []
    last = 0
    for place in sorted(at):
        out += [head[last:place], *at[place]]
        last = place
    return b"".join([*out, head[last:]])


def _ends(head: bytes, root: yaml.MappingNode | None) -> dict[str, int]:
    """Author's key -> byte offset behind its last line. Comments and blank lines belong to the key below
    them."""
    if root is None:
        return {}
    text = head.decode("utf-8")
    # Marks count characters and know line ends that are not ours (U+2028), so lines are found again from the
    # index.
    starts = [text.rfind("\n", 0, key.start_mark.index) + 1 for key, _ in root.value]
    ends: dict[str, int] = {}
    for (key, _), start, stop in zip(root.value, starts, [*starts[1:], len(text)], strict=True):
        kept = text[start:stop].splitlines(keepends=True)
        while len(kept) > 1 and _is_between_keys(kept[-1], _column(root)):
            kept.pop()
        ends[str(key.value)] = len((text[:start] + "".join(kept)).encode("utf-8"))
    return ends


def _is_between_keys(line: str, column: int) -> bool:
    """Whether a line is blank or a comment, and no line of a block text that happens to begin with ``#``."""
    bare = line.lstrip(" ")
    return not bare.strip() or (bare.startswith("#") and len(line) - len(bare) <= column)


def _column(root: yaml.MappingNode | None) -> int:
    return root.start_mark.column if root is not None else 0


def _indent(text: bytes, root: yaml.MappingNode | None) -> bytes:
    prefix = b" " * _column(root)
    return b"".join(prefix + line for line in text.splitlines(keepends=True))


def _verified(
    draft: Draft, lines: Mapping[str, bytes], opening: bytes, head: bytes, closing: bytes, gap: bytes
) -> bytes:
    """The post put together, once reading it again has given exactly what went in."""
    post = opening + head + closing + gap + draft.body
    expected: dict[str, YamlValue] = dict(draft.fields)
    try:
        again = matter.split(post)
        fields = None if again.head is None else matter.parse(again.head)
        for text in lines.values():
            expected |= matter.parse(text) or {}
    except matter.MatterError as error:
        raise ComposeError(f"The finished front matter could not be read again: {error}.") from None
    if again.body != gap + draft.body:
        raise ComposeError("The body would not survive unchanged behind this front matter.")
    if fields is None or _shown(fields) != _shown(expected):
        raise ComposeError("The finished front matter would not mean what the author and the rules say.")
    return post


def _shown(fields: Mapping[str, YamlValue]) -> dict[str, str]:
    """Values in a form that tells 1 from True and 1.0, and in which NaN equals itself."""
    return {name: repr(value) for name, value in fields.items()}
