"""Until when a draft is held: in every time zone, and in the hour that an autumn night has twice."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from blogmetad import pipeline
from blogmetad.outcomes import Held
from blogmetad.rules.document import parse
from blogmetad.values import Draft, Neighbours, Proposal, Request

RULES = b"""---
rules: r
version: 1
fields:
  title: {type: text, language: any, min_length: 1, max_length: 60}
  date: {type: date, time: true}
---
Be exact.
"""
BODY = "大模型改变了写作的方式，这里说明如何改变，以及为什么。\n"
SECOND = dt.timedelta(seconds=1)


class Titled:
    """A Proposer with one title for everything."""

    def prepare(self, _: object) -> None:
        pass

    def propose(self, _request: Request, _keep_going: object) -> Proposal:
        return Proposal({"title": "Writing"})


def desk() -> pipeline.Desk:
    return pipeline.Desk(
        rules=parse(RULES, "rules.md"),
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=Titled(),
        budget=200,
        hold_future=True,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )


def held(head: str, now: dt.datetime) -> bool:
    raw = f"---\n{head}\n---\n{BODY}".encode()
    accepted = pipeline.accept("草稿.md", raw, desk(), arrived=now, now=now)
    assert isinstance(accepted, Held | Draft)
    return isinstance(accepted, Held)


@pytest.mark.parametrize("head", ["date: '{}'", "blogmetad: {{hold: '{}'}}"], ids=["date", "hold"])
@pytest.mark.parametrize(
    ("zone", "written", "due"),
    [
        ("Asia/Shanghai", "2026-12-01 08:00", "2026-12-01T00:00Z"),
        ("Asia/Kathmandu", "2026-12-01 08:00", "2026-12-01T02:15Z"),
        ("America/St_Johns", "2026-12-01 08:00", "2026-12-01T11:30Z"),
        ("Australia/Lord_Howe", "2026-12-01 08:00", "2026-11-30T21:00Z"),
        ("Australia/Lord_Howe", "2026-07-01 08:00", "2026-06-30T21:30Z"),
        ("Pacific/Chatham", "2026-12-01 08:00", "2026-11-30T18:15Z"),
        ("Pacific/Kiritimati", "2026-12-01", "2026-11-30T10:00Z"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30Z"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00Z"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00Z"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30Z"),
    ],
)
def test_a_draft_is_held_to_the_second_also_where_the_clock_shows_an_hour_twice(
    zone: str, written: str, due: str, head: str
) -> None:
    moment = dt.datetime.fromisoformat(due)
    local = ZoneInfo(zone)
    for early in (SECOND, dt.timedelta(minutes=40), dt.timedelta(hours=2)):
        assert held(head.format(written), (moment - early).astimezone(local))
    for late in (dt.timedelta(), SECOND, dt.timedelta(minutes=40), dt.timedelta(hours=2)):
        assert not held(head.format(written), (moment + late).astimezone(local))


@pytest.mark.parametrize(
    ("zone", "date"),
    [
        ("Asia/Kathmandu", "2026-03-01 17:45:00 +0545"),
        ("America/St_Johns", "2026-03-01 08:30:00 -0330"),
        ("Pacific/Chatham", "2026-03-02 01:45:00 +1345"),
    ],
)
def test_a_post_is_dated_in_a_zone_without_whole_hours(zone: str, date: str) -> None:
    arrived = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
    accepted = pipeline.accept("草稿.md", BODY.encode(), desk(), arrived=arrived, now=arrived)
    assert isinstance(accepted, Draft)
    finished = pipeline.finish(accepted, desk(), arrived=arrived)
    assert isinstance(finished, pipeline.Finished)
    assert f"\ndate: {date}\n" in finished.post.content.decode()
    assert finished.post.filename.startswith(date[:10])
