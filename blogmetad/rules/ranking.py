"""Which terms a post gets: all that speaks for each one weighed, and as many kept as promise most. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.rules.script import key
from blogmetad.rules.signs import AllSigns, Signs, named_in, new_signs
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.values import Choice, Opinion

SHORTLIST = 30
"""How many terms of a vocabulary the model is asked about: those that most speaks for without it."""

UNMOVED = -0.4
"""The score, in nats, that a model gives to a term on average: no opinion."""

YOUNG = 10
"""Posts a site needs for what similar and recent ones carry to count half: one of six posts is always the nearest."""

_LEAST, _MOST = -4.0, 8.0
_FURTHEST = 30.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A term with the log-odds that the author would take it."""

    signs: Signs
    odds: float

    @property
    def chance(self) -> float:
        """The probability that goes with the log-odds."""
        return 1.0 / (1.0 + math.exp(-max(-_FURTHEST, min(_FURTHEST, self.odds))))


def vector(signs: Signs, model: float | None = None, written: bool = False, title: str = "") -> dict[str, float]:
    """The signs as numbers, by the names of their weights. ``model`` is the model's score, None if it was not asked."""
    mentions, trust = math.log1p(signs.mentions), signs.posts / (signs.posts + YOUNG)
    if not signs.known:
        return {"new": 1.0, "new_mentions": mentions, "new_title": float(named_in(signs.name, title))}
    return {
        "base": 1.0,
        "nearest": trust * signs.nearest,
        "around": trust * signs.around,
        "mentions": mentions,
        "prominent": float(signs.prominent),
        "usage": math.log((signs.carriers + 0.5) / (signs.posts + 1.0)),
        "recent": trust * signs.recent,
        "model": 0.0 if model is None else max(_LEAST, min(_MOST, model - UNMOVED)),
        "written": float(written),
    }


def weigh(numbers: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The log-odds."""
    return sum(number * weights[name] for name, number in numbers.items())


def shortlist(signs: AllSigns, weights: Weights, rejected: Collection[str] = ()) -> tuple[Ranked, ...]:
    """The terms worth asking the model about, the likeliest first; none whose key is among ``rejected``."""
    by_name, spoken_for, counts = dict(weights), signs.spoken_for(), signs.vocabulary.counts
    by_count: dict[int, float] = {}

    def odds(name: str) -> float:
        """Weighed once for all terms that are alike, and nearly all terms are."""
        found = None if name in spoken_for else by_count.get(counts[name])
        if found is None:
            found = weigh(vector(signs[name]), by_name)
            if name not in spoken_for:
                by_count[counts[name]] = found
        return found

    wanted = [name for name in signs if key(name) not in rejected] if rejected else signs
    likeliest = sorted((-odds(name), name) for name in wanted)[:SHORTLIST]
    return tuple(Ranked(signs[name], -minus) for minus, name in likeliest)


def measured(
    signs: Mapping[str, Signs], opinions: Sequence[Opinion], vocabulary: Vocabulary, *, text: str, title: str
) -> list[tuple[Signs, Mapping[str, float]]]:
    """Every term somebody speaks for with its numbers: the vocabulary's, and the model's own new ones.

    Where the model gave its opinion, terms it was not asked about are out, unless it wrote them by itself.
    """
    scores = {opinion.name: opinion.score for opinion in opinions if not opinion.written}
    wrote = [vocabulary.canonical(opinion.name) or opinion.name for opinion in opinions if opinion.written]
    asked = [signs[name] for name in signs if not scores or name in scores or name in wrote]
    found: list[tuple[Signs, Mapping[str, float]]] = [
        (each, vector(each, scores.get(each.name), each.name in wrote)) for each in asked
    ]
    new = new_signs(_sources((*scores, *wrote), scores, signs), text)
    return found + [(each, vector(each, title=title)) for each in new]


def rank(
    signs: Mapping[str, Signs],
    opinions: Sequence[Opinion],
    vocabulary: Vocabulary,
    weights: Weights,
    *,
    text: str,
    title: str,
) -> tuple[Ranked, ...]:
    """What is ``measured``, the likeliest first."""
    terms = measured(signs, opinions, vocabulary, text=text, title=title)
    by_name = dict(weights)
    ranked = [Ranked(each, weigh(numbers, by_name)) for each, numbers in terms]
    return tuple(sorted(ranked, key=lambda r: (-r.odds, r.signs.name)))


def _sources(names: Iterable[str], scores: Container[str], known: Container[str]) -> dict[str, str]:
    """New terms and where each comes from; of two spellings of one, the first."""
    found: dict[str, str] = {}
    for name in names:
        if name not in known:
            found.setdefault(key(name), name)
    return {name: "a name in the text" if name in scores else "in the model's words" for name in found.values()}


def choose(ranked: Sequence[Ranked], rule: TermsRule, usual: float) -> tuple[Choice, ...]:
    """The terms to take, the likeliest first. Where new ones wait for a decision, those worth it are among them, beside
    as many known ones as are taken without them."""
    taken = most_promising(ranked, rule, usual)
    if rule.new == "queue":
        waiting = [each for each in taken if not each.signs.known]
        taken = [*most_promising([each for each in ranked if each.signs.known], rule, usual), *waiting]
    return tuple(Choice(each.signs.name, each.odds, not each.signs.known, each.signs.why) for each in taken)


def most_promising(ranked: Sequence[Ranked], rule: TermsRule, usual: float) -> list[Ranked]:
    """As many of the likeliest terms as promise the best F1 against what the author would take, within the rule's
    limits.

    Expected F1 of the first k is about 2 * (sum of their chances) / (k + ``usual``), ``usual`` being how many terms a
    post of this site has.
    """
    promises, hits = [0.0], 0.0
    for k, each in enumerate(ranked[: rule.max], start=1):
        hits += each.chance
        promises.append(2.0 * hits / (k + usual))
    allowed = range(min(rule.min, len(promises) - 1), len(promises))
    return list(ranked[: max(allowed, key=promises.__getitem__)])
