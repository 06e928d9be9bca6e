"""Learned rules as a document a person can review: the YAML with its evidence as comments, the prose below."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from blogmetad.rules.learn.findings import Deviation, Learned, LearnedField, LearnedTerm
from blogmetad.rules.learn.sample import count
from blogmetad.rules.learn.yaml_text import comment, flow, plain
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, TermsRule

MOST_PATHS = 10
"""Names of deviating posts that are listed of each kind."""

MOST_TERM_BYTES = 80 * 1024
"""Room for the vocabulary of a field: four of them leave the document readable."""


def render(learned: Learned) -> str:
    """The text of the rules document."""
    lines = ["---", *_head(learned), "---", learned.prose]
    return "\n".join(lines).rstrip("\n") + "\n"


def _head(learned: Learned) -> Iterator[str]:
    yield f"# Learned from {count(learned.posts)}. Read it and change what you like."
    yield "# What you write into a draft always goes before what stands here."
    yield "# Fields are written into a post in the order they stand here. A comment says what was counted."
    for remark in learned.remarks:
        yield from comment(remark, 0)
    yield f"rules: {flow(learned.name)}"
    yield "version: 1"
    yield ""
    yield "fields:"
    for field in learned.fields:
        yield from _field(field)
        yield ""
    yield from _beside(learned, "filename", flow(learned.filename))
    yield from _beside(learned, "slug", flow(learned.slug.model_dump()))
    yield from _beside(learned, "min_body", flow(learned.min_body.model_dump()))
    if learned.examples:
        yield "# Posts of your own that show the model how the blog sounds."
        yield "examples:"
        for example in learned.examples:
            yield f"  - title: {flow(example.title)}"
            if example.description:
                yield f"    description: {flow(example.description)}"
        yield ""
    if learned.deviations:
        yield "# Posts that do not keep to these rules:"
        for deviation in learned.deviations:
            yield from _deviation(deviation)


def _beside(learned: Learned, key: str, written: str) -> Iterator[str]:
    if evidence := learned.evidence.get(key):
        yield from comment(evidence, 0)
    yield f"{key}: {written}"
    yield ""


def _field(field: LearnedField) -> Iterator[str]:
    for remark in field.remarks:
        yield from comment(remark, 2)
    values = _values(field)
    if isinstance(field.rule, ConstantRule | AuthorRule | DateRule):
        yield f"  {flow(field.name)}: {flow(values)}"
        return
    yield f"  {flow(field.name)}:"
    for key, value in values.items():
        evidence = field.evidence.get(key, "")
        if key == "vocabulary":
            yield from _vocabulary(field.terms, evidence)
        else:
            yield _beside_comment(f"    {key}: {flow(value)}", evidence)


def _values(field: LearnedField) -> dict[str, object]:
    """The keys of a rule that say something: not the defaults, except those a person will want to see."""
    rule = field.rule
    values: dict[str, object] = {"type": rule.type}
    whole = rule.model_dump(mode="json")
    given = {**{key: whole[key] for key in field.evidence if key in whole}, **_set(rule)}
    values.update({key: given[key] for key in type(rule).model_fields if key in given})
    if isinstance(rule, ConstantRule):
        values["value"] = rule.value
        if rule.when is not None:
            values["when"] = _set(rule.when)
    if isinstance(rule, TermsRule) and not rule.vocabulary:
        values.pop("vocabulary", None)
    return values


def _set(model: BaseModel) -> dict[str, object]:
    """The keys whose values are not the defaults."""
    return model.model_dump(exclude_defaults=True, mode="json")


def _vocabulary(terms: tuple[LearnedTerm, ...], evidence: str) -> Iterator[str]:
    yield _beside_comment("    vocabulary:", evidence)
    room = MOST_TERM_BYTES
    for term in terms:
        written = flow({"name": term.name, "aliases": list(term.aliases)}) if term.aliases else flow(term.name)
        note = count(term.count) if term.count else ""
        line = f"      - {written}  # {plain('; '.join(filter(None, (note, term.note))))[:200]}"
        room -= len(line.encode())
        if room < 0:
            return
        yield line


def _beside_comment(line: str, evidence: str) -> str:
    return f"{line}  # {plain(evidence)}" if evidence else line


def _deviation(deviation: Deviation) -> Iterator[str]:
    yield from comment(f"- {deviation.what} {count(len(deviation.paths))}:", 0)
    for path in deviation.paths[:MOST_PATHS]:
        yield f"#     {plain(path)}"
    if len(deviation.paths) > MOST_PATHS:
        yield f"#     and {len(deviation.paths) - MOST_PATHS} more"
