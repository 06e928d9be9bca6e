"""Every protection that mutants.py removes is missed by the proof it names: then the proofs are worth something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import proofs, traced
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.sweep import sides
from tests.tally import Tally

IN_SHORT = ("run", "undo", "company", "failing_syncs")
"""The proofs that take a second or two."""

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, id=mutant.name, marks=() if mutant.seen_by in IN_SHORT else pytest.mark.full)
        for mutant in MUTANTS
    ],
)
def test_a_removed_protection_is_missed(mutant: Mutant, tally: Tally) -> None:
    row = tally.row("mutants: protections removed, all of them caught", mutant.name)
    row.tried += 1
    with sides(mutant.name) as made:
        seen = next(getattr(proofs, mutant.seen_by)(made), None)
    assert seen is not None, f"nobody noticed that {mutant.name}"
    row.note = f"{mutant.seen_by.replace('_', ' ')}: {seen}"[:100].splitlines()[0]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_table_of_mutants_fits_the_source(mutant: Mutant) -> None:
    source = Path(__file__).parents[2].joinpath(*mutant.module.split(".")).with_suffix(".py").read_text("utf-8")
    compile(mutant.applied(source), mutant.module, "exec")
