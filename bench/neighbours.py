"""The baseline without a model: the nearest posts by BM25 vote, and a term that stands in the text gets a bonus.

This is the recipe that was measured on other blogs (see ``bench/README.md``), written down once more and on its own, so
that the baseline stays what it is while blogmetad changes.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from blogmetad.values import PublishedPost

QUERY_TERMS = 40
K1, B = 1.2, 0.75
HEAD_COUNTS = 3
NEIGHBOURS = 8
STEEPNESS = 4
MENTION = 0.25
KEPT = MappingProxyType({"tags": 2, "categories": 1})

_LATIN = re.compile(r"[a-z0-9]+")
_HAN_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Posts that can be asked which of them are most like a text. What ``posts`` does not hold is not known."""

    posts: tuple[PublishedPost, ...]
    bags: tuple[Counter[str], ...]
    holders: Counter[str]

    def propose(self, text: str) -> dict[str, list[str]]:
        """The best terms for a text: as many tags as did best on other blogs, and a category."""
        return {field: self.vote(text, field)[:kept] for field, kept in KEPT.items()}

    def vote(self, text: str, field: str) -> list[str]:
        """The terms of a field, the best first."""
        scores: dict[str, float] = defaultdict(float)
        for post, weight in self._weights(text):
            for term in post.terms.get(field, ()):
                scores[term] += weight
        for term in {term for post in self.posts for term in post.terms.get(field, ())}:
            scores[term] += MENTION * _mentions(text, term)
        return [term for term, score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])) if score > 0]

    def _weights(self, text: str) -> list[tuple[PublishedPost, float]]:
        """The nearest posts, each with its share of what all of them weigh."""
        bag = _bag(text)
        telling = sorted(bag, key=lambda term: (-(1 + math.log(bag[term])) * self._idf(term), term))[:QUERY_TERMS]
        mean = sum(other.total() for other in self.bags) / max(1, len(self.bags))
        ranked = sorted(
            ((self._bm25(telling, other, mean), i) for i, other in enumerate(self.bags)),
            key=lambda pair: (-pair[0], pair[1]),
        )[:NEIGHBOURS]
        best = ranked[0][0] if ranked else 0.0
        if not best:
            return []
        weights = [(i, (score / best) ** STEEPNESS) for score, i in ranked]
        whole = sum(weight for _, weight in weights)
        return [(self.posts[i], weight / whole) for i, weight in weights]

    def _bm25(self, query: Sequence[str], bag: Counter[str], mean: float) -> float:
        room = K1 * (1 - B + B * bag.total() / mean)
        return sum(self._idf(term) * bag[term] * (K1 + 1) / (bag[term] + room) for term in query if term in bag)

    def _idf(self, term: str) -> float:
        """Zero for a term that no post has: it finds nothing."""
        holders = self.holders[term]
        return math.log(1 + (len(self.posts) - holders + 0.5) / (holders + 0.5)) if holders else 0.0


def index(posts: Sequence[PublishedPost], summary: str) -> Neighbours:
    """Posts made ready to be found; ``summary`` is the field that says what a post is about."""
    bags = tuple(_bag(post.text) + _times(_bag(f"{_line(post, 'title')}\n{_line(post, summary)}")) for post in posts)
    return Neighbours(tuple(posts), bags, Counter(term for bag in bags for term in bag))


def _times(bag: Counter[str]) -> Counter[str]:
    return Counter({term: HEAD_COUNTS * count for term, count in bag.items()})


def _line(post: PublishedPost, field: str) -> str:
    return str(post.fields.get(field) or "")


def _bag(text: str) -> Counter[str]:
    """Latin words in lower case, and pairs of neighbouring CJK characters (a single one by itself)."""
    lowered = text.lower()
    bag = Counter(_LATIN.findall(lowered))
    for run in _HAN_RUN.findall(lowered):
        bag.update([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
    return bag


def _mentions(text: str, term: str) -> bool:
    """Whether a term stands in the text, a Latin one as words of its own; hyphens and spaces are the same."""
    spelt = r"[-\s_]+".join(map(re.escape, re.split(r"[-\s_]+", term.lower())))
    left = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", term.lower()) else ""
    right = r"(?![a-z0-9])" if re.search(r"[a-z0-9]$", term.lower()) else ""
    return re.search(f"{left}{spelt}{right}", text.lower()) is not None
