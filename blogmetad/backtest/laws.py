"""The rules a hidden post is held to: without anything that the post itself has brought into them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from blogmetad.backtest.hide import rules_without
from blogmetad.backtest.weights import with_weights
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.rules.learn import learn, render
from blogmetad.values import PublishedPost

RulesFor: TypeAlias = Callable[[PublishedPost], Rules]

WITHHELD = 0.1
"""The share of all posts that are withheld at a time where the rules are learned."""


def given(rules: Rules, posts: Sequence[PublishedPost]) -> RulesFor:
    """Rules somebody wrote, for each post without what only that post and its copies have brought into them."""
    return lambda hidden: rules_without(rules, hidden, posts)


def learned(
    posts: Sequence[PublishedPost], hidden: Sequence[PublishedPost], name: str, *, timezone_known: bool
) -> RulesFor:
    """Rules learned from the posts. The hidden ones are dealt into a few parts, and the rules for each part are learned
    without the posts in it and without their copies."""
    parts = max(1, math.ceil(len(hidden) / (WITHHELD * len(posts))))
    part = {post.path: number % parts for number, post in enumerate(hidden)}

    @cache
    def without(number: int) -> Rules:
        bodies = {post.body_sha256 for post in hidden if part[post.path] == number}
        rest = [post for post in posts if post.body_sha256 not in bodies]
        text = render(with_weights(learn(rest, name=name, timezone_known=timezone_known), rest))
        return document.parse(text.encode("utf-8"), f"the rules learned without part {number + 1} of the posts")

    return lambda post: without(part[post.path])
