"""blogmetad with one part taken away at a time: what each of them is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from blogmetad.backtest.replay import Stand
from blogmetad.config import Model as ModelConfig
from blogmetad.model.proposal import Proposer
from blogmetad.rules.document import Rules
from blogmetad.rules.schema import FieldRule, TermsRule, Weights
from blogmetad.values import Draft, Neighbours, Proposal, PublishedPost, Request


class Silent:
    """A Proposer that keeps what its model thinks of terms to itself; titles and descriptions it does tell."""

    def __init__(self, proposer: Proposer) -> None:
        self._proposer = proposer

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """See Proposer."""
        self._proposer.prepare(keep_going)

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        """See Proposer."""
        return replace(self._proposer.propose(request, keep_going), terms={})


def without_recall(stand: Stand) -> Stand:
    """No similar and no recent posts; how often the site uses each term is still known."""

    def recall(hidden: PublishedPost, draft: Draft, fields: tuple[str, ...]) -> Neighbours:
        near = stand.recall(hidden, draft, fields)
        return Neighbours(usage=near.usage, count=near.count)

    return replace(stand, recall=recall)


def without_opinion(stand: Stand) -> Stand:
    """The model writes texts but does not choose among terms."""
    return replace(stand, proposer=Silent(stand.proposer))


def without_learning(stand: Stand) -> Stand:
    """The weights of the signs are those blogmetad comes with, not those learned on the blog's own posts."""

    def plain(rule: FieldRule) -> FieldRule:
        return rule.model_copy(update={"weights": Weights()}) if isinstance(rule, TermsRule) else rule

    def rules_for(hidden: PublishedPost) -> Rules:
        rules = stand.rules_for(hidden)
        return replace(rules, fields=MappingProxyType({name: plain(rule) for name, rule in rules.fields.items()}))

    return replace(stand, rules_for=rules_for)


def _digest(tokens: int) -> Callable[[Stand], Stand]:
    return lambda stand: replace(stand, budget=tokens)


ABLATIONS: Mapping[str, Callable[[Stand], Stand]] = MappingProxyType(
    {
        f"as it is, digest of {ModelConfig().digest_tokens} tokens": lambda stand: stand,
        "no similar posts": without_recall,
        "no opinion of the model on terms": without_opinion,
        "weights not learned": without_learning,
        "digest of 250 tokens": _digest(250),
        "digest of 1000 tokens": _digest(1000),
    }
)
