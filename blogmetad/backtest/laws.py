"""The rules a hidden post is held to: without anything that the post itself has brought into them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from blogmetad.backtest.hide import others, rules_without
from blogmetad.backtest.weights import with_weights
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.rules.learn import learn, render
from blogmetad.values import PublishedPost

RulesFor: TypeAlias = Callable[[PublishedPost], Rules]

FOLDS = 10
"""Into how many parts posts are dealt out where the rules are learned: those of a part from all the others."""


def given(rules: Rules, posts: Sequence[PublishedPost]) -> RulesFor:
    """Rules somebody wrote, for each post without what only that post has brought into them."""
    return lambda hidden: rules_without(rules, hidden, others(posts, hidden))


def learned(posts: Sequence[PublishedPost], name: str, *, timezone_known: bool) -> RulesFor:
    """Rules learned from the posts, for each from those of the other folds. Copies of a post share its fold."""
    bodies = dict.fromkeys(post.body_sha256 for post in sorted(posts, key=lambda post: post.path))
    fold = {body: number % FOLDS for number, body in enumerate(bodies)}

    @cache
    def without(number: int) -> Rules:
        rest = [post for post in posts if fold[post.body_sha256] != number]
        text = render(with_weights(learn(rest, name=name, timezone_known=timezone_known), rest))
        return document.parse(text.encode("utf-8"), f"the rules learned without part {number + 1} of the posts")

    return lambda hidden: without(fold[hidden.body_sha256])
