"""A draft's story as typed facts, whatever version of blogmetad has told it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from blogmetad.journal import account, brief
from blogmetad.journal.account import Account
from blogmetad.journal.entry import Happened, Story
from blogmetad.journal.timing import Span, spans
from blogmetad.values import Usage
from tests.stories import BODY, NOON, TITLE, revised, tell

LONG = {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."}


def told(story: Story) -> Account:
    return account.read(story)


def test_a_published_draft_is_told_with_its_fields_terms_model_and_similar_posts() -> None:
    it = told(tell())
    assert (it.title, it.outcome, it.model, it.rules) == (TITLE, "done", "tiny", "测试 v2")
    assert [field.name for field in it.fields] == ["layout", "title", "date", "tags"]
    assert it.terms == (("tags", "sqlite"), ("tags", "linux"))
    assert [(near.post, near.share) for near in it.neighbours] == [("2024-01-01-fsync.md", 1.0)]
    assert it.asked == ("title", "description", "tags")
    assert (it.chars, it.changed, it.reasons) == (len(BODY), (), ())


def test_a_rule_is_cited_without_its_field_and_document() -> None:
    story = tell()
    without = replace(story, steps=tuple(step for step in story.steps if step.name != "rules"))  # a published post's
    for each in (story, without):
        (title,) = (field for field in told(each).fields if field.name == "title")
        assert title.rule == "5 to 60 characters, English"


def test_what_the_check_cut_is_changed_and_what_it_refused_too() -> None:
    assert told(tell("a.md", LONG)).changed == ("description",)
    again = told(tell("a.md", {"title": "预写日志"}, {"title": TITLE}))
    assert again.changed == ("title",)
    assert [dict(attempt.refused) for attempt in again.attempts] == [
        {"title": "The model's '预写日志' is not in English, as the rules ask."},
        {},
    ]


def test_a_parked_draft_has_its_reasons_and_its_name_for_a_title() -> None:
    it = told(tell("短.md", body="短"))
    assert (it.title, it.model, it.fields) == ("短.md", None, ())
    assert "1 word" in it.reasons[0]


def test_text_with_spaces_is_a_list_of_terms_only_where_jekyll_reads_one() -> None:
    it = told(tell("a.md", {"title": TITLE}, front="tags: ai 大模型\nsubtitle: two words\n"))
    assert it.terms == (("tags", "ai"), ("tags", "大模型"))


def test_only_the_answers_of_the_last_try_count() -> None:
    once = tell("a.md", {"title": "预写日志"}, {"title": TITLE})
    lost = (*once.steps[:6], *tell("a.md", {"title": "Another Title"}).steps)
    assert [attempt.values["title"] for attempt in told(replace(once, steps=lost)).attempts] == ["Another Title"]


def test_a_draft_that_waited_for_its_date_took_as_long_as_the_work_on_it() -> None:
    held = tell("h.md", front="date: 2026-12-24\n")
    later = tell("h.md", front="date: 2026-12-24\n", at=NOON + dt.timedelta(days=30))
    assert held.outcome == "held"
    both = replace(later, settled=held.settled, steps=(*held.steps, *later.steps))
    assert told(both).seconds == pytest.approx(2.7, abs=0.2)


def test_an_undo_does_not_make_a_draft_slow() -> None:
    story = tell()
    undone = Happened(NOON + dt.timedelta(days=3), "undone", {"was": "done", "post": story.target})
    before, after = told(story), told(replace(story, outcome="undone", steps=(*story.steps, undone)))
    assert before.seconds == after.seconds
    assert (after.ended - before.ended).days == 2


def test_a_revision_is_told_apart_from_what_was_decided_first_and_makes_no_draft_slow() -> None:
    story = tell()
    before, after = told(story), told(revised(story, outcome="done"))
    assert (before.title, after.title) == (TITLE, "SQLite Writes")
    assert [(each.words, [change.field for change in each.changes]) for each in after.revisions] == [
        ("标题短一点", ["title", "tags", "subtitle"])
    ]
    assert after.terms == (("tags", "moe"),)
    assert (after.fields, after.attempts, after.seconds) == (before.fields, before.attempts, before.seconds)
    assert spans(after) == spans(before)


def test_facts_that_are_missing_or_of_another_kind_are_left_out() -> None:
    odd = tuple(
        Happened(NOON, name, data)
        for name, data in (
            ("read", {}),
            ("recalled", {"posts": [{"post": "a.md"}, 7]}),
            ("proposed", {"usage": {"prompt_tokens": 3, "furlongs": 2}}),
            ("revised", {"changes": [{}, 7]}),
            ("checked", {"decisions": [{"value": 1}, {"field": "toc", "value": {"beginning": True}}], "queued": [1]}),
        )
    )
    it = told(replace(tell(), steps=odd))
    assert [(field.name, field.text) for field in it.fields] == [("toc", '{"beginning": true}')]
    assert [(near.post, near.share) for near in it.neighbours] == [("a.md", 0.0)]
    assert (it.chars, it.seconds, it.attempts[0].usage) == (None, None, Usage(3))
    assert [brief.words(step.name, step.data) for step in odd] == [""] * 5


def test_the_time_is_told_by_what_it_was_spent_on_and_adds_up() -> None:
    it = told(tell())
    parts = spans(it)
    assert [part.kind for part in parts] == ["waiting", "reading", "writing", "placing"]
    assert {part.kind: part.seconds for part in parts} == {
        "waiting": pytest.approx(0.9, abs=0.05),
        "reading": pytest.approx(0.5),
        "writing": pytest.approx(1.0),
        "placing": pytest.approx(0.4, abs=0.05),
    }
    assert sum(part.seconds for part in parts) == pytest.approx(it.seconds)


def test_a_server_that_does_not_say_when_it_read_is_told_as_a_whole() -> None:
    parts = spans(told(tell(usage=Usage(seconds=1.9))))
    assert [part.kind for part in parts] == ["waiting", "model", "placing"]


def test_a_model_that_counts_more_seconds_than_passed_is_not_believed() -> None:
    it = told(tell(usage=Usage(prefill_seconds=60.0, decode_seconds=60.0)))
    assert sum(part.seconds for part in spans(it)) == pytest.approx(it.seconds)
    assert all(part.seconds >= 0.0 for part in spans(it))


def test_a_draft_without_a_model_has_one_span_and_one_under_way_none() -> None:
    assert [part.kind for part in spans(told(tell("短.md", body="短")))] == ["placing"]
    going = tell()
    assert spans(told(replace(going, outcome="accepted", steps=going.steps[:3]))) == ()
    assert Span("model", 1.0).seconds == 1.0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("read", "34 characters, 0 fields of the author's"),
        ("rules", "测试 v2"),
        ("recalled", "nearest of 7: 2024-01-01-fsync.md"),
        ("proposed", "How SQLite Writes (tiny, 1.5 s)"),
        ("checked", "4 fields"),
        ("done", "2026-11-26-how-sqlite-writes.md (3.0 s)"),
        ("published", ""),
    ],
)
def test_a_step_is_told_in_a_few_words(name: str, words: str) -> None:
    (data,) = (step.data for step in tell().steps if step.name == name)
    assert brief.words(name, data) == words
