"""The queue: new terms that posts asked for and that wait for a person to decide, as the ledger has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from blogmetad.journal.ledger import Ledger, State

PUBLISHED = (State.STAGED, State.PUBLISHED, State.WAITING, State.DONE)
"""What became a post, or is about to; a draft that was taken back or replaced asks for nothing any more."""


def queued(ledger: Ledger) -> Mapping[str, Mapping[str, int]]:
    """By field, each term that was ever queued, as it was proposed, and how many posts asked for it."""
    found: dict[str, Counter[str]] = {}
    for step in ledger.latest_steps("checked", *PUBLISHED):
        for field, term in step.data.get("queued", ()):
            found.setdefault(field, Counter())[term] += 1
    return found
