"""New terms that wait for a person: what the ledger remembers, and what of it is still undecided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Ledger, State
from blogmetad.journal.queue import queued
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.terms import undecided
from blogmetad.rules.vocabulary import build

NOW = dt.datetime(2025, 4, 29, 10, 30, tzinfo=dt.UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def ask(ledger: Ledger, name: str, *rounds: list[list[str]], state: State = State.DONE) -> None:
    """A draft that was checked once for each of ``rounds``, with these terms queued."""
    job = ledger.open_job(name, name.encode().hex().ljust(64, "0"), "b" * 64, 42, NOW, NOW, NOW)
    for pairs in rounds:
        ledger.step(job.id, "checked", {"decisions": [], "queued": pairs}, NOW)
    ledger.move(job.id, state, NOW)


def test_each_post_that_asked_for_a_term_counts_once(ledger: Ledger) -> None:
    ask(ledger, "甲.md", [["tags", "向量检索"], ["tags", "RAG"]], [["tags", "RAG"], ["categories", "检索"]])
    ask(ledger, "乙.md", [["tags", "RAG"]], state=State.PUBLISHED)
    assert queued(ledger) == {"tags": {"RAG": 2}, "categories": {"检索": 1}}


def test_a_draft_that_never_became_a_post_or_was_taken_back_asks_for_nothing(ledger: Ledger) -> None:
    for state in (State.PARKED, State.UNDONE, State.SUPERSEDED, State.ACCEPTED):
        ask(ledger, f"{state}.md", [["tags", "RAG"]], state=state)
    assert queued(ledger) == {}


def rule(**keys: object) -> TermsRule:
    return TermsRule.model_validate({"type": "terms", "new": "queue", **keys})


def waiting(asked: dict[str, int], usage: dict[str, int], law: TermsRule) -> dict[str, int]:
    return undecided(asked, build(law, usage), law)


def test_terms_that_are_known_used_or_rejected_by_now_wait_no_more() -> None:
    law = rule(vocabulary=[{"name": "RAG", "aliases": ["检索增强"]}], rejected=["blog post"])
    asked = {"rag": 1, "检索增强": 2, "SQLite": 3, "Blog-Post": 4, "向量": 5}
    assert waiting(asked, {"sqlite": 1}, law) == {"向量": 5}


def test_the_spellings_of_a_term_wait_together_under_the_most_wanted_one() -> None:
    asked = {"vector-search": 1, "Vector Search": 2, "rust": 3, "向量": 4}
    assert list(waiting(asked, {}, rule()).items()) == [("向量", 4), ("Vector Search", 3), ("rust", 3)]
