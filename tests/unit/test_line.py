"""A value being written, over a handful of tokens: what may come next, and that it always comes to an end."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from blogmetad.model.local import alphabet
from blogmetad.model.local.line import (
    SENTENCE_URGE,
    STOP_URGE,
    TRIED,
    Lexicon,
    Line,
    Page,
    grow,
    may_stop,
    urge_to_stop,
)
from blogmetad.values import Ask

ASK = Ask("title", "text", "标题", "zh", 2, 8)


@dataclass(frozen=True)
class Pieces:
    """The vocabulary of a model, as far as an alphabet is made of it."""

    pieces: tuple[str, ...]

    @property
    def vocabulary_size(self) -> int:
        return len(self.pieces)

    def piece(self, token: int) -> bytes:
        return self.pieces[token].encode()

    def control(self, token: int) -> bool:
        return not self.pieces[token]

    def ends(self, token: int) -> bool:
        return not self.pieces[token]


def written(post: str, *pieces: str, ask: Ask = ASK) -> str:
    """The value a model writes that likes its tokens the better the earlier they are in its vocabulary."""
    letters = alphabet.build(Pieces((*pieces, "\n")))  # type: ignore[arg-type]
    page = Page(ask, letters, Lexicon(post))
    line = Line()
    logits = -np.arange(len(letters.pieces), dtype=np.float32)
    for _ in range(ask.high + 1):
        line = grow(line, logits.copy(), page)
        if line.done:
            return line.text
    raise AssertionError(f"it goes on after {line.text!r}")


@pytest.mark.timeout(30)
def test_a_name_broken_off_half_way_does_not_keep_a_chinese_value_from_its_end() -> None:
    # Behind "Dock" only Chinese characters may follow, since there is none yet, and none of them makes it a whole name.
    assert written("用 Docker 部署", "Dock", "入门", "教程")


def test_a_chinese_value_goes_on_with_a_name_of_the_post_and_not_with_a_likelier_one() -> None:
    assert written("用 Docker 部署", "Kubernetes", "Docker", "入门").startswith("Docker")
    assert "Kubernetes" not in written("用 Docker 部署", "Kubernetes", "Docker", "入门")


def test_a_name_that_is_being_written_is_finished_before_a_chinese_character_is_due() -> None:
    assert written("用 Gouraud 着色", "Gour", "樊", "aud", "着色").startswith("Gouraud")


def test_an_english_value_may_have_words_the_post_does_not() -> None:
    ask = Ask("title", "text", "Title", "en", 2, 12)
    assert written("用 Docker 部署", "Kubernetes", "Docker", ask=ask).startswith("Kubernetes")


@pytest.mark.timeout(60)
def test_a_token_is_found_in_a_blink_where_a_large_vocabulary_has_none_that_is_allowed() -> None:
    names = [f"Name{number:06}" for number in range(50 * TRIED)]
    began = time.process_time()
    assert written("用 Docker 部署", "Dock", *names, "入门")
    assert time.process_time() - began < 20.0, "1 s is usual, most of it for the alphabet"


def test_a_chinese_value_uses_no_latin_word_the_post_does_not_have() -> None:
    lexicon = Lexicon("用 Docker 部署 WebAssembly 和 three.js 的经验")
    assert lexicon.allows("Docker 入门")
    assert lexicon.allows("用 Web")
    assert lexicon.allows("three.js")
    assert not lexicon.allows("Web 入门")
    assert not lexicon.allows("In today")
    assert not lexicon.allows("Docker in")
    assert not lexicon.allows("Web入门2024")
    assert lexicon.allows("Docker入门2024")
    assert lexicon.allows("全是中文" * 40 + "。Docker")
    assert not lexicon.allows("全是中文" * 40 + "。Introduction")


@pytest.mark.parametrize("text", ["A cache and", "It is built on the", "Qwen 2", "缓存的", "数据库和", "一、"])
def test_a_text_does_not_stop_behind_a_word_that_wants_another(text: str) -> None:
    assert not may_stop(text)


@pytest.mark.parametrize("text", ["A cache", "How WAL works", "缓存很慢", "数据库的锁"])
def test_a_text_may_stop_behind_a_noun(text: str) -> None:
    assert may_stop(text)


def test_the_urge_to_stop_grows_from_near_the_usual_length_on_and_is_weaker_for_sentences() -> None:
    title = Ask("title", "text", "Title", "en", 5, 90, usual=40)
    about = Ask("description", "text", "Description", "en", 5, 90, usual=40, sentences=True)
    assert urge_to_stop(30, title) == 0
    assert 0 < urge_to_stop(40, title) < urge_to_stop(60, title) <= STOP_URGE
    assert urge_to_stop(90, title) == STOP_URGE
    assert urge_to_stop(90, about) == SENTENCE_URGE < STOP_URGE
