"""What each sign of a term is worth on a blog: learned by replaying its posts, without a model, and kept if it
helps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from blogmetad.backtest.hide import hide, sample
from blogmetad.rules.features import features
from blogmetad.rules.fitting import Trial, fit
from blogmetad.rules.learn import Learned, LearnedField
from blogmetad.rules.plan import resolve
from blogmetad.rules.ranking import Ranked, most_promising, shortlist, vector, weigh
from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.rules.script import key
from blogmetad.rules.signs import Signs, named_in, signs, usual
from blogmetad.rules.vocabulary import build
from blogmetad.site.index import Index
from blogmetad.values import Draft, Neighbours, PublishedPost

REPLAYED = 60
"""Posts that are replayed at most."""

REMEMBERED = 300
"""The newest posts, among which similar ones are looked for: what a blog did long ago says little of it now."""

FEWEST = 12
"""Below this many posts with terms there is nothing to learn from."""

FOLDS = 5
USUALLY_NEW = 0.8
"""New terms a post brings that its own text or title names, on the blogs the defaults were fitted on."""


_Turn: TypeAlias = tuple[PublishedPost, Draft, Neighbours]


@dataclass(frozen=True, slots=True)
class _Replayed:
    """A post's turn: the terms worth a look, and what its author took of all terms there are."""

    shortlisted: tuple[Signs, ...]
    taken: frozenset[str]
    new: int

    def trials(self) -> list[Trial]:
        return [Trial(vector(each), key(each.name) in self.taken) for each in self.shortlisted]


def with_weights(learned: Learned, posts: Sequence[PublishedPost]) -> Learned:
    """Learned rules with the weights that find the terms of ``posts`` best, each from what the others know."""
    names = tuple(field.name for field in learned.fields if isinstance(field.rule, TermsRule))
    newest = sorted(posts, key=lambda post: (post.date, post.path))[-REMEMBERED:]
    copies: dict[str, list[str]] = {}
    for post in newest:
        copies.setdefault(post.body_sha256, []).append(post.path)
    index = Index.of(newest)
    turns = [
        (post, draft := hide(post), index.recall(draft.text, names, copies[post.body_sha256], post.date))
        for post in sample(newest, REPLAYED)
    ]
    index.close()
    return replace(learned, fields=tuple(_weighed(field, turns) for field in learned.fields))


def _weighed(field: LearnedField, turns: Sequence[_Turn]) -> LearnedField:
    rule = field.rule
    if not isinstance(rule, TermsRule):
        return field
    replays = [_replay(field.name, rule, *turn) for turn in turns if turn[0].terms.get(field.name)]
    if len(replays) < FEWEST:
        return field
    before = _score(replays, rule, lambda _: rule.weights)
    folds = [fit(_trials(replays, without=k), rule.weights) for k in range(FOLDS)]
    after = _score(replays, rule, lambda i: folds[i % FOLDS])
    if after < before:
        return field
    news = sum(replay.new for replay in replays) / len(replays)
    new = rule.weights.new + 0.5 * math.log((news + 0.1) / USUALLY_NEW)
    weights = fit(_trials(replays), rule.weights).model_copy(update={"new": round(new, 2)})
    told = f"learned from {len(replays)} posts: F1 {after:.2f} without a model, {before:.2f} with the usual weights"
    return replace(
        field,
        rule=rule.model_copy(update={"weights": weights}),
        evidence={**field.evidence, "weights": told},
    )


def _replay(name: str, rule: TermsRule, post: PublishedPost, draft: Draft, near: Neighbours) -> _Replayed:
    text = draft.text
    # The vocabulary of the rules would tell the terms that only this post has.
    bare = rule.model_copy(update={"vocabulary": ()})
    vocabulary = build(bare, near.usage.get(name, {}), resolve(rule.language, features(text).language))
    listed = tuple(each.signs for each in shortlist(signs(name, vocabulary, text, near), rule.weights))
    terms = post.terms.get(name, ())
    title = str(post.fields.get("title") or "")
    new = sum(vocabulary.canonical(term) is None and (named_in(term, title) or named_in(term, text)) for term in terms)
    return _Replayed(listed, frozenset(key(vocabulary.canonical(term) or term) for term in terms), new)


def _trials(replays: Sequence[_Replayed], without: int | None = None) -> list[Trial]:
    return [trial for i, each in enumerate(replays) if i % FOLDS != without for trial in each.trials()]


def _score(replays: Sequence[_Replayed], rule: TermsRule, weights: Callable[[int], Weights]) -> float:
    """Mean F1 of what would be taken."""
    total = 0.0
    for i, replay in enumerate(replays):
        ranked = sorted(
            (Ranked(each, weigh(vector(each), dict(weights(i)))) for each in replay.shortlisted),
            key=lambda r: (-r.odds, r.signs.name),
        )
        chosen = {key(each.signs.name) for each in most_promising(ranked, rule, usual(rule))}
        total += 2.0 * len(chosen & replay.taken) / (len(chosen) + len(replay.taken))
    return total / len(replays)
