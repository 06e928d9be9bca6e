"""What others are still to be told is read out of a job's steps."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, get_args

import pytest

from blogmetad import promises
from blogmetad.audience import Event, Git, Hook, Notify
from blogmetad.config import Config, Site
from blogmetad.journal.ledger import Ledger, State, Step
from blogmetad.promises import Promise, due, standing

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


def steps(*names: str | tuple[str, dict[str, Any]]) -> list[Step]:
    return [Step(NOW, *((name, {}) if isinstance(name, str) else name)) for name in names]


PROMISED = ("promised", {"outcome": "published"})


def test_without_a_promise_nobody_is_told() -> None:
    assert standing(steps("read", "done")) is None
    assert standing([]) is None


def test_a_promise_stands_until_it_is_kept() -> None:
    assert standing(steps("read", PROMISED, "done")) == Promise("published")
    assert standing(steps(PROMISED, "done", ("announced", {}))) is None


def test_what_was_begun_and_done_is_known() -> None:
    story = steps(
        PROMISED,
        "done",
        ("committed", {"commit": "abc"}),
        ("not pushed", {"reason": "-"}),
        ("calling", {"hook": "a"}),
        ("called", {"hook": "a"}),
        ("calling", {"hook": "b 文"}),
    )
    assert standing(story) == Promise("published", frozenset({"a", "b 文"}), frozenset({"a"}), True, True, "abc")


def test_only_what_follows_the_last_promise_counts() -> None:
    story = steps(
        PROMISED, ("committed", {"commit": "abc"}), "announced", ("promised", {"outcome": "undone"}), "undone"
    )
    assert standing(story) == Promise("undone")
    assert promises.committed_as(story) == "abc"


def test_a_promise_of_another_version_is_none() -> None:
    assert standing(steps(("promised", {"outcome": "sung"}))) is None
    assert standing(steps(("promised", {}))) is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.ACCEPTED, None),
        (State.STAGED, None),
        (State.PUBLISHED, None),
        (State.DONE, True),
        (State.WAITING, False),
        (State.UNDONE, False),
        (State.SUPERSEDED, False),
        (State.PARKED, False),
    ],
)
def test_a_promise_is_due_once_the_ledger_has_that_outcome(tmp_path: Path, state: State, expected: bool | None) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        job = ledger.open_job("甲.md", "a" * 64, "b" * 64, 1, NOW, NOW, NOW, state)
        assert due(Promise("published"), job) is expected


@pytest.mark.parametrize(
    ("sections", "events"),
    [
        ({}, set()),
        ({"git": Git(push=True)}, set()),
        ({"git": Git(commit=True)}, {"published", "revised", "undone"}),
        ({"notify": Notify(desktop=True)}, {"published", "waiting", "held", "parked", "duplicate"}),
        ({"hooks": (Hook(on=("held", "undone"), command=("x",)),)}, {"held", "undone"}),
    ],
)
def test_nothing_is_promised_that_nobody_wants_to_hear(sections: dict[str, Any], events: set[Event]) -> None:
    config = Config(site=Site(root=Path("/site")), **sections)
    every: tuple[Event, ...] = get_args(Event)
    assert {event for event in every if promises.wanted(config, event)} == events


def test_the_ledger_knows_which_promises_stand(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        stories = {
            "甲.md": ["read"],
            "乙.md": ["promised"],
            "丙.md": ["promised", "announced"],
            "丁.md": ["promised", "announced", "promised", "called"],
            "戊.md": ["announced"],
        }
        ids = {}
        for number, (name, story) in enumerate(stories.items()):
            ids[name] = ledger.open_job(name, f"{number}" * 64, "b" * 64, 1, NOW, NOW, NOW).id
            for step in story:
                ledger.note(ids[name], step, {}, NOW)
        assert ledger.unanswered("promised", "announced") == (ids["乙.md"], ids["丁.md"])
