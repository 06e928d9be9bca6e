"""A published post as a draft again, and the site without it. Pure.

Nothing the post itself brought to the site may help to find its metadata: neither its terms, nor its front matter, nor
a copy of it under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType

from blogmetad.matter import DESCRIPTIONS
from blogmetad.rules.document import Rules
from blogmetad.rules.schema import FieldRule, TermsRule
from blogmetad.rules.script import key
from blogmetad.values import EMPTY, Draft, PublishedPost

NAME = "draft.md"
"""What every replayed draft is called: a post's own name would tell its slug."""

_ATX = re.compile(rb"#{1,6}[ \t]+([^\r\n]{1,500})(?:\r?\n|\Z)")
_SETEXT = re.compile(rb"(\S[^\r\n]{0,500})\r?\n {0,3}(?:=+|-+)[ \t]*(?:\r?\n|\Z)")


def sample(posts: Iterable[PublishedPost], count: int) -> tuple[PublishedPost, ...]:
    """At most ``count`` of the posts that have front matter and a text, spread evenly over all of them by path."""
    usable = sorted((p for p in posts if p.fields and hide(p).body.strip()), key=lambda post: post.path)
    count = min(count, len(usable))
    return tuple(usable[i * len(usable) // count] for i in range(count))


def hide(post: PublishedPost) -> Draft:
    """The post as its author might have dropped it: without front matter, and without a heading that says the title."""
    body = _without_title(post.body, str(post.fields.get("title") or ""))
    return Draft(NAME, body, b"", EMPTY, body)


def others(posts: Iterable[PublishedPost], hidden: PublishedPost) -> tuple[PublishedPost, ...]:
    """The posts that are neither the hidden one nor a copy of it."""
    return tuple(post for post in posts if post.body_sha256 != hidden.body_sha256)


def rules_without(rules: Rules, hidden: PublishedPost, posts: Sequence[PublishedPost]) -> Rules:
    """The rules without the terms that only the hidden post or a copy of it uses, and without these as examples.

    ``posts`` are all of the site. A term of the rules that no post uses at all stays.
    """
    rest = others(posts, hidden)
    same = (hidden, *(post for post in posts if post.body_sha256 == hidden.body_sha256))
    fields = {name: _rule_without(name, rule, same, rest) for name, rule in rules.fields.items()}
    own = {key(str(post.fields[name])) for post in same for name in ("title", *DESCRIPTIONS) if post.fields.get(name)}
    examples = tuple(
        each for each in rules.examples if own.isdisjoint(key(line) for line in (each.title, each.description) if line)
    )
    return replace(rules, fields=MappingProxyType(fields), examples=examples)


def _rule_without(
    name: str, rule: FieldRule, same: Sequence[PublishedPost], rest: Sequence[PublishedPost]
) -> FieldRule:
    if not isinstance(rule, TermsRule):
        return rule
    own, used = ({key(term) for post in posts for term in post.terms.get(name, ())} for posts in (same, rest))
    kept = tuple(
        term
        for term in rule.vocabulary
        if (spellings := set(map(key, (term.name, *term.aliases)))).isdisjoint(own) or not spellings.isdisjoint(used)
    )
    return rule.model_copy(update={"vocabulary": kept})


def _without_title(body: bytes, title: str) -> bytes:
    text = body.lstrip()
    heading = _ATX.match(text) or _SETEXT.match(text)
    if heading is None or key(heading[1].decode("utf-8").rstrip("# \t")) != key(title):
        return body
    return text[heading.end() :]
