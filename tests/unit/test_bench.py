"""The pure parts of the benchmark: what is asked, what is recorded, how the figures are made. Nothing is timed here."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench import plain, task
from bench.floor import Branched, Decoded, Dropped, Tape
from bench.latency import rotated
from bench.report import Report, Side, as_json, as_table
from blogmetad.model.local.llama import Cell
from blogmetad.values import Ask, Candidate

TITLE = Ask("title", "text", "Title", "en", 10, 90, hint="what the post is about.")
DESCRIPTION = Ask("description", "text", "Description", "zh", 40, 220)
TAGS = Ask("tags", "terms", "Tags", "en", 5, 8, (Candidate("llm"), Candidate("causal inference")), new=True, lower=True)
CATEGORIES = Ask("categories", "terms", "Categories", "en", 1, 1, (Candidate("AI-Research"), Candidate("Life")))
ASKS = (TITLE, DESCRIPTION, TAGS, CATEGORIES)


def properties() -> dict[str, Any]:
    found = plain.schema(ASKS)["properties"]
    assert isinstance(found, dict)
    return found


def side(name: str, *seconds: float, answer: dict[str, object] | None = None) -> Side:
    return Side(name, seconds, 500, 70, 60, answer or {})


def report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "ours": side("blogmetad", 3.0, 2.0, 4.0, answer={"title": "Power Loss", "tags": ["linux", "测试"]}),
        "plain": side("plain", 30.0, 18.0, 20.0, answer={"title": "断电", "tags": ["ai"]}),
        "plain_digest": side("plain, our digest", 6.0, answer={"title": "断电"}),
        "floor": side("floor", 2.5, 2.0, 3.2),
        "floor_prefill": 1.5,
        "floor_decode": 1.0,
        "cold": 4.0,
        "asked": ("title", "tags"),
        "conditions": {"processor": "一台普通的机器"},
    }
    return Report(**(values | changes))


def test_the_post_has_six_thousand_characters_most_of_them_chinese_and_no_front_matter() -> None:
    text = task.POST.read_text(encoding="utf-8")
    assert len(text) >= 6000
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) > 0.8 * len(text)
    assert not text.startswith("---")


def test_the_request_asks_for_four_fields_and_shows_a_digest_instead_of_the_post() -> None:
    loaded = task.load(task.POST, task.RULES, 480)
    request = loaded.request()
    assert [ask.field for ask in request.asks] == ["title", "description", "tags", "categories"]
    assert 0 < len(request.text) < len(loaded.draft.text) / 4
    assert request.guidance == loaded.rules.guidance


def test_front_matter_of_a_draft_is_left_out_so_that_every_field_is_asked_for(tmp_path: Path) -> None:
    post = tmp_path / "草稿.md"
    post.write_text("---\ntitle: 已有的标题\n---\n正文在这里。\n", encoding="utf-8")
    loaded = task.load(post, task.RULES, 480)
    assert loaded.draft.text == "正文在这里。\n"
    assert "title" in [ask.field for ask in loaded.request().asks]


def test_the_plain_question_names_every_field_with_its_language_limits_and_vocabulary() -> None:
    asked = plain.question(ASKS)
    assert "title (in English; what the post is about; at most 90 characters)" in asked
    assert "description (in Chinese; at most 220 characters)" in asked
    assert "tags (in English; lower-case; 5 to 8; preferably of: llm, causal inference)" in asked
    assert "categories (in English; 1; of: AI-Research, Life)" in asked


def test_the_plain_schema_requires_every_field_and_allows_no_other() -> None:
    schema = plain.schema(ASKS)
    assert schema["required"] == ["title", "description", "tags", "categories"]
    assert list(properties()) == schema["required"]
    assert schema["additionalProperties"] is False


def test_an_english_field_of_the_plain_schema_cannot_hold_chinese() -> None:
    pattern = properties()["title"]["pattern"]
    assert re.fullmatch(pattern, "Writing Files That Survive Power Loss")
    assert not re.fullmatch(pattern, "写一个断电也不丢文件的小守护进程")
    assert not re.fullmatch(pattern, "x" * 91)


def test_a_chinese_field_of_the_plain_schema_is_held_to_its_length_alone() -> None:
    assert properties()["description"] == {"type": "string", "minLength": 40, "maxLength": 220}


def test_a_closed_vocabulary_is_an_enum_and_an_open_one_is_a_pattern() -> None:
    assert properties()["categories"]["items"] == {"enum": ["AI-Research", "Life"]}
    assert re.fullmatch(properties()["tags"]["items"]["pattern"], "power loss")
    assert not re.fullmatch(properties()["tags"]["items"]["pattern"], "Power Loss")
    assert (properties()["tags"]["minItems"], properties()["tags"]["maxItems"]) == (5, 8)


@pytest.mark.parametrize("content", ['{"title": "断', '["title"]', ""])
def test_an_answer_that_is_no_whole_object_has_no_fields(content: str) -> None:
    assert plain.read(content) == {}


def test_a_whole_answer_has_its_fields() -> None:
    assert plain.read('{"title": "断电", "tags": ["linux"]}') == {"title": "断电", "tags": ["linux"]}


def test_the_prefill_of_a_tape_ends_with_the_first_batch_whose_logits_are_wanted() -> None:
    tape = Tape(
        (
            Dropped(1),
            Branched(0, 1),
            Decoded((Cell(1, 0, (1,)), Cell(2, 1, (1,)))),
            Decoded((Cell(3, 2, (1,)), Cell(4, 3, (1,), True))),
            Decoded((Cell(5, 4, (1,), True),)),
        )
    )
    assert tape.prefill_batches == 2
    assert tape.prefill_tokens == 4
    assert tape.tokens == 5
    assert [len(batch) for batch in tape.batches] == [2, 2, 1]


def test_each_round_begins_with_another_side_and_leaves_none_out() -> None:
    turns = ("我们", "plain", "floor")
    assert [rotated(turns, n) for n in (0, 1, 3)] == [turns, ("plain", "floor", "我们"), turns]


def test_the_ratio_to_the_plain_way_is_that_of_the_medians() -> None:
    assert report().plain_to_ours == pytest.approx(20 / 3)


def test_the_ratio_to_the_floor_is_the_median_over_pairs() -> None:
    assert report().ours_to_floor == pytest.approx(1.2)


def test_a_floor_that_did_not_run_as_often_as_we_did_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ = report(floor=side("floor", 2.0)).ours_to_floor


def test_the_json_says_whether_the_target_is_met() -> None:
    met = json.loads(json.dumps(as_json(report())))
    missed = as_json(report(plain=side("plain", 8.0)))
    assert met["target"] == {"plain/ours": 3.0, "met": True}
    assert missed["target"] == {"plain/ours": 3.0, "met": False}
    assert met["sides"][0]["answer"]["tags"] == ["linux", "测试"]
    assert met["sides"][0]["seconds"] == [3.0, 2.0, 4.0]


def test_a_run_whose_rounds_differ_by_more_than_half_is_called_disturbed() -> None:
    calm = report(ours=side("blogmetad", 2.0, 3.0, 2.5), plain=side("plain", 20.0), floor=side("floor", 2.0, 2.0, 2.0))
    assert not calm.disturbed
    assert report(plain=side("plain", 20.0, 30.1)).disturbed
    assert as_json(report())["disturbed"] is True


def test_a_side_that_left_a_field_out_is_named_with_it() -> None:
    sides = as_json(report())["sides"]
    assert isinstance(sides, list)
    assert [one["missing"] for one in sides] == [[], [], ["tags"], []]


def test_the_table_shows_the_medians_the_verdict_and_the_answers_side_by_side() -> None:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(as_table(report()))
    shown = console.export_text()
    assert "plain / ours         6.67" in shown
    assert "target 3: met" in shown
    assert "plain, our digest lacks tags" in shown
    assert "linux, 测试" in shown
    assert "Other work on the machine disturbed this run" in shown
    assert "processor: 一台普通的机器" in shown
