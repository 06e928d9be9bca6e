"""What a job's attempts and steps say against its draft."""

from __future__ import annotations

import datetime as dt

import pytest

from blogmetad.journal.ledger import Step
from blogmetad.trials import Trials, trials

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def step(name: str, **data: object) -> Step:
    return Step(AT, name, data)


@pytest.mark.parametrize(
    ("attempts", "steps", "blamed", "suspect"),
    [
        (0, [], 0, False),
        (1, [step("worker lost", alone=True)], 1, True),
        (1, [step("worker lost", alone=False)], 0, True),
        (2, [step("worker lost", alone=False), step("worker lost", alone=True)], 1, True),
        (1, [step("read"), step("abandoned"), step("read")], 0, False),
        (1, [step("unavailable")], 0, False),
        # The disk was full when the post was to be placed: the model has nothing to do with that.
        (3, [step("composed"), step("composed"), step("composed")], 0, False),
        # blogmetad itself was killed, and nobody could write anything down.
        (2, [step("read"), step("digest")], 2, True),
        # A journal of a version that knew no company.
        (1, [step("worker lost")], 1, True),
    ],
)
def test_only_what_was_lost_alone_is_held_against_a_draft(
    attempts: int, steps: list[Step], blamed: int, suspect: bool
) -> None:
    assert trials(attempts, steps) == Trials(blamed, suspect)
