"""The note on how a post was made: in the post's language, around the author's text, which stays as it is."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad import pipeline
from blogmetad.intake import draft as intake
from blogmetad.rules.document import parse
from blogmetad.values import Draft, Neighbours, Proposal, Request, body_sha256

ARRIVED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ZH = "大模型改变了写作的方式，这里说明如何改变，以及为什么。\n"
EN = "Large models change the way of writing, and this is how they do that and why it is so.\n"
RULES = """---
rules: 我的<规则>
version: 1
{}
fields:
  title: {{type: text, language: any, min_length: 2, max_length: 60}}
  date: {{type: date}}
  description: {{type: text, language: any, min_length: 2, max_length: 100, need: optional}}
---
Be exact.
"""


class Scripted:
    """A Proposer that always says the same."""

    def prepare(self, keep_going: object) -> None:
        """There is nothing to load."""

    def propose(self, request: Request, keep_going: object) -> Proposal:  # noqa: ARG002
        texts = {"title": "模型与写作", "description": "怎样用模型写作。", "slug": "Models and Writing"}
        return Proposal({ask.field: texts[ask.field] for ask in request.asks if ask.given is None}, model="qwen3-4b")


def post(raw: str, place: str | None = "top") -> str:
    desk = pipeline.Desk(
        rules=parse(RULES.format(f"creation_note: {place}" if place else "").encode(), "rules.md"),
        recall=lambda _: Neighbours(),
        twin=lambda _: None,
        proposer=Scripted(),
        budget=200,
        hold_future=False,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )
    draft = intake.read("草稿.md", raw.encode())
    assert isinstance(draft, Draft), draft
    done = pipeline.finish(draft, desk, arrived=ARRIVED)
    assert isinstance(done, pipeline.Finished), done
    return done.post.content.decode()


def test_there_is_none_unless_the_rules_want_one() -> None:
    assert "blogmetad" not in post(ZH, None)


def test_a_chinese_post_says_in_chinese_which_fields_were_proposed_by_whom() -> None:
    assert post(ZH).split("---\n", 2)[2] == (
        "\n> 正文出自作者。标题、描述由模型 qwen3-4b 按规则“我的规则 v1”提出，经检查后采用。\n"
        f"{{: .blogmetad-note}}\n\n{ZH}"
    )


def test_an_english_post_says_it_in_english_and_only_of_what_was_proposed() -> None:
    note = post(f"---\ntitle: Models\nslug: models\n---\n{EN}", "end")
    assert note.endswith(
        f"---\n{EN}\n> The text is the author's. Its description was proposed by the model qwen3-4b under the rules "
        '"我的规则 v1", and checked.\n{: .blogmetad-note}\n'
    )


def test_a_post_of_which_the_author_wrote_everything_has_none() -> None:
    assert "blogmetad" not in post(f"---\ntitle: 甲甲\ndescription: 乙乙\nslug: x\n---\n{ZH}")


def test_line_ends_of_windows_stay() -> None:
    made = post(f"---\nslug: x\n---\n{ZH}".replace("\n", "\r\n"))
    assert made.count("\n") == made.count("\r\n")


@given(st.text(alphabet=">{}: .blogmetad-note\n甲a", max_size=80), st.sampled_from(["top", "end"]))
def test_the_authors_text_stays_as_it_is_and_is_recognised_with_and_without_the_note(body: str, place: str) -> None:
    text = f"{body}正文。这里是正文，写了几句话。"
    made = post(f"---\nslug: x\n---\n{text}", place)
    assert text in made
    assert body_sha256(made.split("---\n", 2)[2].encode()) == body_sha256(text.encode())


@pytest.mark.parametrize("place", ["top", "end"])
def test_a_post_with_a_note_that_becomes_a_draft_again_gets_no_second_text(place: str) -> None:
    made = post(f"---\nslug: x\n---\n{ZH}", place)
    draft = intake.read("旧文.md", made.encode())
    assert isinstance(draft, Draft)
    assert draft.body_sha256 == body_sha256(ZH.encode())
