"""A value being written, over a handful of tokens: what may come next, and that it always comes to an end."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from blogmetad.model import alphabet
from blogmetad.model.line import (
    LIKELIEST,
    SENTENCE_URGE,
    STOP_URGE,
    TRIED,
    Lexicon,
    Line,
    Page,
    Pen,
    grow,
    may_stop,
    pens,
    urge_to_stop,
    whole,
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


def written(post: str, *pieces: str, seed: int | None = None, ask: Ask = ASK) -> str:
    """The value a model writes that likes its tokens the better the earlier they are in its vocabulary."""
    never = (f"<{number}>" for number in range(LIKELIEST))
    letters = alphabet.build(Pieces((*pieces, "\n", *never)))  # type: ignore[arg-type]
    page = Page(ask, letters, Lexicon(post))
    line = Line((Pen(0, None if seed is None else np.random.default_rng(seed)),))
    logits = -np.arange(len(letters.pieces), dtype=np.float32)
    for _ in range(ask.high + 1):
        (line,) = grow(line, logits.copy(), page)
        if line.done:
            return line.text
    raise AssertionError(f"it goes on after {line.text!r}")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_name_broken_off_half_way_does_not_keep_a_chinese_value_from_its_end(seed: int | None) -> None:
    # Behind "Dock" only Chinese characters may follow, since there is none yet, and none of them makes it a whole name.
    assert written("用 Docker 部署", "Dock", "入门", "教程", seed=seed)


def test_a_chinese_value_goes_on_with_a_name_of_the_post_and_not_with_a_likelier_one() -> None:
    assert written("用 Docker 部署", "Kubernetes", "Docker", "入门").startswith("Docker")
    assert "Kubernetes" not in written("用 Docker 部署", "Kubernetes", "Docker", "入门", seed=1)


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


@pytest.mark.parametrize(("pieces", "ends"), [(("A cache", "."), True), (("A cache",), False), (("缓存", "。"), True)])
def test_a_description_is_whole_when_it_ends_as_a_sentence(pieces: tuple[str, ...], ends: bool) -> None:
    ask = Ask("description", "text", "Description", "any", 3, 60, sentences=True)
    letters = alphabet.build(Pieces((*pieces, "\n")))  # type: ignore[arg-type]
    page, line = Page(ask, letters, Lexicon("")), Line(pens(1))
    for token in range(len(pieces) + 1):
        (line,) = grow(line, np.eye(len(pieces) + 1, dtype=np.float32)[token] * 50, page)
    assert line.text == "".join(pieces)
    assert whole(line.text, ask) is ends


def test_pens_share_a_line_until_they_want_different_tokens() -> None:
    letters = alphabet.build(Pieces(("one", "two", *(f"<{n}>" for n in range(LIKELIEST)), "\n")))  # type: ignore[arg-type]
    page = Page(Ask("title", "text", "Title", "en", 2, 40), letters, Lexicon(""))
    even = np.full(len(letters.pieces), -50, dtype=np.float32)
    even[:2] = 0
    certain = even.copy()
    certain[0] = 40
    (together,) = grow(Line(pens(12)), certain, page)
    apart = grow(together, even, page)
    assert [pen.number for pen in together.pens] == list(range(12))
    assert {line.text for line in apart} == {"oneone", "onetwo"}
    assert sorted(pen.number for line in apart for pen in line.pens) == list(range(12))
