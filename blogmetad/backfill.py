"""Missing fields of a published post, filled in, and not a byte of anything else changed. Touches no files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import MappingProxyType

from blogmetad import matter
from blogmetad.intake import draft as intake
from blogmetad.outcomes import Parked
from blogmetad.pipeline import Desk, answered, discreet
from blogmetad.rules.check import check_body, seen
from blogmetad.rules.document import Rules
from blogmetad.rules.features import Features, features_of
from blogmetad.rules.plan import plan, wrote
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule, TermsRule, TextRule
from blogmetad.values import Directives, Draft, Problem


@dataclass(frozen=True, slots=True)
class Filled:
    """A post's new bytes, the fields that are new in them, and those that were wanted and nothing fit was found for."""

    content: bytes
    added: tuple[str, ...]
    left: tuple[str, ...]


def read(path: str, raw: bytes) -> Draft | tuple[Problem, ...]:
    """A published post as far as its front matter can be added to; ``path`` is its path below the posts folder."""
    if raw.startswith(matter.BOM):
        message = f"{path} begins with a byte-order mark, which Jekyll stumbles over. Save it without one."
        return (Problem("post.bom", message),)
    post = intake.read(path, raw)
    if isinstance(post, Draft) and not post.head:
        message = f"{path} has no front matter, so Jekyll does not publish it. Write some, or move it to the drafts."
        return (Problem("post.matter", message),)
    return post


def missing(post: Draft, rules: Rules, only: Collection[str] = ()) -> tuple[str, ...]:
    """The fields the rules require or recommend that the post has not, in the order of the rules; of ``only`` those it
    has not, if any are named. One that is there and empty was left so by its author."""
    body = features_of(post)
    return tuple(
        name
        for name, rule in rules.fields.items()
        if not wrote(post, name) and (name in only if only else rule.need != "optional") and _is_due(rule, body)
    )


def fillable(rules: Rules) -> tuple[str, ...]:
    """The fields that can be filled in: all but those that are left to the author."""
    return tuple(
        name
        for name, rule in rules.fields.items()
        if not isinstance(rule, AuthorRule) and not (isinstance(rule, DateRule) and not rule.written)
    )


def needs_model(rules: Rules, fields: Collection[str]) -> bool:
    """Whether a model has to be asked for any of the fields."""
    return any(isinstance(rules.fields[name], TextRule | TermsRule) for name in fields)


def fill(post: Draft, wanted: Collection[str], desk: Desk, *, arrived: dt.datetime) -> Filled | tuple[Problem, ...]:
    """The post with the ``wanted`` fields, as far as something fit is found. Raises what the Proposer and compose
    raise."""
    if needs_model(desk.rules, wanted) and (short := check_body(post, desk.rules)):
        return short
    rules = _of_these(desk.rules, wanted)
    others = frozenset(rules.fields) - set(wanted)
    asked = replace(post, directives=Directives(leave=others, language=post.directives.language))
    near = desk.recall(post)
    asks = tuple(ask for ask in plan(rules, discreet(asked), near) if ask.field in wanted)
    finished = answered(asked, asks, near, replace(desk, rules=rules), arrived=arrived)
    if isinstance(finished, Parked):
        return finished.problems
    if not _kept_whole(post.raw, finished.post.content):
        message = f"No field can be added to {post.name} without changing other lines of it."
        return (Problem("post.lines", message),)
    added = tuple(decision.field for decision in finished.metadata.decisions if decision.field in wanted)
    return Filled(finished.post.content, added, tuple(name for name in wanted if name not in added))


def _is_due(rule: FieldRule, body: Features) -> bool:
    match rule:
        case AuthorRule():
            return False
        case DateRule():
            return rule.written
        case ConstantRule() if rule.when is not None:
            return seen(rule.when, body) is not None
        case _:
            return True


def _of_these(rules: Rules, wanted: Collection[str]) -> Rules:
    """The rules by which a post is as good as it was where one of the fields cannot be found, and without a note: its
    body is left alone."""
    fields = {
        name: rule.model_copy(update={"need": "recommended"}) if name in wanted and rule.required else rule
        for name, rule in rules.fields.items()
    }
    return replace(rules, fields=MappingProxyType(fields), creation_note=None)


def _kept_whole(before: bytes, after: bytes) -> bool:
    """Whether every line of a post's head is there as it was and in its order, and its body to the byte."""
    old, new = matter.split(before), matter.split(after)
    lines = iter((new.head or b"").splitlines(keepends=True))
    return old.body == new.body and all(line in lines for line in (old.head or b"").splitlines(keepends=True))
