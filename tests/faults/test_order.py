"""Everything becomes durable in the order that order.py demands: in a run, in an undo, and through a kill."""

from __future__ import annotations

import pytest

from tests.faults import proofs, traced
from tests.faults.sweep import Sides

pytestmark = pytest.mark.skipif(traced.why_not() is not None, reason=str(traced.why_not()))


def test_nothing_is_built_on_what_a_power_cut_could_undo(sides: Sides) -> None:
    assert list(proofs.run(sides)) == []
    assert list(proofs.undo(sides)) == []


def test_what_a_killed_process_did_not_sync_is_synced_by_the_next_start(sides: Sides, full: bool) -> None:
    assert list(proofs.order_through_kills(sides, many=None if full else 3)) == []


def test_a_file_whose_fsync_failed_is_given_up(sides: Sides, full: bool) -> None:
    assert list(proofs.failing_syncs(sides, None if full else 5)) == []


@pytest.mark.full
def test_an_undo_killed_before_any_call_has_not_begun_or_is_completed(sides: Sides) -> None:
    assert list(proofs.killed_undo(sides)) == []


def test_beside_another_one_blogmetad_does_nothing(sides: Sides) -> None:
    assert list(proofs.company(sides)) == []
