"""The part of a post the model reads: headings, lead, first sentences of the sections, conclusion, in their order.

Pure and independent of the tokenizer: budgets are estimates. Code, tables, link targets and math are left out; a post
of 100,000 characters costs the model what one of 5,000 costs.
"""

from __future__ import annotations

import re

from blogmetad import prose
from blogmetad.prose import SENTENCE, Block
from blogmetad.values import Digest

_HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff\uac00-\ud7af]")

LEAD, CONCLUSION, HEADINGS = 0.40, 0.12, 0.25
"""Shares of the budget; what is left goes to the sections' first sentences."""


SCRAP = 16
"""Tokens under which nothing is worth adding any more."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a Qwen tokenizer makes of ``text``."""
    han = len(_HAN.findall(text))
    return round(0.72 * han + 0.27 * (len(text) - han)) + 1


def digest(body: str, budget: int) -> Digest:
    """The extract of ``body`` for ``budget`` tokens (estimated), and what it was taken from."""
    blocks = prose.blocks(body)
    if sum(estimate_tokens(b.text) + 1 for b in blocks) <= budget:
        text = _join(blocks, {i: b.text for i, b in enumerate(blocks)})
        return Digest(text, estimate_tokens(text), len(body))
    text = _join(blocks, _select(blocks, budget))
    return Digest(text, estimate_tokens(text), len(body))


def _select(blocks: list[Block], budget: int) -> dict[int, str]:
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
        opening = SENTENCE.match(blocks[i].text)
        take(i, opening.group().strip() if opening else blocks[i].text, left)
    for i in paragraphs:
        if left < SCRAP:
            break
        take(i, blocks[i].text, budget)
    return taken


def _join(blocks: list[Block], taken: dict[int, str]) -> str:
    return "\n".join(("#" * blocks[i].heading + " " if blocks[i].heading else "") + taken[i] for i in sorted(taken))


def _clip(text: str, room: int) -> str:
    """As many whole sentences as fit in ``room`` tokens; of a single longer one its beginning."""
    if room < 8:
        return ""
    if estimate_tokens(text) <= room:
        return text
    kept = ""
    for sentence in map(re.Match.group, SENTENCE.finditer(text)):
        if estimate_tokens(kept + sentence) > room:
            break
        kept += sentence
    if kept:
        return kept.strip()
    per_character = estimate_tokens(text) / len(text)
    return text[: int(room / per_character)].strip()
