"""The ways that are compared, each as a case for every post: judged by the same measures and by the same rules."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, cast

from bench import neighbours
from bench.chat import Reply
from bench.corpus import Corpus, load
from blogmetad.backtest import laws
from blogmetad.backtest.hide import hide, others, sample
from blogmetad.backtest.laws import RulesFor
from blogmetad.backtest.replay import Recall, faults, recalling, scored
from blogmetad.backtest.result import Case
from blogmetad.site.post import terms
from blogmetad.values import PublishedPost, YamlValue

Values: TypeAlias = Mapping[str, YamlValue]
"""Front matter as a side would write it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Posts of a corpus that are hidden one by one. Their rules are learned from other posts, as a backtest does."""

    corpus: Corpus
    hidden: tuple[PublishedPost, ...]
    rules_for: RulesFor
    recall: Recall


@contextmanager
def trial(site: Path, count: int) -> Iterator[Trial]:
    """``count`` posts of a site, the same ones every time."""
    corpus = load(site)
    hidden = sample(corpus.posts, count)
    rules_for = laws.learned(corpus.posts, hidden, corpus.name, timezone_known=False)
    with recalling(corpus.posts) as recall:
        yield Trial(corpus, hidden, rules_for, recall)


def plain(trial: Trial, replies: Mapping[str, Reply]) -> list[Case]:
    """What the plain way answered, as if it had been written into the posts."""
    return [
        _judged(trial, post, cast("Values", replies[post.path].fields), replies[post.path].seconds)
        for post in trial.hidden
    ]


def without_model(trial: Trial) -> list[Case]:
    """What the nearest posts and the terms in the text say; titles and descriptions nobody writes."""
    cases = []
    for post in trial.hidden:
        index = neighbours.index(others(trial.corpus.posts, post), trial.corpus.summary)
        began = time.perf_counter()
        found = index.propose(hide(post).text)
        cases.append(_judged(trial, post, cast("Values", found), time.perf_counter() - began))
    return cases


def _judged(trial: Trial, post: PublishedPost, values: Values, seconds: float) -> Case:
    """Front matter as it is held against the author's and against the rules for the fields every side is asked for."""
    rules = trial.rules_for(post)
    asked = {ask.field for ask in trial.corpus.fields}
    rules = replace(rules, fields=MappingProxyType({name: r for name, r in rules.fields.items() if name in asked}))
    made = replace(post, head=b"", fields=values, terms=terms(values))
    usage = trial.recall(post, hide(post), rules.term_fields()).usage
    return Case(post.path, scored(post, made, rules), faults(made, rules, usage), seconds)
