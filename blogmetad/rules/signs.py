"""What speaks for each term before any model is asked: neighbours, mentions, use on the site. Pure.

The blog itself knows most: posts like this one, and the terms its text names. A small model that picks from a list
knows little (measured: bench/quality.md).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from blogmetad.rules.schema import TermsRule
from blogmetad.rules.vocabulary import Vocabulary, mentions
from blogmetad.values import Neighbour, Neighbours

LEAD = 400
"""Characters at the beginning of a text in which a term is prominent, as it is in a heading."""

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t].{0,300}", re.MULTILINE)
_SHARPNESS = 4
"""The power that a neighbour's share was raised to (site/search.py); its root says how near it is, unexaggerated."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for one term.

    ``nearest`` and ``around`` are the shares of the neighbours that carry it: the first counts the nearest posts most,
    the second counts them nearly alike. ``mentions`` is how often the text names it, by any spelling; ``prominent``: in
    a heading or the lead. ``carriers`` of the site's ``posts`` have it, and ``recent`` (0 to 1) of the latest.
    ``known`` terms are of the vocabulary. ``why`` is all that in words.
    """

    name: str
    known: bool = True
    nearest: float = 0.0
    around: float = 0.0
    mentions: int = 0
    prominent: bool = False
    carriers: int = 0
    posts: int = 0
    recent: float = 0.0
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AllSigns(Mapping[str, Signs]):
    """The signs for every term of a vocabulary, by its name and in its order. They are made as they are asked for: of
    the hundreds of terms of a site few matter to a text."""

    vocabulary: Vocabulary
    near: Neighbours
    spelt: Mapping[str, Mapping[str, int]]
    prominent: Collection[str]
    carried: Mapping[str, Sequence[Neighbour]]
    latest: Mapping[str, int]

    def __getitem__(self, name: str) -> Signs:
        spellings, posts = self.spelt.get(name, {}), self.carried.get(name, ())
        recent, count = self.latest.get(name, 0), self.vocabulary.counts[name]
        whole = sum(map(_nearness, self.near.posts)) if posts else 1.0
        return Signs(
            name=name,
            nearest=sum(post.share for post in posts),
            around=sum(map(_nearness, posts)) / whole,
            mentions=sum(spellings.values()),
            prominent=name in self.prominent,
            carriers=count,
            posts=self.near.count,
            recent=recent / self.near.latest if recent else 0.0,
            why=tuple(_told(spellings, posts, recent, self.near.latest, count)),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.vocabulary.names)

    def __len__(self) -> int:
        return len(self.vocabulary.names)

    def spoken_for(self) -> frozenset[str]:
        """The terms that more speaks for than how many posts carry them; of the others, two that as many posts carry
        have the same signs."""
        return frozenset((*self.spelt, *self.prominent, *self.carried, *self.latest))


def signs(field: str, vocabulary: Vocabulary, text: str, near: Neighbours) -> AllSigns:
    """The signs for every term of the vocabulary."""
    return AllSigns(
        vocabulary,
        near,
        spelt=vocabulary.mentions(text),
        prominent=vocabulary.mentions(top(text)).keys(),
        carried=_carried(field, vocabulary, near.posts),
        latest=_canonical(vocabulary, near.recent.get(field, {})),
    )


def new_signs(sources: Mapping[str, str], text: str) -> tuple[Signs, ...]:
    """The signs for terms that are in no vocabulary yet; ``sources`` says of each in words where it comes from."""
    spelt = mentions(sources, text)
    return tuple(_new(name, source, sum(spelt.get(name, {}).values())) for name, source in sources.items())


def named_in(name: str, title: str) -> bool:
    """Whether a title, or any text, names a term: a Latin one as words of their own, a Chinese one anywhere."""
    return bool(mentions((name,), title))


def top(text: str) -> str:
    """Headings and lead of a text: what it says of itself."""
    return "\n\n".join([*_HEADING.findall(text), text[:LEAD]])


def _new(name: str, source: str, count: int) -> Signs:
    why = (source, f"stands in the text {count} times") if count > 1 else (source,)
    return Signs(name, known=False, mentions=count, why=why)


def _carried(field: str, vocabulary: Vocabulary, posts: Sequence[Neighbour]) -> dict[str, list[Neighbour]]:
    """The neighbours that carry each term, the nearest first."""
    found: dict[str, list[Neighbour]] = {}
    for post in posts:
        for name in dict.fromkeys(map(vocabulary.canonical, post.terms.get(field, ()))):
            if name is not None:
                found.setdefault(name, []).append(post)
    return found


def _nearness(post: Neighbour) -> float:
    return float(post.share ** (1 / _SHARPNESS))


def _canonical(vocabulary: Vocabulary, counts: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for term, count in counts.items():
        name = vocabulary.canonical(term)
        if name is not None:
            found[name] = found.get(name, 0) + count
    return found


def _told(
    spelt: Mapping[str, int], carriers: Sequence[Neighbour], recent: int, latest: int, count: int
) -> Iterator[str]:
    """What speaks for a term of the vocabulary, in words."""
    if spelt:
        written, times = " and ".join(f"'{spelling}'" for spelling in list(spelt)[:3]), sum(spelt.values())
        yield f"written in the text as {written}" + (f" ({times} times)" if times > 1 else "")
    if carriers:
        more = f" and {len(carriers) - 1} more" if len(carriers) > 1 else ""
        yield f"carried by the similar post {carriers[0].path}{more}"
    if recent:
        yield f"carried by {recent} of the {latest} latest posts"
    yield f"used in {count} post{'s'[: count > 1]}" if count else "listed in the rules"


def usual(rule: TermsRule) -> float:
    """How many terms a post has: as the rules say, else the middle of what they allow."""
    return rule.usual if rule.usual is not None else (max(rule.min, 1) + rule.max) / 2
