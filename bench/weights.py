"""Where the default weights of ``rules.schema.Weights`` come from: fitted on several blogs together.

    python -m bench.weights SITE... [--model starter] [-n 30]

Posts are hidden one by one, and the model is asked for their tags as for a draft's. Every term that somebody speaks for
is a trial: its signs, and whether the author took it. Each post counts twice, with the model's opinions and without
them, since the same weights have to serve both. They start from zero and are hardly drawn to it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import sides
from blogmetad.backtest.hide import hide
from blogmetad.cli import logs
from blogmetad.config import Log as LogConfig
from blogmetad.config import Model as ModelConfig
from blogmetad.model.catalog import resolve
from blogmetad.model.digest import digest
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.proposal import Proposer
from blogmetad.rules import plan
from blogmetad.rules.features import features
from blogmetad.rules.fitting import Trial, fit
from blogmetad.rules.ranking import measured, shortlist
from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.rules.script import key
from blogmetad.rules.signs import signs
from blogmetad.rules.vocabulary import build
from blogmetad.values import PublishedPost, Request

FIELD = "tags"
PULL = 0.3
"""Just enough for the weights of rare signs to stay finite."""

say = Console(stderr=True, highlight=False)


def main(
    sites: Annotated[list[Path], typer.Argument(help="Folders of posts, or Jekyll sites.", metavar="SITE...")],
    model: Annotated[str, typer.Option(help="starter, starter-1.5b, or a GGUF file.")] = "starter",
    posts: Annotated[int, typer.Option("-n", "--posts", help="Posts of each site.", min=2)] = 30,
) -> None:
    """Fit the weights of terms on the posts of several blogs together, and print them."""
    logs.configure(LogConfig(level="warning"))
    found: list[Trial] = []
    with tempfile.TemporaryDirectory() as scratch:
        options = WorkerOptions(resolve(model, Path.cwd()), model, Path(scratch), threads=physical_cores())
        worker = Worker(options)
        for site in sites:
            with sides.trial(site, posts) as corpus:
                for number, post in enumerate(corpus.hidden, start=1):
                    found += trials(corpus, post, worker)
                    say.print(f"{corpus.corpus.name}: {number} of {len(corpus.hidden)}, {post.path}")
        worker.unload()
    nothing = Weights(**dict.fromkeys(Weights.model_fields, 0.0))
    typer.echo(f"{len(found)} trials: {fit(found, nothing, PULL)}")


def trials(corpus: sides.Trial, post: PublishedPost, proposer: Proposer) -> Iterator[Trial]:
    """The trials of one post, with the model's opinions and without."""
    draft, rules = hide(post), corpus.rules_for(post)
    near = corpus.recall(post, draft, rules.term_fields())
    asks = plan.plan(rules, draft, near)
    shown = digest(draft.text, ModelConfig().digest_tokens).text
    proposal = proposer.propose(Request(plan.guidance(rules), shown, asks), lambda: True)
    rule = rules.fields[FIELD]
    assert isinstance(rule, TermsRule)
    language = plan.resolve(rule.language, features(draft.text).language)
    vocabulary = build(rule, near.usage.get(FIELD, {}), language)
    listed = {
        each.signs.name: each.signs for each in shortlist(signs(FIELD, vocabulary, draft.text, near), rule.weights)
    }
    taken = {key(vocabulary.canonical(term) or term) for term in post.terms.get(FIELD, ())}
    for opinions in (proposal.terms.get(FIELD, ()), ()):
        title = proposal.texts.get("title", "") if opinions else ""
        for each, numbers in measured(listed, opinions, vocabulary, text=draft.text, title=title):
            yield Trial(numbers, key(each.name) in taken)


if __name__ == "__main__":
    typer.run(main)
