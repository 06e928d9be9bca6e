"""What a blog's posts tell of its metadata: the fields, their languages and limits, and the terms in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blogmetad.backtest.hide import others
from blogmetad.rules.script import has_han, is_in, key
from blogmetad.site.posts import posts_folder, read_posts
from blogmetad.values import Ask, Candidate, Language, PublishedPost

LISTED = 150
"""Terms of the blog the plain side is shown, the most used first."""

SUMMARIES = ("description", "excerpt")
TERMS = ("tags", "categories")
MOSTLY = 0.9
"""Share of the posts whose value has to be in a language for the field to be held to it."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The posts of a site and what its posts have of title, summary, tags and categories. ``summary`` is the field that
    says what a post is about: the description, or the excerpt if more posts have that."""

    name: str
    posts: tuple[PublishedPost, ...]
    summary: str
    fields: tuple[Ask, ...]


def load(site: Path) -> Corpus:
    """Read all posts of a site. Raises FileNotFoundError if there are none."""
    posts = read_posts(posts_folder(site)).posts
    if not posts:
        raise FileNotFoundError(f"There are no posts in {site}. Name a Jekyll site or a folder of posts.")
    summary = max(SUMMARIES, key=lambda field: sum(bool(text(post, field)) for post in posts))
    return Corpus(site.resolve().name, posts, summary, tuple(_fields(posts, summary)))


def asks(corpus: Corpus, hidden: PublishedPost) -> tuple[Ask, ...]:
    """The fields with the terms other posts use. What only ``hidden`` and copies of it use is not among them."""
    rest = others(corpus.posts, hidden)
    return tuple(
        replace(ask, candidates=tuple(map(Candidate, _used(rest, ask.field)))) if ask.kind == "terms" else ask
        for ask in corpus.fields
    )


def text(post: PublishedPost, field: str) -> str:
    """A text field of a post in one line; empty if there is none."""
    value = post.fields.get(field)
    return " ".join(str(value).split()) if value is not None else ""


def _fields(posts: Sequence[PublishedPost], summary: str) -> Iterator[Ask]:
    for field in ("title", summary):
        values = [value for post in posts if (value := text(post, field))]
        if values:
            low, high = _usual([len(value) for value in values])
            yield Ask(field, "text", field, _language(values), low, high)
    for field in TERMS:
        lists = [terms for post in posts if (terms := post.terms.get(field))]
        if lists:
            low, high = _usual([len(terms) for terms in lists])
            names = [term for terms in lists for term in terms]
            language: Language = "en" if _share(names, "en") >= MOSTLY else "any"
            yield Ask(field, "terms", field, language, low, high, new=field == "tags")


def _usual(numbers: list[int]) -> tuple[int, int]:
    """The range in which nine of ten numbers lie."""
    numbers.sort()
    return numbers[int(0.05 * (len(numbers) - 1))], numbers[int(0.95 * (len(numbers) - 1))]


def _language(values: Sequence[str]) -> Language:
    if _share(values, "en") >= MOSTLY:
        return "en"
    return "zh" if sum(map(has_han, values)) > len(values) / 2 else "any"


def _share(values: Sequence[str], language: Language) -> float:
    return sum(is_in(value, language) for value in values) / len(values)


def _used(posts: Iterable[PublishedPost], field: str) -> list[str]:
    """The terms of a field, the most used first; of spellings that differ in case or hyphens the most used one."""
    counts: Counter[str] = Counter(term for post in posts for term in post.terms.get(field, ()))
    names: dict[str, str] = {}
    for term, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        names.setdefault(key(term), term)
    return list(names.values())[:LISTED]
