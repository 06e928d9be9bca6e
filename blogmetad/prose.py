"""Markdown as the plain text a reader sees: headings, paragraphs, list items and their sentences. Pure.

Code, tables, link targets, math and markup are left out. Words are Latin ones in lower case and, standing in for words
that Chinese does not mark, pairs of neighbouring characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add

# Every pattern is bounded: a draft of a million odd characters must not hold up the ones behind it.
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*)$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_IMAGE = re.compile(r"!\[([^\[\]]{0,300})\]\([^()]{0,1000}\)")
_LINK = re.compile(r"\[([^\[\]]{0,300})\](?:\([^()]{0,1000}\)|\[[^\[\]]{0,300}\])")
_URL = re.compile(r"https?://\S+")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,400}>|<!--[^<>]{0,400}-->")
_LIQUID = re.compile(r"\{%[^%{}]{0,500}%\}|\{\{[^{}]{0,500}\}\}|\{:[^{}]{0,300}\}")
_MATH = re.compile(r"\$\$[^$]{1,2000}\$\$|\$[^$\n]{1,200}\$")
_EMPHASIS = re.compile(r"\*{1,3}|~~|`{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
_RUN = re.compile(
    r"[a-z0-9][a-z0-9+#.]*[a-z0-9+#]|[a-z0-9]|[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
SENTENCE = re.compile(r".+?(?:[。！？!?…]+[”’」』)）]*|\.(?=\s|$)|$)\s*", re.DOTALL)
"""A sentence with its stop and what follows up to the next one; of Chinese and of Latin writing."""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading of a level (1 to 6), or a paragraph or list item (level 0), as plain text."""

    heading: int
    text: str


def blocks(body: str) -> list[Block]:
    """Headings, paragraphs and list items as plain text; everything a summary has no use for is gone."""
    found: list[Block] = []
    lines: list[str] = []

    def flush() -> None:
        text = plain(" ".join(lines)) if lines else ""
        lines.clear()
        if text:
            found.append(Block(0, text))

    fence = ""
    for line in body.splitlines():
        mark = _FENCE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if mark:
            flush()
            fence = mark.group(1)
            continue
        stripped = line.strip().lstrip("> ").strip()
        heading = _HEADING.match(line)
        if heading:
            flush()
            found.append(Block(len(heading.group(1)), plain(heading.group(2).rstrip("# \t")) or "-"))
        elif _UNDERLINE.match(line) and len(lines) == 1:
            text = plain(lines.pop())
            found.append(Block(1 if "=" in line else 2, text))
        elif not stripped or stripped.startswith("|") or (not lines and line.startswith(("    ", "\t"))):
            flush()
        else:
            if _ITEM.match(line):
                flush()
            lines.append(_ITEM.sub("", stripped))
    flush()
    return found


def plain(text: str) -> str:
    """Markdown inline markup, HTML, Liquid, math and addresses taken out of a line of text."""
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    for pattern in (_LIQUID, _TAG, _MATH, _URL):
        text = pattern.sub(" ", text)
    text = _EMPHASIS.sub("", text)
    return " ".join(text.split())


def words(text: str) -> Iterator[str]:
    """The words of a text, in order and with repetitions."""
    for run in _RUN.findall(text.lower()):
        if run[0] < "\u3000" or len(run) == 1:
            yield run
        else:
            yield from map(add, run, run[1:])


def agreement(one: Counter[str], other: Counter[str]) -> float:
    """F1 of the words two texts share, from 0 to 1; a word that stands twice counts twice."""
    both = one.total() + other.total()
    return 2.0 * (one & other).total() / both if both else 0.0
