"""What the ledger says in English, read in Chinese: whatever authors write, and however long it is."""

from __future__ import annotations

import re
import time

import pytest

from blogmetad.journal.page.sentences import DEEPEST, LONGEST, WHOLE, Pair, in_tongue, kind, table
from blogmetad.rules.check import BY_HAND

HAN = re.compile("[\u4e00-\u9fff]")
PAIRS = [pytest.param(section, pair, id=pair.english[:70]) for section, pairs in table().items() for pair in pairs]
AUTHORS = (
    "<script>alert(1)</script>",
    "{0} {name} {{ site.title }} $name ${n} %s",
    r"C:\新建文件夹\1\g<1>",
    "it's 'so', she said; and then, 2 more",
    "预写日志，先写“日志”。",
    "a. B. c) d",
)
"""What authors call files and terms, and write into titles."""


@pytest.mark.parametrize(("section", "pair"), PAIRS)
def test_a_chinese_sentence_has_the_parts_of_the_english_one(section: str, pair: Pair) -> None:
    chinese = pair.chinese
    assert chinese.is_valid()
    assert set(chinese.get_identifiers()) == set(pair.holes)
    assert all(pair.fixed[1:-1]), "where one part ends and the next begins cannot be told"
    assert HAN.search(chinese.template) or not re.search("[a-z]{2}", "".join(pair.fixed))
    if section == "sentences" and pair.english.endswith("."):
        assert chinese.template.endswith("。")


def test_a_sentence_stands_once_in_its_section_and_every_section_is_used() -> None:
    for pairs in table().values():
        assert len({pair.english for pair in pairs}) == len(pairs)
    parts = {kind(hole) for pairs in table().values() for pair in pairs for hole in pair.holes}
    assert set(table()) - set(WHOLE) - parts == set()


@pytest.mark.parametrize("words", AUTHORS)
def test_what_an_author_wrote_comes_through_untouched(words: str) -> None:
    for sentence in (
        f"{words} has no text. Write the post below its front matter, if it has one, and save it again.",
        f"The model's '{words}' is not in English, as the rules ask. {BY_HAND.format(field='title')}",
        f"'{words}' is new and waits for a person to decide.",
        f"written in the text as '{words}' and '另一个' (3 times), used in 1 post",
        f"carried by the similar post {words} and 2 more, carried by 1 of the 30 latest posts, used in 4 posts",
        f"The post {words} was changed just now. Look at it, and approve again.",
    ):
        told = in_tongue(sentence, "zh")
        assert told != sentence
        assert words in told
        assert in_tongue(sentence, "en") == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "预写日志",
        "What another version of blogmetad says.",
        "used in three posts",
        "used in 3 posts.",
        "3 of its 9 words stand in the text, as it were",
        "The model's 'x' is not in French, as the rules ask.",
        "a.md has no text. Nobody knows why.",
        "'x' was left out: it is ugly.",
        "$name has no text",
    ],
)
def test_what_is_not_known_is_given_back_as_it_is(sentence: str) -> None:
    assert in_tongue(sentence, "zh") == sentence


def test_sentences_one_after_another_are_each_in_chinese() -> None:
    told = in_tongue("There is no term that can be used. 'a, b' was left out: it is several terms in one.", "zh")
    assert told == "没有可用的词。没有采用“a, b”：它是连在一起的几个词。"


def test_what_speaks_for_a_term_is_taken_apart_where_the_parts_begin_and_not_at_every_comma() -> None:
    line = (
        "written in the text as 'a and b' and 'c, d', carried by the similar post x, used in 2 posts.md, used in 1 post"
    )
    assert in_tongue(line, "zh") == (
        "正文里写作“a and b”、“c, d”，相似的文章 x, used in 2 posts.md 带着它，有 1 篇文章在用"
    )


def test_an_error_with_its_advice_is_in_chinese_and_what_the_system_says_stays() -> None:
    said = "/站点/a.md cannot be read: Permission denied ('blogmetad doctor' tries the folders and the model out)"
    assert in_tongue(said, "zh") == "无法读取 /站点/a.md：Permission denied（'blogmetad doctor' 会检查文件夹和模型）"


@pytest.mark.parametrize(
    "hostile",
    [
        "The model's '" + "' is not in " * 800,
        "The model's '" + "a. " * 3000 + "' only repeats itself.",
        "a.md cannot be read: b. " * 400,
        "used in 3 posts, " * 580,
        "written in the text as " + "'a' and " * 1000 + "'b'",
        "a" + " (Run: blogmetad model pull x)" * 330,
        "this cannot be done now: " * 390,
        "a: " * 3000 + "used in 3 posts",
        "a.md: '" + "' on line 2 is followed by " * 360,
    ],
    ids=lambda text: text[:30],
)
def test_no_text_makes_it_slow(hostile: str) -> None:
    assert 3000 < len(hostile) <= LONGEST
    begun = time.perf_counter()
    in_tongue(hostile, "zh")
    assert time.perf_counter() - begun < 2.0


def test_a_text_too_long_or_too_deep_is_left_as_it_is() -> None:
    long = f"The model's '{'x' * LONGEST}' only repeats itself."
    assert in_tongue(long, "zh") == long
    deep = "this cannot be done now: "
    assert in_tongue(deep * 2 + "the draft says so", "zh") == "现在做不了：现在做不了：草稿里这样写着"
    assert in_tongue(deep * 2 * DEEPEST + "the draft says so", "zh").startswith(("现在做不了", deep))
