"""Second tries: texts that cannot be used are asked for once more, begun in another way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from blogmetad import matter, pipeline
from blogmetad.outcomes import Parked
from blogmetad.rules.document import parse
from blogmetad.values import Draft, Neighbours, Proposal, Request

ARRIVED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
BODY = "大模型改变了写作的方式，这里说明如何改变，以及为什么。" * 3
RULES = b"""---
rules: r
version: 1
fields:
  title: {type: text, language: en, min_length: 5, max_length: 60}
  date: {type: date}
  description: {type: text, language: en, min_length: 10, max_length: 100, sentences: true}
  summary: {type: text, language: en, need: recommended, min_length: 10, max_length: 100}
examples:
  - {title: Another Post, description: What another post says.}
---
Be exact.
"""


class Scripted:
    """A Proposer that gives prepared answers and remembers what it was asked."""

    def __init__(self, *answers: Mapping[str, str]) -> None:
        self.answers, self.requests = list(answers), list[Request]()

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        assert keep_going()
        self.requests.append(request)
        return Proposal(self.answers.pop(0))


def finish(proposer: Scripted, **fields: str) -> tuple[pipeline.Finished | Parked, list[str]]:
    steps: list[str] = []
    desk = pipeline.Desk(
        rules=parse(RULES, "rules.md"),
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=proposer,
        budget=200,
        hold_future=False,
        keep_going=lambda: True,
        record=lambda name, _: steps.append(name),
    )
    head = "".join(f"{name}: {value}\n" for name, value in fields.items()).encode()
    raw = (b"---\n" + head + b"---\n" if head else b"") + BODY.encode()
    draft = Draft("随笔.md", raw, head, fields, BODY.encode())
    return pipeline.finish(draft, desk, arrived=ARRIVED), steps


GOOD = {"title": "Writing with Models", "description": "How models change writing.", "summary": "Models write now."}


def test_texts_that_can_be_used_are_asked_for_once() -> None:
    proposer = Scripted(GOOD)
    finished, steps = finish(proposer)
    assert isinstance(finished, pipeline.Finished)
    assert len(proposer.requests) == 1
    assert "refused" not in steps


def test_a_text_that_cannot_be_used_is_asked_for_again_with_the_others_given() -> None:
    proposer = Scripted({**GOOD, "description": "Writing with Models"}, {"description": "How models change writing."})
    finished, steps = finish(proposer)
    assert isinstance(finished, pipeline.Finished)
    assert finished.metadata.fields["description"] == matter.Quoted("How models change writing.")
    title, description, summary = proposer.requests[1].asks
    assert (title.given, description.refused, summary.given) == (
        GOOD["title"],
        ("Writing with Models",),
        GOOD["summary"],
    )
    assert steps.index("refused") < steps.index("checked")


def test_a_recommended_text_gets_its_second_try_too() -> None:
    proposer = Scripted({**GOOD, "summary": "短"}, {"summary": "Models write now, it seems."})
    finished, _ = finish(proposer)
    assert isinstance(finished, pipeline.Finished)
    assert finished.metadata.fields["summary"] == "Models write now, it seems."


def test_what_fails_three_times_parks_the_draft_if_the_rules_need_it() -> None:
    proposer = Scripted({**GOOD, "title": "标题"}, {"title": "又一个标题"}, {"title": "还是标题"})
    parked, _ = finish(proposer)
    assert isinstance(parked, Parked)
    assert [problem.rule for problem in parked.problems] == ["title.language"]
    assert [request.asks[0].refused for request in proposer.requests] == [(), ("标题",), ("标题", "又一个标题")]


def test_a_value_copied_from_the_examples_is_refused() -> None:
    proposer = Scripted({**GOOD, "title": "Another post"}, {"title": "Writing with Models"})
    finished, _ = finish(proposer)
    assert isinstance(finished, pipeline.Finished)
    assert finished.metadata.fields["title"] == "Writing with Models"


def test_what_the_author_wrote_is_shown_again_in_the_second_try() -> None:
    proposer = Scripted({"description": "写作", "summary": GOOD["summary"]}, {"description": GOOD["description"]})
    finished, _ = finish(proposer, title="My Own Title")
    assert isinstance(finished, pipeline.Finished)
    assert [ask.given for ask in proposer.requests[1].asks] == ["My Own Title", None, GOOD["summary"]]


def test_the_guidance_ends_with_the_posts_that_show_how_the_blog_sounds() -> None:
    proposer = Scripted(GOOD)
    finish(proposer)
    assert proposer.requests[0].guidance == (
        "Be exact.\n\nOther posts of this blog:\n\nTitle: Another Post\nDescription: What another post says."
    )
