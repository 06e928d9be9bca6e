"""compose: a draft and its metadata become the bytes of the post. Pure.

The author's front matter is text, not data: every line of it stays where it is, byte for byte, and only the
missing keys are put between the lines. What comes out is read again before anyone may write it to disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import yaml

from blogmetad import inplace, matter
from blogmetad.errors import BlogmetadError
from blogmetad.values import CREATION_NOTE, Draft, Metadata, Note, YamlValue, body_sha256

_IN_BRACES = (
    "The front matter is written in braces ({title: ...}), where no key can be added or taken out without changing the "
    "author's lines; write one key per line."
)


class ComposeError(BlogmetadError):
    """The metadata cannot be written into this draft. ``reason`` is a whole sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def compose(draft: Draft, metadata: Metadata, note: Note | None = None) -> bytes:
    """The exact bytes of the post: the author's front matter with the missing keys added and the directives taken
    out, and the body verbatim, with ``note`` above or below it.

    Without front matter of the author's, ours is followed by a blank line. Line ends are the draft's, a
    byte-order mark is never written. Raises ComposeError if the keys cannot be added without touching the
    author's lines.
    """
    newline = draft.newline.encode("ascii")
    lines = {name: matter.render(name, value).replace("\n", draft.newline) for name, value in metadata.added.items()}
    if not draft.head:
        gap = b"" if not draft.body or draft.body.startswith((b"\n", b"\r\n")) else newline
        fence = b"---" + newline
        around = _around(draft, note, gap)
        return _verified(draft, lines, fence, "".join(lines.values()).encode("utf-8"), fence, around)
    opening, closing = _fences(draft)
    around = _around(draft, note, b"")
    head = _without(draft.head, (matter.DIRECTIVES,))
    root = _root(head)
    if root is not None and root.flow_style and lines:
        raise ComposeError(_IN_BRACES)
    order = [decision.field for decision in metadata.decisions]
    try:
        return _verified(draft, lines, opening, inplace.inserted(head, root, lines, order), closing, around)
    except ComposeError:
        appended = head + "".join(inplace.indented(text, root) for text in lines.values()).encode("utf-8")
        return _verified(draft, lines, opening, appended, closing, around)


def _around(draft: Draft, note: Note | None, gap: bytes) -> tuple[bytes, bytes]:
    """What stands between the front matter and the body, and behind the body."""
    if note is None:
        return gap, b""
    newline = draft.newline.encode("ascii")
    lines = b"> " + note.text.encode("utf-8") + newline + CREATION_NOTE + newline
    if note.place == "top":
        return newline + lines + (gap or newline), b""
    ended = b"" if draft.body.endswith(b"\n") else newline
    return gap, ended + newline + lines


def exchanged(
    draft: Draft, gone: Iterable[str], lines: Mapping[str, str] = MappingProxyType({}), order: Sequence[str] = ()
) -> bytes:
    """The file without the keys ``gone`` and with ``lines``, those of other keys, in ``order`` among its own; every
    other line and the body as they are.

    Raises ComposeError if that cannot be done without touching the author's lines.
    """
    opening, closing = _fences(draft)
    head = _without(draft.head, gone)
    root = _root(head)
    if root is not None and root.flow_style and lines:
        raise ComposeError(_IN_BRACES)
    return opening + inplace.inserted(head, root, lines, order) + closing + draft.body


def _without(head: bytes, names: Iterable[str]) -> bytes:
    for name in names:
        root = _root(head)
        if root is None or inplace.child(root, name) is None:
            continue
        if root.flow_style:
            raise ComposeError(_IN_BRACES)
        head = inplace.removed(head, root, name)
    return head


def _fences(draft: Draft) -> tuple[bytes, bytes]:
    """The author's own opening and closing lines (``...`` may close, blanks may follow)."""
    data = draft.raw.removeprefix(matter.BOM)
    start = data.index(b"\n") + 1
    return data[:start], data[start + len(draft.head) : len(data) - len(draft.body)]


def _root(head: bytes) -> yaml.MappingNode | None:
    """The author's mapping with its positions; None if there are only comments."""
    try:
        return inplace.tree(head)
    except matter.MatterError as error:
        raise ComposeError(f"The front matter cannot be read: {error}.") from None


def _verified(
    draft: Draft, lines: Mapping[str, str], opening: bytes, head: bytes, closing: bytes, around: tuple[bytes, bytes]
) -> bytes:
    """The post put together, once reading it again has given exactly what went in."""
    body = around[0] + draft.body + around[1]
    post = opening + head + closing + body
    try:
        again = matter.split(post)
        fields = None if again.head is None else matter.parse(again.head)
        added = matter.parse("".join(lines.values()).encode("utf-8")) or {}
    except matter.MatterError as error:
        raise ComposeError(f"The finished front matter could not be read again: {error}.") from None
    if again.body != body or body_sha256(body) != draft.body_sha256:
        raise ComposeError("The body would not survive unchanged behind this front matter.")
    if fields is None or added.keys() != lines.keys() or _shown(fields) != _shown({**draft.fields, **added}):
        raise ComposeError("The finished front matter would not mean what the author and the rules say.")
    return post


def _shown(fields: Mapping[str, YamlValue]) -> dict[str, str]:
    """Values in a form that tells 1 from True and 1.0, and in which NaN equals itself."""
    return {name: repr(value) for name, value in fields.items()}
