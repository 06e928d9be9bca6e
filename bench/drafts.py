"""Drafts for the benchmarks, all of them made of texts of our own: of any length, and as many as wanted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from blogmetad import matter

_HERE = Path(__file__).parent
_DEMO = _HERE.parent / "blogmetad" / "cli" / "demo_site"


def lengthened(text: str, characters: int) -> str:
    """A text of about so many characters that begins like ``text``: cut off behind a paragraph, or gone on with the
    posts and drafts of the demo, again and again, their headings numbered."""
    parts: list[str] = []
    written = 0
    for part in _paragraphs(text):
        if parts and written + len(part) > characters:
            break
        parts.append(part)
        written += len(part) + 2
    return "\n\n".join(parts) + "\n"


def several(text: str, number: int) -> list[str]:
    """So many drafts of the same length, each with another section of ``text`` at its beginning."""
    opening, *sections = text.split("\n## ")
    drafts = []
    for n in range(number):
        at = n % len(sections)
        turned = (*sections[at:], *sections[:at])
        drafts.append(f"{n + 1}. {opening}\n## " + "\n## ".join(turned))
    return drafts


def _paragraphs(text: str) -> Iterator[str]:
    yield from filter(None, text.strip().split("\n\n"))
    files = sorted((*_DEMO.glob("_posts/*.md"), *_DEMO.glob("drafts/*.md")))
    for turn in count(2):
        for file in files:
            body = matter.split(file.read_bytes()).body.decode("utf-8")
            for part in filter(None, body.strip().split("\n\n")):
                yield f"{part} ({turn})" if part.startswith("#") and "\n" not in part else part
