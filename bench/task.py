"""What every side of the benchmark is asked: a post, a rules document, and the request blogmetad makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blogmetad import matter
from blogmetad.model.digest import digest
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.rules.plan import guidance, plan
from blogmetad.values import Draft, Neighbours, Request

POST = Path(__file__).with_name("post-zh.md")
RULES = Path(__file__).parents[1] / "rules" / "bilingual-zh-en.md"


@dataclass(frozen=True, slots=True)
class Task:
    """A draft without front matter and the rules for it. ``budget`` is the digest's size in tokens."""

    draft: Draft
    rules: Rules
    budget: int

    def request(self) -> Request:
        """The request the pipeline would make: a site without posts, so no usage counts help either side."""
        asks = plan(self.rules, self.draft, Neighbours())
        return Request(guidance(self.rules), digest(self.draft.text, self.budget).text, asks)


def load(post: Path, rules: Path, budget: int) -> Task:
    """Read a post and rules. Front matter of the post is left out, so that every field has to be found.

    Raises OSError, MatterError or RulesError for files that cannot be read.
    """
    raw = matter.split(post.read_bytes()).body
    return Task(Draft(post.name, raw, b"", {}, raw), document.load(rules), budget)
