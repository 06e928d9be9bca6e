"""What of a text was kept, taken out and put in, in words; a Chinese character is a word of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|[^\W\u2e80-\u9fff\uf900-\ufaff]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether it stands in both, only in the earlier or only in the later one."""

    kind: Literal["same", "gone", "new"]
    text: str


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """How ``before`` became ``after``: all but the gone pieces are ``after``, all but the new ones ``before``."""
    return tuple(piece for piece in _pieces(_WORD.findall(before), _WORD.findall(after)) if piece.text)


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[start:end]))
            continue
        yield Piece("gone", "".join(before[start:end]))
        yield Piece("new", "".join(after[new_start:new_end]))
