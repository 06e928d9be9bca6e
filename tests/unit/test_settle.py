"""Settling: a file is whole when it has looked the same for long enough."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from blogmetad.intake.scan import Fingerprint, Found
from blogmetad.intake.settle import Watched, next_due, settle

QUIET = 2.0


def file(name: str = "春.md", size: int = 1, mtime: int = 0) -> Found:
    return Found(name, Path("/drafts") / name, Fingerprint(1, 1, size, mtime, 0))


def after(*scans: tuple[float, list[Found]]) -> tuple[Mapping[str, Watched], list[str]]:
    """The state after these scans, and the names the last one reported."""
    watched: Mapping[str, Watched] = {}
    settled: tuple[Found, ...] = ()
    for now, found in scans:
        watched, settled = settle(watched, found, now, QUIET)
    return watched, [f.name for f in settled]


def test_a_file_just_seen_has_not_settled() -> None:
    assert after((100.0, [file()]))[1] == []


def test_a_file_unchanged_for_the_quiet_time_has_settled() -> None:
    assert after((100.0, [file()]), (101.9, [file()]))[1] == []
    assert after((100.0, [file()]), (102.0, [file()]))[1] == ["春.md"]


def test_a_settled_file_is_reported_until_it_changes() -> None:
    assert after((0, [file()]), (2, [file()]), (9, [file()]))[1] == ["春.md"]
    assert after((0, [file()]), (2, [file()]), (9, [file(mtime=1)]))[1] == []


def test_a_change_starts_the_quiet_time_anew_but_keeps_when_the_file_arrived() -> None:
    watched, settled = after((0, [file()]), (1.5, [file(size=2)]), (3, [file(size=2)]))
    assert settled == []
    assert (watched["春.md"].first_seen, watched["春.md"].since) == (0, 1.5)


def test_the_file_reported_is_the_one_of_the_last_scan() -> None:
    _, settled = settle(settle({}, [file()], 0.0, QUIET)[0], [file()], 5.0, QUIET)
    assert settled == (file(),)


def test_a_file_that_vanished_is_forgotten() -> None:
    watched, settled = after((0, [file()]), (1, []), (2, [file()]))
    assert settled == []
    assert watched["春.md"].first_seen == 2


def test_files_settle_each_in_their_own_time() -> None:
    early, late = file("早.md"), file("晚.md")
    assert after((0, [early]), (1, [early, late]), (2, [early, late]))[1] == ["早.md"]


def test_without_a_quiet_time_a_file_settles_at_once() -> None:
    assert settle({}, [file()], 7.0, 0.0)[1] == (file(),)


def test_what_was_seen_before_is_not_changed() -> None:
    before, _ = settle({}, [file()], 0.0, QUIET)
    copy = dict(before)
    settle(before, [file(size=9), file("新.md")], 1.0, QUIET)
    assert before == copy


def test_the_next_look_is_due_when_the_first_unsettled_file_may_have_settled() -> None:
    watched, _ = after((0, [file("早.md")]), (1.5, [file("早.md"), file("晚.md")]))
    assert next_due(watched, 1.5, QUIET) == 0.5
    assert next_due(watched, 60.0, QUIET) == 0.0


def test_nothing_is_due_when_everything_has_settled_or_nothing_is_there() -> None:
    assert next_due({}, 0.0, QUIET) is None
    watched, _ = after((0, [file()]), (2, [file()]))
    assert next_due(watched, 2.0, QUIET) is None


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.integers(0, 2)), min_size=1, max_size=30))
def test_a_file_is_reported_exactly_when_its_last_change_is_long_enough_ago(steps: list[tuple[float, int]]) -> None:
    watched: Mapping[str, Watched] = {}
    now, changed, size = 0.0, 0.0, -1
    for wait, seen in steps:
        now += wait
        if seen != size:
            changed, size = now, seen
        watched, settled = settle(watched, [file(size=seen)], now, QUIET)
        assert bool(settled) == (now - changed >= QUIET)
