"""Which drafts are meant, and many of them in numbers."""

from __future__ import annotations

import datetime as dt

import pytest

from blogmetad.journal import account
from blogmetad.journal.account import Account
from blogmetad.journal.selection import Hit, Selection, search, since
from blogmetad.journal.statistics import Seconds, Week, count
from tests.stories import NOON, TITLE, ZONE, revised, tell

EARLIER = NOON - dt.timedelta(days=20)
DRAFTS = tuple(
    account.read(story)
    for story in (
        tell("日志.md", {"title": TITLE}, own=("预写日志",)),
        tell("moe.md", {"title": "预写"}, {"title": "Mixtures of Experts"}, front="tags: [MoE, 大模型]\n", at=EARLIER),
        tell("短.md", body="短", at=EARLIER),
    )
)


def names(selection: Selection) -> list[str]:
    return [each.draft for each in DRAFTS if selection.takes(each)]


def found(words: str) -> dict[str, tuple[Hit, ...]]:
    return {each.draft: hits for each, hits in search(DRAFTS, words)}


def test_nothing_asked_takes_all() -> None:
    assert len(names(Selection())) == 3


def test_drafts_are_chosen_by_time_outcome_tag_and_field_changed() -> None:
    assert names(Selection(since=NOON)) == ["日志.md"]
    assert names(Selection(outcomes=("parked",))) == ["短.md"]
    assert names(Selection(tag="sqlite")) == ["日志.md"]
    assert names(Selection(changed="title")) == ["moe.md"]
    assert names(Selection(since=NOON, changed="title")) == []


@pytest.mark.parametrize("tag", ["moe", "MOE", "ＭｏＥ", " moe "])
def test_case_width_and_spaces_make_no_difference_to_a_tag(tag: str) -> None:
    assert names(Selection(tag=tag)) == ["moe.md"]


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("12h", NOON - dt.timedelta(hours=12)),
        ("3D", NOON - dt.timedelta(days=3)),
        ("2w", NOON - dt.timedelta(weeks=2)),
        ("2026-11-24", dt.datetime(2026, 11, 24, tzinfo=ZONE)),
        ("2026-11-24 08:30", dt.datetime(2026, 11, 24, 8, 30, tzinfo=ZONE)),
        ("2026-11-24T08:30+00:00", dt.datetime(2026, 11, 24, 16, 30, tzinfo=ZONE)),
    ],
)
def test_a_time_is_a_span_back_or_a_day_of_the_site(words: str, moment: dt.datetime) -> None:
    assert since(words, NOON) == moment


@pytest.mark.parametrize("words", ["yesterday", "3 days", "2026-13-01", "-3d", "昨天", ""])
def test_what_is_no_time_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        since(words, NOON)


@pytest.mark.parametrize("words", ["sqlite", "SQLITE writes", "日志", "ｓｑｌｉｔｅ日志", "日志 2026-11-26"])
def test_words_are_found_in_names_and_metadata_in_both_languages(words: str) -> None:
    assert list(found(words)) == ["日志.md"]


def test_every_word_has_to_be_found_and_none_finds_nothing() -> None:
    assert found("sqlite experts") == {}
    assert found("  ") == {}


def test_a_hit_says_where_it_is() -> None:
    assert found("experts mixtures")["moe.md"] == (
        Hit("post", "2026-11-06-mixtures-of-experts.md"),
        Hit("title", "Mixtures of Experts"),
    )
    assert found("预写日志")["日志.md"] == (Hit("tags proposed", "预写日志"), Hit("new in tags", "预写日志"))
    assert [hit.where for hit in found("word")["短.md"]] == ["problem"]


def test_drafts_are_counted_by_outcome_week_change_term_and_model() -> None:
    counted = count(DRAFTS, ZONE)
    assert counted.drafts == 3
    assert counted.outcomes == {"published": 2, "parked": 1}
    assert counted.weeks == (Week("2026-W48", 1, 1), Week("2026-W45", 2, 1))
    assert counted.changed == {"tags": 1, "title": 1}
    assert counted.proposed == {"title": 2, "tags": 1}
    assert counted.terms == {"tags": {"MoE": 1, "linux": 1, "sqlite": 1, "大模型": 1}}
    assert counted.models == {"tiny": 2}
    assert counted.seconds == Seconds(2, pytest.approx(3.9), pytest.approx(5.0))  # type: ignore[arg-type]


def test_nothing_is_counted_as_nothing() -> None:
    nothing: tuple[Account, ...] = ()
    counted = count(nothing, ZONE)
    assert (counted.drafts, counted.seconds, counted.weeks) == (0, None, ())


def test_a_post_is_found_by_what_it_was_revised_to_and_by_the_words_for_it() -> None:
    one = (account.read(revised(tell("a.md"), outcome="done")),)
    assert Selection(tag="moe").takes(one[0])
    assert not Selection(tag="sqlite").takes(one[0])
    (found_one,) = search(one, "短一点 新的")
    assert [hit.where for hit in found_one[1]] == ["revised", "subtitle revised"]


def test_a_week_is_the_sites_and_not_that_of_greenwich() -> None:
    monday = account.read(tell("a.md", at=dt.datetime(2026, 11, 23, 1, 0, tzinfo=ZONE)))
    assert [week.name for week in count((monday,), ZONE).weeks] == ["2026-W48"]
    assert [week.name for week in count((monday,), dt.UTC).weeks] == ["2026-W47"]
