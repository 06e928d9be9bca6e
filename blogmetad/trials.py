"""How often a draft has been tried, and what of that speaks against it: told from the ledger alone (pure).

A worker that is lost takes all it was working on with it, so a draft may be tried in vain without being the cause.
Whoever was there is then tried alone, and only what is lost alone counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blogmetad.journal.ledger import Step

LOST = "worker lost"
ENDED = ("abandoned", "composed", "unavailable")
"""Steps that end a try without anything being lost."""


@dataclass(frozen=True, slots=True)
class Trials:
    """``blamed``: how many tries were lost with nothing but this draft in flight, or with blogmetad itself.
    ``suspect``: at least one was lost somehow, so the draft is not to be tried beside others."""

    blamed: int
    suspect: bool


def trials(attempts: int, steps: Sequence[Step]) -> Trials:
    """What the number of attempts and the steps of a job say. A try that no step ends is lost: blogmetad was killed."""
    in_vain = attempts - sum(step.name in ENDED for step in steps)
    in_company = sum(step.name == LOST and not step.data.get("alone", True) for step in steps)
    return Trials(in_vain - in_company, in_vain > 0)
