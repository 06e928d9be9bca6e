"""A blog that nobody wrote, of any size and always the same: the cost of existing posts is measured on it.

Its words are invented, English ones of syllables and Chinese ones of characters. How often each is used falls off as in
real text (Zipf's law), and a text has as many different words, and pairs of characters, as a real one: 2,800 in 6,000
Chinese characters. Every post has a subject, whose words and tags it shares with the other posts about it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blogmetad.values import Language

WORDS, SUBJECTS, TAGS = 8000, 60, 5
"""Words of each language, subjects of the blog, and tags of a subject."""

OWN, OWN_SHARE = 80, 0.15
"""Words of a subject, and how many of a text's words are among them."""

CATEGORIES = ("Engineering", "Data-Science", "Tutorial", "Life")
SHORTEST, LONGEST = 400, 6000
"""Characters of a post."""

_BEGAN = dt.date(1990, 1, 1)
_SYLLABLES = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or")]
_CHARACTERS = [chr(0x4E00 + 8 * n) for n in range(2500)]


@dataclass(frozen=True, slots=True)
class Subject:
    """What some of the posts are about."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    category: str


def write(folder: Path, count: int) -> None:
    """The first ``count`` posts, as files of a posts folder; those that are there already are not written again."""
    there = {path.name for path in folder.iterdir()}
    for number in range(count):
        if name(number) not in there:
            (folder / name(number)).write_text(post(number), encoding="utf-8")


def name(number: int) -> str:
    """The name of a post's file."""
    return f"{_date(number)}-post-{number}.md"


def post(number: int) -> str:
    """The content of a post; every other one is Chinese."""
    chance = random.Random(number)
    language: Language = "zh" if number % 2 else "en"
    about = _subjects(language)[_early(chance, SUBJECTS)]
    title = _joined(language, chance.choices(about.words, k=4))
    body = _text(language, about, chance, int(SHORTEST * (LONGEST / SHORTEST) ** chance.random()))
    description = next(_sentences(language, about, chance))
    head = (
        f"---\nlayout: post\ntitle: {title}\ndate: {_date(number)}\ndescription: {description}\n"
        f"tags: [{', '.join(chance.sample(about.tags, 3))}]\ncategories: [{about.category}]\n---\n\n"
    )
    return head + body


def draft(number: int, characters: int) -> str:
    """A text that is no post yet, without front matter, in Chinese."""
    chance = random.Random(f"draft {number}")
    return _text("zh", _subjects("zh")[_early(chance, SUBJECTS)], chance, characters)


def _date(number: int) -> dt.date:
    return _BEGAN + dt.timedelta(days=number)


def _text(language: Language, about: Subject, chance: random.Random, characters: int) -> str:
    """Sections of paragraphs, ``characters`` long or a little more."""
    parts: list[str] = []
    written = 0
    sentences = _sentences(language, about, chance)
    while written < characters:
        if len(parts) % 4 == 0:
            parts.append("## " + _joined(language, chance.choices(about.words, k=3)))
        parts.append((" " if language == "en" else "").join(itertools.islice(sentences, chance.randint(2, 5))))
        written = sum(map(len, parts))
    return "\n\n".join(parts) + "\n"


def _sentences(language: Language, about: Subject, chance: random.Random) -> Iterator[str]:
    common, weights = _words(language), _weights(WORDS)
    while True:
        length = chance.randint(8, 20)
        used = chance.choices(common, cum_weights=weights, k=length)
        for place in range(length):
            if chance.random() < OWN_SHARE:
                used[place] = about.words[_early(chance, OWN)]
        yield _joined(language, used) + ("。" if language == "zh" else ".")


def _joined(language: Language, words: Sequence[str]) -> str:
    return "".join(words) if language == "zh" else " ".join(words)


def _early(chance: random.Random, count: int) -> int:
    """One of the first ``count`` numbers, the first ones most often."""
    return chance.choices(range(count), cum_weights=_weights(count))[0]


@cache
def _weights(count: int) -> tuple[float, ...]:
    """Zipf's law: the second of ``count`` is used half as often as the first, the third a third as often."""
    return tuple(itertools.accumulate(1 / rank for rank in range(1, count + 1)))


@cache
def _words(language: Language) -> tuple[str, ...]:
    """The words of a language, the commonest first."""
    chance = random.Random(language)
    pieces, few, many = (_CHARACTERS, 1, 3) if language == "zh" else (_SYLLABLES, 1, 4)
    weights = _weights(len(pieces))
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(chance.choices(pieces, cum_weights=weights, k=chance.randint(few, many)))] = None
    return tuple(found)


@cache
def _subjects(language: Language) -> tuple[Subject, ...]:
    chance = random.Random(f"subjects {language}")
    rare, terms = _words(language)[WORDS // 4 :], _words("en")[WORDS // 4 :]
    return tuple(
        Subject(tuple(chance.sample(rare, OWN)), tuple(chance.sample(terms, TAGS)), chance.choice(CATEGORIES))
        for _ in range(SUBJECTS)
    )
