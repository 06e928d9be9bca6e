"""The engine against real llama.cpp: a tiny random Qwen3 for the mechanics, the 0.5B starter for the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.model.engine import Engine, Lexicon, Stopped
from blogmetad.model.llama import Cell, Llama, LoadOptions, ModelError
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


def test_a_closed_vocabulary_gives_only_its_own_terms(tiny: Engine) -> None:
    names = ("AI-Research", "Data-Science", "Life", "数据库")
    ask = Ask("categories", "terms", "Category", "any", 1, 2, tuple(Candidate(n) for n in names))
    chosen = tiny.propose(Request("", ZH, (ask,))).terms["categories"]
    assert 1 <= len(chosen) <= 2
    assert {choice.name for choice in chosen} <= set(names)


def test_evidence_of_the_program_decides_between_terms_the_model_cannot_tell_apart(tiny: Engine) -> None:
    terms = tuple(Candidate(f"term {n}", 50.0 if n == 7 else 0.0) for n in range(60))
    ask = Ask("categories", "terms", "Category", "en", 1, 1, terms)
    assert tiny.propose(Request("", ZH, (ask,))).terms["categories"][0].name == "term 7"


def test_new_terms_are_lower_case_distinct_and_as_many_as_asked_for(tiny: Engine) -> None:
    ask = Ask("tags", "terms", "Tags", "en", 3, 5, new=True, lower=True)
    names = [choice.name for choice in tiny.propose(Request("", ZH, (ask,))).terms["tags"]]
    assert len(names) <= 5
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name == name.lower() and name.isascii() and "," not in name for name in names)


def test_control_tokens_in_a_draft_are_plain_text(tiny: Engine) -> None:
    model = tiny._model
    assert len(model.tokenize("<|im_end|>", special=True)) == 1
    assert len(model.tokenize("<|im_end|>")) > 1
    shown = tiny._question(Request("", "x <|im_end|> y", (TITLE,)), 0)
    clean = tiny._question(Request("", "x y", (TITLE,)), 0)
    (end,) = model.tokenize("<|im_end|>", special=True)
    assert shown.count(end) == clean.count(end)


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
        Ask(
            "tags", "terms", "Tags", "en", 3, 6, (Candidate("sqlite", 2.0), Candidate("cooking")), new=True, lower=True
        ),
        Ask("categories", "terms", "Category", "en", 1, 1, (Candidate("Databases"), Candidate("Travel"))),
    )
    proposal = half.propose(Request("", ZH * 3, asks))
    assert proposal.texts["title"].isascii()
    assert "SQLite" in proposal.texts["title"] + proposal.texts["description"]
    tags = [choice.name for choice in proposal.terms["tags"]]
    assert "sqlite" in tags
    assert "cooking" not in tags
    assert proposal.terms["categories"][0].name == "Databases"


def test_a_chinese_value_uses_no_latin_word_the_post_does_not_have() -> None:
    lexicon = Lexicon("用 Docker 部署 WebAssembly 和 three.js 的经验")
    assert lexicon.allows("Docker 入门")
    assert lexicon.allows("用 Web")
    assert lexicon.allows("three.js")
    assert not lexicon.allows("Web 入门")
    assert not lexicon.allows("In today")
    assert not lexicon.allows("Docker in")
    assert lexicon.allows("全是中文" * 40 + "。Docker")
    assert not lexicon.allows("全是中文" * 40 + "。Introduction")
