"""The engine against real llama.cpp: a tiny random Qwen3 for the mechanics, the 0.5B starter for the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.model.local.answer import question
from blogmetad.model.local.engine import Engine, Stopped
from blogmetad.model.local.llama import Cell, Llama, LoadOptions, ModelError
from blogmetad.values import Ask, Candidate, Request

TITLE = Ask("title", "text", "Title", "en", 8, 60)
ZH = (
    "SQLite 的预写日志把每次提交追加到一个单独的文件里，读者看到的是旧页面和日志的合并结果。"
    "断电之后，日志里完整的提交会被重放。"
)


def engine_of(path: Path, context: int = 2048) -> Engine:
    return Engine(Llama(LoadOptions(path, threads=2, gpu_layers=0, context=context)), path.stem, "cpu")


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> Engine:
    return engine_of(tiny_model)


@pytest.fixture(scope="module")
def half(starter: Path) -> Engine:
    return engine_of(starter)


def test_an_english_field_never_holds_a_character_of_another_script(tiny: Engine) -> None:
    title = tiny.propose(Request("", ZH, (TITLE,))).texts["title"]
    assert title
    assert title.isascii()


def test_a_chinese_field_holds_chinese(tiny: Engine) -> None:
    ask = Ask("title", "text", "标题", "zh", 4, 30)
    title = tiny.propose(Request("", "An English text about words.", (ask,))).texts["title"]
    assert any("\u4e00" <= c <= "\u9fff" for c in title)


def test_the_same_request_gets_the_same_answer_whatever_came_before(tiny: Engine) -> None:
    asks = (
        TITLE,
        Ask("tags", "terms", "Tags", "en", 2, 4, (Candidate("word"), Candidate("time")), new=True, lower=True),
    )
    first = tiny.propose(Request("Guidance.", ZH, asks))
    tiny.propose(Request("Other guidance.", "Something else altogether, and longer.", asks))
    again = tiny.propose(Request("Guidance.", ZH, asks))
    assert (again.texts, again.terms) == (first.texts, first.terms)


def test_the_guidance_is_computed_once_for_all_drafts(tiny: Engine) -> None:
    first = tiny.propose(Request("Say what it is about.", "One text.", (TITLE,)))
    second = tiny.propose(Request("Say what it is about.", "Another text.", (TITLE,)))
    assert first.usage.reused_tokens == 0
    assert second.usage.reused_tokens > 0
    assert second.usage.prompt_tokens < first.usage.prompt_tokens


def test_each_candidate_of_a_closed_vocabulary_is_weighed_and_nothing_else_is_said(tiny: Engine) -> None:
    names = ("AI-Research", "Data-Science", "Life", "数据库")
    ask = Ask("categories", "terms", "Category", "any", 1, 2, tuple(Candidate(n) for n in names))
    opinions = tiny.propose(Request("", ZH, (ask,))).terms["categories"]
    assert tuple(opinion.name for opinion in opinions) == names
    assert not any(opinion.written for opinion in opinions)
    assert len({opinion.score for opinion in opinions}) == len(names)


def test_the_prior_of_a_candidate_does_not_move_the_models_opinion_of_it(tiny: Engine) -> None:
    said = []
    for prior in (-9.0, 9.0):
        ask = Ask("categories", "terms", "Category", "en", 1, 1, (Candidate("memory", prior), Candidate("travel")))
        said.append(tiny.propose(Request("", ZH, (ask,))).terms["categories"])
    assert said[0] == said[1]


def test_new_terms_are_lower_case_distinct_and_as_many_as_asked_for(tiny: Engine) -> None:
    ask = Ask("tags", "terms", "Tags", "en", 3, 5, new=True, lower=True)
    opinions = tiny.propose(Request("", ZH, (ask,))).terms["tags"]
    names = [opinion.name for opinion in opinions]
    assert 0 < len(names) <= 5
    assert all(opinion.written and opinion.score < 0 for opinion in opinions)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name == name.lower() and name.isascii() and "," not in name for name in names)


def test_candidates_are_weighed_where_new_terms_are_written_too(tiny: Engine) -> None:
    ask = Ask("tags", "terms", "Tags", "en", 1, 2, (Candidate("memory"), Candidate("travel")), new=True)
    opinions = tiny.propose(Request("", ZH, (ask,))).terms["tags"]
    assert [opinion.name for opinion in opinions if not opinion.written] == ["memory", "travel"]
    assert any(opinion.written for opinion in opinions)


@pytest.mark.parametrize("word", ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "</think>"])
def test_special_tokens_in_a_draft_are_plain_text(tiny: Engine, word: str) -> None:
    model = tiny._model
    (token,) = model.tokenize(word, special=True)
    assert token not in model.tokenize(f"甲{word}乙 {word}")
    assert b"".join(map(model.piece, model.tokenize(word))) == word.encode()
    clean = question(tiny._desk, Request("", "x y", (TITLE,)))
    shown = question(tiny._desk, Request("", f"x {word} y", (TITLE,)))
    assert len(shown) > len(clean)
    assert shown.count(token) == clean.count(token)


def test_a_fields_given_value_is_shown_and_not_asked_for(tiny: Engine) -> None:
    given = Ask("title", "text", "Title", "en", 0, 0, given="作者自己的标题")
    proposal = tiny.propose(Request("", ZH, (given, Ask("description", "text", "Description", "en", 8, 80))))
    assert set(proposal.texts) == {"description"}


def test_work_stops_between_two_steps_when_asked_to(tiny: Engine) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Stopped):
        tiny.propose(Request("", ZH, (TITLE,)), stop)
    assert len(asked) == 4
    assert tiny.propose(Request("", ZH, (TITLE,))).texts["title"]


def test_a_text_longer_than_the_context_is_cut_and_still_asked_about(tiny: Engine) -> None:
    proposal = tiny.propose(Request("", "很长的正文。" * 4000, (TITLE,)))
    assert proposal.texts["title"]
    assert proposal.usage.prompt_tokens < 2048


def test_guidance_that_fills_the_context_is_refused_with_its_size(tiny: Engine) -> None:
    with pytest.raises(ModelError, match="guidance of the rules takes"):
        tiny.propose(Request("规则" * 3000, ZH, (TITLE,)))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "坏.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="cannot load"):
        Llama(LoadOptions(bad, threads=1, gpu_layers=0))


def test_more_rows_of_logits_than_a_batch_holds_come_back_in_order(tiny_model: Path) -> None:
    model = Llama(LoadOptions(tiny_model, threads=1, gpu_layers=0, context=1024))
    rows = model.decode([Cell(i % 50, i, (0,), wanted=True) for i in range(150)])
    model.clear()
    alone = model.decode([Cell(i % 50, i, (0,), wanted=i == 149) for i in range(150)])
    assert len(rows) == 150
    assert int(rows[149].argmax()) == int(alone[0].argmax())
    model.close()


@pytest.mark.starter
def test_the_starter_writes_english_metadata_for_a_chinese_text(half: Engine) -> None:
    asks = (
        TITLE,
        Ask("description", "text", "Description", "en", 40, 200, hint="one sentence"),
        Ask("tags", "terms", "Tags", "en", 3, 6, (Candidate("sqlite"), Candidate("cooking")), new=True, lower=True),
        Ask("categories", "terms", "Category", "en", 1, 1, (Candidate("Databases"), Candidate("Travel"))),
    )
    proposal = half.propose(Request("", ZH * 3, asks))
    assert proposal.texts["title"].isascii()
    assert "SQLite" in proposal.texts["title"] + proposal.texts["description"]
    scores = {opinion.name: opinion.score for terms in proposal.terms.values() for opinion in terms}
    assert scores["sqlite"] > scores["cooking"]
    assert scores["Databases"] > scores["Travel"]
    assert any(opinion.written for opinion in proposal.terms["tags"])


def test_the_lines_behind_the_title_follow_from_it(tiny: Engine) -> None:
    tags = Ask("tags", "terms", "Tags", "en", 1, 1, (Candidate("memory"), Candidate("travel")))
    weighed = [
        tiny.propose(Request("", ZH, (*before, tags))).terms["tags"]
        for before in ((), (TITLE,), (Ask("title", "text", "Title", "en", 0, 0, given="A journey"),))
    ]
    assert len({opinions[0].score for opinions in weighed}) == 3


def test_a_term_is_more_than_a_number(tiny: Engine) -> None:
    ask = Ask("tags", "terms", "Tags", "en", 3, 8, new=True, lower=True)
    for text in ("1, 2, 3, 4, 5", "2024 2025 2026", "十个 10"):
        for opinion in tiny.propose(Request("", text * 20, (ask,))).terms["tags"]:
            assert any(letter.isalpha() for letter in opinion.name)


def test_rules_with_many_fields_are_answered_in_turns(tiny_model: Path) -> None:
    texts = [Ask(f"text{n}", "text", f"Text {n}", "en", 4, 30, sentences=n > 0) for n in range(9)]
    lists = [
        Ask(
            f"terms{n}", "terms", f"Terms {n}", "any", 1, 2, tuple(map(Candidate, ("memory", "数据库的日志"))), new=True
        )
        for n in range(8)
    ]
    model = Llama(LoadOptions(tiny_model, threads=2, gpu_layers=0, context=4096, sequences=32))
    proposal = Engine(model, "tiny", "cpu").propose(Request("", ZH, (*texts, *lists)))
    assert list(proposal.texts) == [ask.field for ask in texts]
    assert {field: len(opinions) >= 3 for field, opinions in proposal.terms.items()} == {a.field: True for a in lists}
