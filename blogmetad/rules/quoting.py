"""Descriptions that are the post's own words: its first sentences, as many as such a description usually has. Pure.

Many authors write none of their own: on two of the three blogs developed against, six of ten stand word for word in
the post, most of these at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator

from blogmetad import prose
from blogmetad.rules.schema import TextRule
from blogmetad.secret import HIDDEN

SCRAP = 15
"""Characters below which a paragraph is a label, a date or a greeting, and no beginning of a text."""

_STRETCH = 1.4


def opening(body: str, rule: TextRule) -> str:
    """The first sentences of a body, up to one with a secret; empty if it has none that fit the rule's lengths."""
    room = min(rule.max_length, _STRETCH * (rule.usual_length or (rule.min_length + rule.max_length) / 2))
    taken = ""
    for sentence in _sentences(body):
        if HIDDEN in sentence or (taken and len(taken) + len(sentence) > room):
            break
        taken += sentence
    taken = taken.strip()
    return taken if rule.min_length <= len(taken) <= rule.max_length else ""


def _sentences(body: str) -> Iterator[str]:
    """Sentences with what parts them from the next; headings and scraps are left out."""
    for block in prose.blocks(body):
        if not block.heading and len(block.text) >= SCRAP:
            for found in prose.SENTENCE.finditer(block.text):
                yield found.group()
            yield " " if block.text[-1:].isascii() else ""
