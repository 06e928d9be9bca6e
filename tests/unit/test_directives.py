"""What an author tells blogmetad in a draft: read in full, obeyed, and gone from the post."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from blogmetad import pipeline
from blogmetad.config import Ready
from blogmetad.intake import draft as intake
from blogmetad.intake.directives import is_ready
from blogmetad.model import prompt
from blogmetad.outcomes import Duplicate, Held, Parked
from blogmetad.publish.compose import ComposeError
from blogmetad.rules.document import parse
from blogmetad.values import Directives, Draft, Neighbours, Proposal, Request

CHINA = dt.timezone(dt.timedelta(hours=8))
ARRIVED = dt.datetime(2026, 3, 1, 12, tzinfo=CHINA)
BODY = "大模型改变了写作的方式，这里说明如何改变，以及为什么。\n"
RULES = b"""---
rules: r
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: body, min_length: 2, max_length: 60}
  date: {type: date}
  description: {type: text, language: body, min_length: 2, max_length: 100}
---
Be exact.
"""


TEXTS = {
    ("title", "zh"): "模型与写作",
    ("title", "en"): "Models and Writing",
    ("slug", "en"): "Models and Writing",
    ("description", "zh"): "大模型怎样改变写作。",
    ("description", "en"): "How large models change the way we write.",
}


class Scripted:
    """A Proposer that answers in the language it is asked for."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def prepare(self, keep_going: object) -> None:
        """There is nothing to load."""

    def propose(self, request: Request, keep_going: object) -> Proposal:  # noqa: ARG002
        self.requests.append(request)
        return Proposal({ask.field: TEXTS[ask.field, ask.language] for ask in request.asks if ask.given is None})


def draft(head: str, body: str = BODY) -> Draft:
    read = intake.read("草稿.md", f"---\n{head}---\n{body}".encode())
    assert isinstance(read, Draft), read
    return read


def directives(lines: str) -> Directives:
    return draft("blogmetad:\n" + "".join(f"  {line}\n" for line in lines.split("; "))).directives


def problems(head: str) -> str:
    read = intake.read("草稿.md", f"---\n{head}---\n{BODY}".encode())
    assert not isinstance(read, Draft)
    return " ".join(problem.message for problem in read)


def desk(proposer: Scripted) -> pipeline.Desk:
    return pipeline.Desk(
        rules=parse(RULES, "rules.md"),
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=proposer,
        budget=200,
        hold_future=False,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )


def accepted(head: str, now: dt.datetime = ARRIVED) -> Draft | Parked | Held | Duplicate:
    raw = f"---\n{head}---\n{BODY}".encode()
    return pipeline.accept("草稿.md", raw, desk(Scripted()), arrived=ARRIVED, now=now)


def finished(head: str, body: str = BODY) -> tuple[str, Request]:
    """The post, and what the model was asked."""
    proposer = Scripted()
    done = pipeline.finish(draft(head, body), desk(proposer), arrived=ARRIVED)
    assert isinstance(done, pipeline.Finished), done
    return done.post.content.decode(), proposer.requests[0]


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ("ready: true", Directives(ready=True)),
        ("ready: no", Directives(ready=False)),
        ("leave: [description, tags]", Directives(leave=frozenset({"description", "tags"}))),
        ("leave: description", Directives(leave=frozenset({"description"}))),
        ("language: zh", Directives(language="zh")),
        ("hint: '重点是\n\n    备份'", Directives(hint="重点是 备份")),
        ("hold: 2026-12-01", Directives(hold=dt.date(2026, 12, 1))),
        ("ready:; leave:; language:; hint:; hold:", Directives()),
    ],
)
def test_every_directive_is_read(lines: str, read: Directives) -> None:
    assert directives(lines) == read


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("blogmetad: ready\n", "has to hold keys of its own"),
        ("blogmetad:\n", "has to hold keys of its own"),
        ("blogmetad: [ready]\n", "ready, leave, language, hint, hold"),
        ("blogmetad: {raedy: true}\n", "did you mean 'ready'?"),
        ("blogmetad: {标题: x}\n", "known are ready, leave"),
        ("blogmetad: {ready: 'true'}\n", "write true or false"),
        ("blogmetad: {language: fr}\n", "write en or zh"),
        ("blogmetad: {leave: {tags: 1}}\n", "leave: [description, tags]"),
        ("blogmetad: {leave: [1]}\n", "leave: [description, tags]"),
        ("blogmetad: {hint: [备份]}\n", "put it in quotes"),
        (f"blogmetad: {{hint: {'备' * 501}}}\n", "501 characters; 500 are allowed"),
        ("blogmetad: {hold: 7}\n", "write a date as 2026-12-01"),
    ],
)
def test_a_directive_that_means_nothing_is_told_with_what_would(head: str, told: str) -> None:
    message = problems(head)
    assert message.startswith("草稿.md: 'blogmetad' in the front matter")
    assert told in message


def test_all_that_is_wrong_with_directives_and_keys_is_told_at_once() -> None:
    message = problems("blogmetad: {ready: 1, language: de, x: y}\nTitle: 甲\ntitle: 乙\n")
    assert all(part in message for part in ("ready: 1", "language: de", "'x'", "differ only in how they are spelled"))


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        ("title: 甲\nblogmetad:\n  ready: true\n  hint: 备份\ndate: 2026-02-01\n", "title: 甲\ndate: 2026-02-01\n"),
        ("blogmetad: {ready: true}\ntitle: 甲\n# 作者的话\n", "title: 甲\n"),
        ("# 作者的话\ntitle: 甲\nblogmetad:\n  leave:\n    - x\n", "# 作者的话\ntitle: 甲\n"),
        ("title: 甲\nblogmetad:\n  hint: |\n    重点\n    # 备份\n# 作者的话\n", "# 作者的话\n"),
        ("  title: 甲\n  blogmetad:\n    ready: true\n", "  title: 甲\n"),
    ],
)
def test_the_directives_are_gone_from_the_post_and_every_other_line_is_there(head: str, kept: str) -> None:
    post, _ = finished(head)
    assert kept in post
    assert not any(word in post for word in ("blogmetad", "ready", "leave", "hint", "重点", "备份"))
    assert post.endswith(f"---\n{BODY}")


def test_a_head_that_held_only_directives_becomes_one_that_holds_only_ours() -> None:
    assert finished("blogmetad: {ready: true}\n")[0].startswith("---\nlayout: post\n")


def test_a_draft_of_windows_keeps_its_line_ends_where_directives_are_taken_out() -> None:
    read = intake.read(
        "草稿.md", "---\r\nblogmetad:\r\n  ready: true\r\ntitle: 甲\r\n---\r\n正文，一字不改。\r\n".encode()
    )
    assert isinstance(read, Draft)
    done = pipeline.finish(read, desk(Scripted()), arrived=ARRIVED)
    assert isinstance(done, pipeline.Finished)
    assert done.post.content.startswith("---\r\nlayout: post\r\ntitle: 甲\r\n".encode())
    assert done.post.content.count(b"\n") == done.post.content.count(b"\r\n")


def test_directives_in_braces_cannot_be_taken_out_and_the_author_is_told() -> None:
    everything = "layout: a, title: 甲, date: 2026-02-01, description: 乙乙"
    with pytest.raises(ComposeError, match="one key per line"):
        pipeline.finish(draft(f"{{{everything}, blogmetad: {{ready: true}}}}\n"), desk(Scripted()), arrived=ARRIVED)


def test_fields_to_be_left_alone_are_neither_asked_for_nor_added() -> None:
    post, request = finished("blogmetad: {leave: [description, layout, date]}\n")
    assert [ask.field for ask in request.asks] == ["title", "slug"]
    assert not any(f"{name}:" in post for name in ("description", "layout", "date"))
    assert "title:" in post


def test_the_authors_word_for_the_language_goes_before_what_the_text_looks_like() -> None:
    _, request = finished("blogmetad: {language: en}\n")
    assert {ask.language for ask in request.asks} == {"en"}
    _, request = finished("blogmetad: {language: zh}\n", "Docker, SQLite, systemd.\n")
    assert request.asks[0].language == "zh"


def test_the_authors_hint_reaches_the_model_behind_the_text() -> None:
    _, request = finished("blogmetad: {hint: 重点是备份}\n")
    shown = prompt.user(request)
    assert shown.index(BODY.strip()) < shown.index("Its author says: 重点是备份\n") < shown.index("For the post above")
    _, request = finished("title: 甲\n")
    assert "author says" not in prompt.user(request)


def test_a_draft_is_held_until_the_day_it_names_and_dated_with_it() -> None:
    held = accepted("blogmetad: {hold: 2026-03-02 08:00}\n")
    assert held == Held(dt.datetime(2026, 3, 2, 8, tzinfo=CHINA))
    assert isinstance(accepted("blogmetad: {hold: 2026-03-02}\n", now=ARRIVED + dt.timedelta(days=1)), Draft)
    post, _ = finished("blogmetad: {hold: 2026-03-02}\n")
    assert "date: 2026-03-02" in post


def test_the_authors_own_date_stays_that_of_the_post_however_long_it_is_held() -> None:
    head = "date: 2026-01-31\nblogmetad: {hold: 2026-03-02}\n"
    assert isinstance(accepted(head), Held)
    assert "date: 2026-01-31\n" in finished(head)[0]


def test_a_day_that_cannot_be_read_is_told() -> None:
    parked = accepted("blogmetad: {hold: 下周}\n")
    assert isinstance(parked, Parked)
    assert "'下周'" in parked.problems[0].message


@pytest.mark.parametrize(
    ("head", "settled", "marked"),
    [
        ("title: 甲\n", True, False),
        ("blogmetad: {ready: true}\n", True, True),
        ("blogmetad: {ready: false}\n", False, False),
        ("blogmetad: {leave: tags}\n", True, False),
        ("ready: true\n", True, False),
        # What cannot be understood is let go, so that the author hears of it.
        ("blogmetad: ready\n", True, True),
        ("blogmetad: {ready: 'yes'}\n", True, True),
        ("blogmetad: {ready: true\n", True, True),
        ("title: {甲\n", True, False),
    ],
)
def test_a_draft_waits_for_its_authors_word(head: str, settled: bool, marked: bool) -> None:
    raw = f"---\n{head}---\n{BODY}".encode()
    told: tuple[tuple[Ready, bool], ...] = (("settled", settled), ("marked", marked))
    for wanted, ready in told:
        assert is_ready(raw, wanted) is ready


def test_a_file_without_front_matter_is_marked_by_nothing() -> None:
    assert is_ready(BODY.encode(), "settled")
    assert not is_ready(BODY.encode(), "marked")
    assert not is_ready(b"\xff\xfe\x00", "marked")


def test_a_body_that_stops_jekyll_is_not_put_to_the_model_unless_the_rules_leave_bodies_alone() -> None:
    raw = f"{BODY}\n{{% if 没有结束 %}}\n".encode()
    parked = pipeline.accept("草稿.md", raw, desk(Scripted()), arrived=ARRIVED, now=ARRIVED)
    assert isinstance(parked, Parked)
    assert [problem.rule for problem in parked.problems] == ["draft.liquid"]
    switches = {"value: false": Draft, "value: true": Parked, "value: false, when: {math: true}": Parked}
    for switch, accepted in switches.items():
        switched = RULES.replace(
            b"fields:\n", f"fields:\n  render_with_liquid: {{type: constant, {switch}}}\n".encode()
        )
        rules = replace(desk(Scripted()), rules=parse(switched, "rules.md"))
        assert isinstance(pipeline.accept("草稿.md", raw, rules, arrived=ARRIVED, now=ARRIVED), accepted)


def test_the_journal_is_told_of_tags_that_only_a_plugin_can_know() -> None:
    steps: dict[str, Mapping[str, object]] = {}
    recording = replace(desk(Scripted()), record=steps.__setitem__)
    raw = f"{BODY}\n{{% details 更多 %}}一{{% enddetails %}}\n".encode()
    assert isinstance(pipeline.accept("草稿.md", raw, recording, arrived=ARRIVED, now=ARRIVED), Draft)
    assert steps["read"]["tags"] == ["details"]
