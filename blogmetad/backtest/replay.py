"""The replay: every post's metadata hidden and proposed anew, by the very pipeline that drafts go through."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from blogmetad import pipeline
from blogmetad.backtest.hide import hide
from blogmetad.backtest.laws import RulesFor
from blogmetad.backtest.result import Case, Scored, score_terms, score_text
from blogmetad.model.proposal import Proposer, WorkerLost
from blogmetad.outcomes import Parked
from blogmetad.publish.compose import ComposeError
from blogmetad.rules.document import Rules
from blogmetad.rules.features import features
from blogmetad.rules.lint import law, lint
from blogmetad.rules.plan import resolve
from blogmetad.rules.schema import TermsRule, TextRule
from blogmetad.site.index import Index
from blogmetad.site.posts import read_post
from blogmetad.values import Draft, Neighbours, Problem, PublishedPost

Recall: TypeAlias = Callable[[PublishedPost, Draft, tuple[str, ...]], Neighbours]
"""What the site without a hidden post and its copies knows of the post's draft and of the terms in these fields."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What a backtest works with. ``budget`` is the digest's size in tokens, ``zone`` the site's time zone."""

    rules_for: RulesFor
    recall: Recall
    proposer: Proposer
    budget: int
    zone: dt.tzinfo


def replay(stand: Stand, hidden: Sequence[PublishedPost]) -> Iterator[Case]:
    """A case for each of these posts, as they are done. Posts with the same rules follow each other, since the model
    reads these once. Raises ModelUnavailable."""
    turns = [(post, stand.rules_for(post)) for post in hidden]
    for post, rules in sorted(turns, key=lambda turn: turn[1].sha256):
        yield _case(stand, post, rules)


@contextmanager
def recalling(posts: Sequence[PublishedPost]) -> Iterator[Recall]:
    """A Recall over these posts, in memory."""
    copies: dict[str, set[str]] = {}
    for post in posts:
        copies.setdefault(post.body_sha256, set()).add(post.path)
    index = Index.of(posts)
    try:
        yield lambda hidden, draft, fields: index.recall(
            draft.text, fields, but=copies[hidden.body_sha256], before=hidden.date
        )
    finally:
        index.close()


def _case(stand: Stand, post: PublishedPost, rules: Rules) -> Case:
    draft = hide(post)
    began = time.perf_counter()
    near = stand.recall(post, draft, rules.term_fields())
    finished = _finish(stand, rules, draft, near, dt.datetime.combine(post.date, dt.time(12), stand.zone))
    seconds = time.perf_counter() - began
    if isinstance(finished, Parked):
        reasons = tuple(problem.message for problem in finished.problems)
        return Case(post.path, scored(post, None, rules), reasons, seconds)
    # What is scored is what a reader of the finished file would see.
    made = read_post(finished.post.filename, finished.post.content)
    assert isinstance(made, PublishedPost), made
    return Case(post.path, scored(post, made, rules), faults(made, rules, near.usage), seconds)


def _finish(
    stand: Stand, rules: Rules, draft: Draft, near: Neighbours, arrived: dt.datetime
) -> pipeline.Finished | Parked:
    desk = pipeline.Desk(
        rules=rules,
        recall=lambda _: near,
        twin=lambda _: None,
        proposer=stand.proposer,
        budget=stand.budget,
        hold_future=False,
        keep_going=lambda: True,
        record=lambda _name, _data: None,
    )
    try:
        return pipeline.finish(draft, desk, arrived=arrived)
    except (ComposeError, WorkerLost) as error:
        return Parked((Problem("backtest.failed", f"{error}."),))


def scored(author: PublishedPost, proposed: PublishedPost | None, rules: Rules) -> dict[str, Scored]:
    """Every field a model is asked for: what was proposed (None: nothing at all) against what the author wrote."""
    found: dict[str, Scored] = {}
    body = features(author.text).language
    for name, rule in rules.fields.items():
        if isinstance(rule, TextRule):
            line = _line(proposed, name) if proposed else ""
            found[name] = score_text(line, _line(author, name), resolve(rule.language, body))
        elif isinstance(rule, TermsRule):
            terms = proposed.terms.get(name, ()) if proposed else ()
            found[name] = score_terms(terms, author.terms.get(name, ()), resolve(rule.language, body))
    return found


def faults(proposed: PublishedPost, rules: Rules, usage: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """What ``rules check`` has against the fields a model is asked for, errors and warnings alike."""
    asked = {name for name, rule in rules.fields.items() if isinstance(rule, TextRule | TermsRule)}
    return tuple(finding.message for finding in lint(proposed, law(rules, usage)) if finding.field in asked)


def _line(post: PublishedPost, field: str) -> str:
    """A text field in one line; empty if there is none."""
    value = post.fields.get(field)
    return "" if value is None else " ".join(str(value).split())
