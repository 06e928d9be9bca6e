"""What is kept of drafts goes in its time, and a clock that jumps takes nothing away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from placing import NOW, POST, RAW, Desk

from blogmetad.journal.ledger import Job, State
from blogmetad.publish import prune as module
from blogmetad.publish.prune import ages, prune
from blogmetad.values import Post

DAY = dt.timedelta(days=1)
KEEP = 30 * DAY
YEARS = dt.timedelta(days=3650)
EDITED = RAW + "补充。\n".encode()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Desk:
    """Kept copies go by their age alone, unless a test says how many stay."""
    monkeypatch.setattr(module, "NEWEST", getattr(request, "param", 0))
    return Desk(tmp_path)


def live(desk: Desk, begin: dt.datetime, days: int) -> dt.datetime:
    """Something is written down every other day; the time behind the last of them."""
    witness = desk.ledger.latest("见证.md") or desk.accept("见证.md", b"a witness\n")
    for day in range(0, days + 1, 2):
        desk.ledger.step(witness.id, "seen", {}, begin + day * DAY)
    return begin + days * DAY


def publish(desk: Desk, number: int) -> Job:
    raw = RAW + f"{number}\n".encode()
    return desk.publish(f"{number}.md", raw, Post(f"2025-04-29-{number}.md", raw))


def kept(desk: Desk) -> set[str]:
    return {path.name for folder in desk.folders.kept for path in folder.iterdir()}


def test_what_ended_long_ago_is_pruned_and_nothing_else(desk: Desk) -> None:
    ended, parked = desk.publish(), desk.accept("停.md", EDITED)
    desk.ledger.step(parked.id, "parked", {}, NOW)
    desk.ledger.move(parked.id, State.PARKED, NOW)
    (desk.folders.originals / "stranger").write_bytes(b"?")
    month = live(desk, NOW, 30)
    witness = desk.ledger.latest("见证.md")
    assert witness is not None

    assert prune(desk.placer, KEEP, month) == ()
    assert prune(desk.placer, KEEP, month + dt.timedelta(seconds=1)) == (ended.id,)
    assert kept(desk) == {parked.id, witness.id, "stranger"}
    assert list(desk.folders.retired.iterdir()) == []
    assert desk.posts() == {POST.filename: POST.content}


def test_what_was_written_into_a_retired_draft_afterwards_is_never_pruned(desk: Desk) -> None:
    job = desk.publish()
    with (desk.folders.retired / job.id).open("ab") as late:
        late.write("编辑器后来写进去的一段。\n".encode())

    assert prune(desk.placer, KEEP, live(desk, NOW, 90)) == (job.id,)
    assert not (desk.folders.originals / job.id).exists()
    assert (desk.folders.retired / job.id).read_bytes().endswith("一段。\n".encode())


def test_the_copies_of_an_undo_that_was_interrupted_are_never_pruned(desk: Desk) -> None:
    job = desk.publish()
    desk.ledger.step(job.id, "undone", {"was": "done", "post": None}, NOW)
    desk.ledger.move(job.id, State.UNDONE, NOW)
    assert prune(desk.placer, KEEP, live(desk, NOW, 90)) == ()
    desk.ledger.step(job.id, "restored", {"draft": job.name}, NOW)
    assert prune(desk.placer, KEEP, live(desk, NOW, 90)) == (job.id,)


@pytest.mark.parametrize("jump", [YEARS, 40 * YEARS, 31 * DAY], ids=str)
def test_a_clock_set_ahead_takes_nothing_away_also_once_drafts_are_dated_by_it(desk: Desk, jump: dt.timedelta) -> None:
    job = desk.publish()
    before = live(desk, NOW, 20)
    assert prune(desk.placer, KEEP, before + jump) == ()
    ahead = live(desk, before + jump, 2)
    assert prune(desk.placer, KEEP, ahead) == ()
    assert desk.placer.original(job.id) == RAW


def test_a_clock_set_ahead_and_back_again_has_aged_nothing(desk: Desk) -> None:
    job = desk.publish()
    now = live(desk, NOW, 20)
    for _ in range(5):
        now = live(desk, live(desk, now + YEARS, 2) - YEARS, 0)
    assert prune(desk.placer, KEEP, now) == ()
    assert prune(desk.placer, KEEP, live(desk, now, 2)) == (job.id,)


def test_what_was_dated_by_a_clock_set_ahead_is_pruned_in_its_time(desk: Desk) -> None:
    desk.placer.now = lambda: NOW + YEARS
    job = desk.publish()
    now = live(desk, NOW, 30)
    assert prune(desk.placer, KEEP, now) == ()
    assert prune(desk.placer, KEEP, live(desk, now, 10)) == (job.id,)


def test_what_was_dated_by_a_clock_set_back_stays_when_it_is_right_again(desk: Desk) -> None:
    old = desk.publish()
    live(desk, NOW, 28)
    desk.placer.now = lambda: NOW - YEARS
    young = publish(desk, 1)
    assert prune(desk.placer, KEEP, NOW - YEARS) == ()
    now = live(desk, NOW + 28 * DAY, 4)
    assert prune(desk.placer, KEEP, now) == (old.id,)
    assert young.id in kept(desk)


@pytest.mark.parametrize("desk", [3], indirect=True)
def test_the_newest_stay_whatever_their_age_and_drafts_that_have_not_ended_are_not_of_them(desk: Desk) -> None:
    jobs = [publish(desk, number) for number in range(5)]
    parked = desk.accept("停.md", EDITED)
    desk.ledger.step(parked.id, "parked", {}, NOW)
    desk.ledger.move(parked.id, State.PARKED, NOW)
    assert prune(desk.placer, KEEP, live(desk, NOW, 400)) == tuple(sorted(job.id for job in jobs[:2]))
    assert {job.id for job in jobs[2:]} < kept(desk)


def test_twenty_stay() -> None:
    assert module.NEWEST == 20


def test_an_hour_that_comes_twice_passes_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = dt.datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    assert ages([("a", first)], first.replace(fold=1), DAY) == {"a": dt.timedelta(hours=1)}


shifts = st.lists(st.tuples(st.integers(0, 40), st.integers(-20_000, 20_000)), min_size=1, max_size=30)


@given(shifts)
def test_every_jump_ahead_ages_a_copy_by_a_share_at_most(readings: Sequence[tuple[int, int]]) -> None:
    """Each reading of the clock is some days after the one before, and the clock is wrong by so many."""
    real = [NOW]
    for passed, _ in readings:
        real.append(real[-1] + passed * DAY)
    shown = [real[0], *(at + wrong * DAY for at, (_, wrong) in zip(real[1:], readings, strict=True))]
    errors = [0, *(wrong for _, wrong in readings)]
    most = KEEP / module.SHARE
    steps = [(str(number), at) for number, at in enumerate(shown[:-1])]
    found = ages(reversed(steps), shown[-1], most)
    for number, began in enumerate(real[:-1]):
        ahead = sum(later > earlier for earlier, later in pairwise(errors[number:]))
        assert found[str(number)] <= (real[-1] - began) + ahead * most
