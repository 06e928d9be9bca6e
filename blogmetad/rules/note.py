"""The creation note: in a post, in its language, how its metadata came to be; of what the journal tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from blogmetad.rules.document import Rules
from blogmetad.rules.features import features_of
from blogmetad.rules.plan import label
from blogmetad.rules.schema import TermsRule, TextRule
from blogmetad.values import Draft, Metadata, Note, Proposal

_CHINESE = {"title": "标题", "description": "描述", "excerpt": "摘要", "tags": "标签", "categories": "分类"}


def creation_note(rules: Rules, draft: Draft, metadata: Metadata, proposal: Proposal) -> Note | None:
    """The note, if the rules want one and there is something to tell: values that the author did not write."""
    language = features_of(draft).language
    fields = list(_proposed(rules, metadata, chinese=language == "zh"))
    if rules.creation_note is None or not fields:
        return None
    model = _inline(proposal.model)
    if language == "zh":
        whom = f"模型 {model} " if model else "程序"
        text = f"正文出自作者。{'、'.join(fields)}由{whom}按规则“{_inline(rules.title)}”提出，经检查后采用。"
    else:
        whom = f"the model {model}" if model else "a program"
        verb = "was" if len(fields) == 1 else "were"
        told = " and ".join(part for part in (", ".join(fields[:-1]), fields[-1]) if part)
        text = (
            f"The text is the author's. Its {told} {verb} proposed by {whom} under the rules "
            f'"{_inline(rules.title)}", and checked.'
        )
    return Note(text, rules.creation_note)


def _proposed(rules: Rules, metadata: Metadata, *, chinese: bool) -> Iterator[str]:
    """What the fields are called that came of a proposal."""
    for decision in metadata.decisions:
        rule = rules.fields.get(decision.field)
        if isinstance(rule, TextRule | TermsRule) and decision.source in ("generated", "vocabulary"):
            yield _CHINESE.get(decision.field, decision.field) if chinese else label(decision.field, rule).lower()


def _inline(text: str) -> str:
    """A name in a line of Markdown, nothing of which acts in a page."""
    return "".join(c for c in " ".join(text.split()) if c.isalnum() or c in " ._-+()")
