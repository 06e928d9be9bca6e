"""A post revised as its author asks: the fields they speak of, and not a byte of anything else. Touches no files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from blogmetad import matter
from blogmetad.intake import draft as intake
from blogmetad.matter import SINGULAR
from blogmetad.outcomes import Parked
from blogmetad.pipeline import Desk, answered
from blogmetad.publish.compose import exchanged
from blogmetad.rules.check import BY_HAND, written
from blogmetad.rules.document import Rules
from blogmetad.rules.features import features_of
from blogmetad.rules.plan import plan, resolve
from blogmetad.rules.schema import TermsRule, TextRule
from blogmetad.rules.script import key
from blogmetad.rules.vocabulary import Vocabulary, build
from blogmetad.rules.wishes import Wish, understand
from blogmetad.site.post import terms
from blogmetad.values import Ask, Directives, Draft, Neighbours, Problem, YamlValue

SHORTER, LONGER = 0.75, 1.25
"""How long a text may be at most, or has to be at least, against the one that is too long or too short."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after; None where it was not there, or is not there any more."""

    field: str
    before: YamlValue
    after: YamlValue


@dataclass(frozen=True, slots=True)
class Revised:
    """A post's new bytes and what is different in them, field by field; nothing, if the model had no other idea."""

    content: bytes
    changes: tuple[Change, ...]


def revise(name: str, raw: bytes, words: str, desk: Desk, *, arrived: dt.datetime) -> Revised | tuple[Problem, ...]:
    """The post ``name`` with ``words`` obeyed. Raises what the Proposer and compose raise."""
    post = intake.read(name, raw)
    if not isinstance(post, Draft):
        return post
    if not post.head:
        return (Problem("revise.empty", f"{name} has no front matter, so there is nothing in it to revise."),)
    near = desk.recall(post)
    wishes = understand(words, desk.rules, dict(_vocabularies(post, near, desk)))
    if isinstance(wishes, Problem):
        return (wishes,)
    desk = replace(desk, rules=_limited(desk.rules, wishes, post))
    rest = _without(post, wishes, desk)
    asks = tuple(_asked(plan(desk.rules, rest, near), wishes, post))
    finished = answered(rest, asks, near, desk, arrived=arrived)
    if isinstance(finished, Parked):
        return tuple(_about_post(problem) for problem in finished.problems)
    again = intake.read(name, finished.post.content)
    assert isinstance(again, Draft), again
    changes = tuple(_changes(post.fields, again.fields))
    if not changes and all(wish.is_exact for wish in wishes):
        return (Problem("revise.same", "Nothing is to be changed: the post says so already."),)
    return Revised(finished.post.content, changes)


def _vocabularies(post: Draft, near: Neighbours, desk: Desk) -> Iterator[tuple[str, Vocabulary]]:
    """The vocabulary of each field of terms, with those that the post itself carries."""
    body, own = features_of(post).language, terms(post.fields)
    for name, rule in desk.rules.fields.items():
        if isinstance(rule, TermsRule):
            usage = {**dict.fromkeys(own.get(name, ()), 1), **near.usage.get(name, {})}
            yield name, build(rule, usage, resolve(rule.language, body))


def _without(post: Draft, wishes: Iterable[Wish], desk: Desk) -> Draft:
    """The post without the fields that are to be written anew, and with what is said exactly as its author's own."""
    names = [name for wish in wishes for name in (wish.field, SINGULAR.get(wish.field, wish.field))]
    lines = {
        wish.field: matter.render(wish.field, _exact(wish, post, desk)).replace("\n", post.newline)
        for wish in wishes
        if wish.is_exact and not wish.deleted
    }
    rest = intake.read(post.name, exchanged(post, names, lines, tuple(desk.rules.fields)))
    assert isinstance(rest, Draft), rest
    others = frozenset(desk.rules.fields) - {wish.field for wish in wishes if not wish.deleted}
    return replace(rest, directives=Directives(leave=others, hint=_hint(wishes)))


def _exact(wish: Wish, post: Draft, desk: Desk) -> YamlValue:
    rule = desk.rules.fields[wish.field]
    if not isinstance(rule, TermsRule):
        return matter.Quoted(wish.text or "")
    gone = {key(term) for term in (*wish.removed, *wish.added)}
    kept = [term for term in wish.only or terms(post.fields).get(wish.field, ()) if key(term) not in gone]
    return written((*kept, *wish.added), rule)


def _hint(wishes: Iterable[Wish]) -> str:
    """The author's own words, for the model. It is not shown what they are about: a small one would copy it."""
    return "; ".join(wish.words for wish in wishes if not wish.is_exact)


def _limited(rules: Rules, wishes: Iterable[Wish], post: Draft) -> Rules:
    """The rules with the lengths that are wished for."""
    fields = dict(rules.fields)
    for wish in wishes:
        rule, now = fields[wish.field], len(_line(post, wish.field))
        if isinstance(rule, TextRule) and wish.length == "shorter":
            fields[wish.field] = _within(rule, rule.min_length, int(SHORTER * now))
        elif isinstance(rule, TextRule) and wish.length == "longer":
            fields[wish.field] = _within(rule, int(LONGER * now), rule.max_length)
    return replace(rules, fields=MappingProxyType(fields))


def _within(rule: TextRule, low: int, high: int) -> TextRule:
    """The rule with other lengths, which stay within its own."""
    high = max(rule.min_length, high)
    return rule.model_copy(update={"min_length": min(low, high), "max_length": high, "usual_length": None})


def _asked(asks: Iterable[Ask], wishes: Iterable[Wish], post: Draft) -> Iterator[Ask]:
    """The questions of the plan that are about a wish, for another answer than there is already."""
    wished = {wish.field for wish in wishes if not wish.deleted}
    for ask in asks:
        if ask.field in wished:
            yield replace(ask, refused=(_line(post, ask.field),)) if ask.kind == "text" else ask


def _about_post(problem: Problem) -> Problem:
    """The problem as it is with a post, whose draft is not there any more."""
    in_draft, name = BY_HAND.format(field=problem.field), problem.field
    in_post = f'Say it between quotes ({name}: "..."), or write it in the post itself; it is used as it stands.'
    return replace(problem, message=problem.message.replace(in_draft, in_post))


def _line(post: Draft, field: str) -> str:
    return ", ".join(terms(post.fields).get(field, ())) or " ".join(str(post.fields.get(field, "")).split())


def _changes(before: Mapping[str, YamlValue], after: Mapping[str, YamlValue]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        if repr(before.get(name)) != repr(after.get(name)):
            yield Change(name, before.get(name), after.get(name))
