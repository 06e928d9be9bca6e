"""The part of a post the model reads: headings, lead, first sentences of the sections, conclusion, in their order.

Pure and independent of the tokenizer: budgets are estimates. Code, tables, link targets and math are left out; a post
of 100,000 characters costs the model what one of 5,000 costs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from blogmetad.values import Digest

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
_SENTENCE = re.compile(r".+?(?:[。！？!?…]+[”’」』)）]*|\.(?=\s|$)|$)\s*", re.DOTALL)
_HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff\uac00-\ud7af]")

LEAD, CONCLUSION, HEADINGS = 0.40, 0.12, 0.25
"""Shares of the budget; what is left goes to the sections' first sentences."""


SCRAP = 16
"""Tokens under which nothing is worth adding any more."""


@dataclass(frozen=True, slots=True)
class _Block:
    heading: int
    text: str


def estimate_tokens(text: str) -> int:
    """About how many tokens a Qwen tokenizer makes of ``text``."""
    han = len(_HAN.findall(text))
    return round(0.72 * han + 0.27 * (len(text) - han)) + 1


def digest(body: str, budget: int) -> Digest:
    """The extract of ``body`` for ``budget`` tokens (estimated), and what it was taken from."""
    blocks = _blocks(body)
    if sum(estimate_tokens(b.text) + 1 for b in blocks) <= budget:
        text = _join(blocks, {i: b.text for i, b in enumerate(blocks)})
        return Digest(text, estimate_tokens(text), len(body))
    text = _join(blocks, _select(blocks, budget))
    return Digest(text, estimate_tokens(text), len(body))


def _select(blocks: list[_Block], budget: int) -> dict[int, str]:
    """What is taken of which block: headings, then conclusion, lead, openings of sections, and more of the lead."""
    taken: dict[int, str] = {}
    left = budget

    def take(index: int, text: str, most: float) -> None:
        nonlocal left
        before = estimate_tokens(taken[index]) + 1 if index in taken else 0
        clipped = _clip(text, int(min(most, left + before)) - 1)
        if clipped:
            taken[index] = clipped
            left += before - estimate_tokens(clipped) - 1

    paragraphs = [i for i, block in enumerate(blocks) if not block.heading]
    headings = sorted((i for i, block in enumerate(blocks) if block.heading), key=lambda i: (blocks[i].heading, i))
    for i in headings:
        take(i, blocks[i].text, left - budget * (1 - HEADINGS))
    for i in paragraphs[-1:]:
        take(i, blocks[i].text, budget * CONCLUSION)
    lead_ends = left - budget * LEAD
    for i in paragraphs[:-1]:
        if left - lead_ends < SCRAP:
            break
        take(i, blocks[i].text, left - lead_ends)
    rest = [i for i in paragraphs if i not in taken]
    openings = [i for i in rest if i > 0 and blocks[i - 1].heading]
    for i in (*openings, *(i for i in rest if i not in openings)):
        if left < SCRAP:
            break
        opening = _SENTENCE.match(blocks[i].text)
        take(i, opening.group().strip() if opening else blocks[i].text, left)
    for i in paragraphs:
        if left < SCRAP:
            break
        take(i, blocks[i].text, budget)
    return taken


def _join(blocks: list[_Block], taken: dict[int, str]) -> str:
    return "\n".join(("#" * blocks[i].heading + " " if blocks[i].heading else "") + taken[i] for i in sorted(taken))


def _clip(text: str, room: int) -> str:
    """As many whole sentences as fit in ``room`` tokens; of a single longer one its beginning."""
    if room < 8:
        return ""
    if estimate_tokens(text) <= room:
        return text
    kept = ""
    for sentence in map(re.Match.group, _SENTENCE.finditer(text)):
        if estimate_tokens(kept + sentence) > room:
            break
        kept += sentence
    if kept:
        return kept.strip()
    per_character = estimate_tokens(text) / len(text)
    return text[: int(room / per_character)].strip()


def _blocks(body: str) -> list[_Block]:
    """Headings, paragraphs and list items as plain text; everything a summary has no use for is gone."""
    found: list[_Block] = []
    lines: list[str] = []

    def flush() -> None:
        text = plain(" ".join(lines)) if lines else ""
        lines.clear()
        if text:
            found.append(_Block(0, text))

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
            found.append(_Block(len(heading.group(1)), plain(heading.group(2).rstrip("# \t")) or "-"))
        elif _UNDERLINE.match(line) and len(lines) == 1:
            text = plain(lines.pop())
            found.append(_Block(1 if "=" in line else 2, text))
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
