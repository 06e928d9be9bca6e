"""What the pages show is in the source word for word as the Chinese table has it: who changes the English and forgets
the Chinese is told here, also of what only a failing disk, model or server brings about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.journal.page.sentences import table

PACKAGE = Path(__file__).parents[2] / "blogmetad"
SPEAKERS = {
    "": "liquid pipeline attempt upkeep runner reviewing revision renaming strict_yaml matter progress lock",
    "rules/": "signs ranking grounds check naming wording terms renaming wishes lint tidy",
    "intake/": "draft fields foreign directives scan",
    "publish/": "compose exchange undo revert folders offer place rebuild",
    "journal/": "brief",
    "cli/": "parked undo",
    "cli/review/": "marks approve revise published",
    "cli/review/page/": "edits look errands acts",
    "model/local/": "worker process",
    "model/remote/": "session connection key reply",
}
"""The modules whose sentences get onto the pages, by their folders."""

ELSEWHERE = {
    "": "backfill",
    "backtest/": "replay",
    "cli/": "preview",
    "cli/backfill/": "asking",
    "cli/rules/": "inspection repair",
    "journal/": "job",
    "rules/": "fix",
    "site/": "index jekyll posts walk",
}
"""Modules whose problems are told by commands alone, or are those of others."""

UNSAID = (
    *("table of contents", "create it, mount it or correct its permissions; drafts are taken up as soon as it is back"),
    *("the post of job", "written late", "put off", "not exchanged", "newer version kept"),
    *("name a draft, or say --all; 'blogmetad parked' lists them", "retry what?"),
    *("is an earlier version of", "; the one there now is", "is withdrawn", "has its former text again"),
    *("nothing waits for you", "approve what?", "the request was withdrawn", "blogmetad model check"),
    *("to its old address", "the site has no plugin", "where that was cannot be told", "lead nowhere now:"),
    *("so no redirect was written.", "giscus keeps comments by address (mapping:"),
    *("): those of this post stay with the old one.", "giscus keeps comments by title (mapping:"),
    ": those of this post stay with the old one.",
)
"""What these modules say, or call things, that no page shows."""

TOLD_ELSEWHERE = ("log", "re", "typer", "console")
NOT_TOLD = ("ValueError", "Table")


class Words(ast.NodeVisitor):
    """The pieces of text in a module that are neither documentation nor for a log, a terminal or a pattern."""

    def __init__(self, module: str) -> None:
        self.found: list[str] = []
        self.problems = 0
        self.visit(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")))

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        owner = called.value.id if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) else ""
        name = called.id if isinstance(called, ast.Name) else ""
        self.problems += name == "Problem"
        if owner not in TOLD_ELSEWHERE and name not in NOT_TOLD:
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        """What must not happen is told to nobody."""

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append(node.value)


def named(folders: dict[str, str]) -> list[str]:
    return [folder + name for folder, names in folders.items() for name in names.split()]


def pieces(text: str) -> Iterator[str]:
    """A text by its sentences, as far as it reads like some: two words and more, and no pattern."""
    for piece in re.split(r"(?<=[.?)]) ", text.replace("{field}", "{}")):
        if re.search(r"[A-Za-z']+ [a-z]+", piece) and not re.search(r"[\\|]", piece):
            yield piece.strip(" ,")


@pytest.mark.parametrize("module", named(SPEAKERS))
def test_no_word_of_a_sentence_is_changed_in_english_alone(module: str) -> None:
    known = "\n".join("\0".join(pair.fixed) for pairs in table().values() for pair in pairs)
    said = [piece for text in Words(module).found for piece in pieces(text) if piece not in UNSAID]
    assert [piece for piece in said if not all(part in known for part in piece.split("{}"))] == []


def test_whoever_tells_problems_is_listened_to_here() -> None:
    names = [str(file.relative_to(PACKAGE).with_suffix("")) for file in sorted(PACKAGE.rglob("*.py"))]
    telling = {name for name in names if Words(name).problems}
    assert telling - {*named(SPEAKERS), *named(ELSEWHERE)} == set()
    assert set(named(ELSEWHERE)) - telling == set()


def test_what_is_called_unsaid_is_still_in_the_source() -> None:
    there = {piece for module in named(SPEAKERS) for text in Words(module).found for piece in pieces(text)}
    assert set(UNSAID) - there == set()
