"""A post's fields changed as its author filled them in: only the values that differ, and not a byte of anything else.
Pure.

What comes out is read again, and held against what was meant and against the rules, before anyone may write it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from blogmetad import inplace, matter
from blogmetad.cli.review.page.form import Form
from blogmetad.cli.review.page.inputs import Input, inputs
from blogmetad.cli.review.page.judge import Judge
from blogmetad.inplace import Edit
from blogmetad.intake import draft as intake
from blogmetad.rules.check import written
from blogmetad.rules.document import Rules
from blogmetad.rules.schema import TermsRule
from blogmetad.values import Draft, Problem, YamlValue

BLOCKS = ("|", ">")
"""How YAML marks a text that stands in lines of its own."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A post's new bytes, and the fields that are different in them; the bytes are the old ones if there are none."""

    content: bytes
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A field as it is to be: its ``value``, None if it is to be taken out, and its ``lines`` where it has none yet."""

    input: Input
    value: YamlValue
    lines: str


class _Unfit(Exception):
    """What was filled in cannot become the field's value."""


def edited(post: Draft, form: Form, rules: Rules | None, judge: Judge | None) -> Edited | tuple[Problem, ...]:
    """The post as the form has it, or what is wrong with that, field by field. Nothing is said against a field that
    was left as it is."""
    changes: list[_Change] = []
    problems: list[Problem] = []
    for wanted in _wanted(inputs(post, rules), form):
        try:
            changes.append(_change(wanted, post, rules))
        except _Unfit as error:
            problems.append(Problem("edit.value", str(error), wanted.name))
    names = tuple(change.input.name for change in changes)
    if problems or not changes:
        return tuple(problems) or Edited(post.raw, ())
    try:
        content = _written(post, changes, tuple(rules.fields) if rules else ())
    except (_Unfit, matter.MatterError) as error:
        return tuple(Problem("edit.layout", f"{error} Change it in an editor.", name) for name in names)
    return tuple(_objections(post, content, names, judge)) or Edited(content, names)


def filled_in(shown: Sequence[Input], form: Form) -> tuple[Input, ...]:
    """The fields as the form has them, for its author to see again."""
    return tuple(_filled(each, form) for each in shown)


def _wanted(shown: Sequence[Input], form: Form) -> Iterator[Input]:
    for before, after in zip(shown, filled_in(shown, form), strict=True):
        if before != after:
            yield after


def _filled(shown: Input, form: Form) -> Input:
    """A field with what was sent for it. What was not sent stays as it is."""
    if shown.kind == "terms":
        return replace(shown, terms=form.terms.get(shown.name, shown.terms))
    text = form.texts.get(shown.name, shown.text)
    # In one line, what was pasted with line ends has them no more.
    return replace(shown, text=" ".join(text.split("\n")) if shown.kind == "line" else text)


def _change(wanted: Input, post: Draft, rules: Rules | None) -> _Change:
    rule = rules.fields.get(wanted.name) if rules else None
    name, text = wanted.name, wanted.text.strip()
    if not (wanted.terms if wanted.kind == "terms" else text):
        return _Change(wanted, None, "")
    if wanted.kind == "yaml":
        return _as_yaml(wanted, text, post)
    value: YamlValue
    if wanted.kind == "flag":
        if text not in ("true", "false"):
            raise _Unfit(f"'{name}' is either true or false.")
        value = text == "true"
    elif wanted.kind == "terms":
        value = written(wanted.terms, rule) if isinstance(rule, TermsRule) else list(wanted.terms)
    else:
        value = matter.Quoted(text)
    return _Change(wanted, value, matter.render(name, value))


def _as_yaml(wanted: Input, text: str, post: Draft) -> _Change:
    """A value that is typed as YAML: behind its key, or in lines of its own below it."""
    first, _, rest = text.partition("\n")
    key = _key(post, wanted.name)
    beside = f"{key}: {first}\n" + textwrap.indent(f"{textwrap.dedent(rest)}\n" if rest else "", "  ")
    below = f"{key}:\n" + textwrap.indent(f"{textwrap.dedent(text)}\n", "  ")
    why = ""
    for lines in (beside, below):
        try:
            values = matter.parse(lines.encode("utf-8", "surrogatepass"))
        except matter.MatterError as error:
            why = error.reason
            continue
        if values is not None and tuple(values) == (wanted.name,):
            value = values[wanted.name]
            return _Change(wanted, value, "" if value is None else lines)
        why = why or "it is more than one value"
    raise _Unfit(f"'{wanted.name}' cannot be read: {why}.")


def _key(post: Draft, name: str) -> str:
    """A key as the post has it written."""
    text, root = post.head.decode("utf-8"), inplace.tree(post.head)
    for key, _ in root.value if root is not None else ():
        if key.value == name:
            return text[key.start_mark.index : key.end_mark.index]
    return matter.scalar(name)


def _written(post: Draft, changes: Sequence[_Change], order: tuple[str, ...]) -> bytes:
    """The post with the changes made, once reading it again has given exactly what was meant."""
    head = post.head
    meant = dict(post.fields)
    for change in changes:
        head, value = _applied(head, change, post, order)
        meant.pop(change.input.name, None)
        if value is not None:
            meant[change.input.name] = value
    start = post.raw.index(b"\n") + 1
    content = post.raw[:start] + head + post.raw[start + len(post.head) :]
    again = matter.split(content)
    fields = dict((None if again.head is None else matter.parse(again.head)) or {})
    fields.pop(matter.DIRECTIVES, None)
    if again.body != post.body or _shown(fields) != _shown(meant):
        raise _Unfit("The front matter would not mean the same in everything else.")
    return content


def _applied(head: bytes, change: _Change, post: Draft, order: tuple[str, ...]) -> tuple[bytes, YamlValue]:
    """The block with one change made, and the value that the field has then."""
    name, root = change.input.name, inplace.tree(head)
    lines = change.lines.replace("\n", post.newline)
    node = inplace.child(root, name)
    if node is not None and change.value is not None:
        found = _in_place(head.decode("utf-8"), node, change, post)
        if found is not None:
            return inplace.applied(head, [found[0]]), found[1]
    if root is not None and root.flow_style:
        raise _Unfit("The front matter is written in braces ({title: ...}), so its lines cannot be told apart.")
    parsed = matter.parse(lines.encode("utf-8")) or {}
    if node is None:
        return inplace.inserted(head, root, {name: lines}, order if name in order else (*order, name)), parsed.get(name)
    assert root is not None
    return inplace.replaced(head, root, name, lines), parsed.get(name)


def _in_place(text: str, node: yaml.Node, change: _Change, post: Draft) -> tuple[Edit, YamlValue] | None:
    """An edit of the value alone, and what it is then; None if its lines have to be written anew."""
    if isinstance(node, yaml.SequenceNode) and change.input.kind == "terms":
        old = post.fields[change.input.name]
        assert isinstance(old, list)
        places = list(_places(node, change.input.terms))
        kept = [term if at is None else old[at] for term, at in zip(change.input.terms, places, strict=True)]
        make = _in_brackets if node.flow_style else _in_lines
        return make(text, node, change.input.terms, places, post.newline), kept
    if not isinstance(node, yaml.ScalarNode) or node.style in BLOCKS or "\n" in change.input.text.strip():
        return None
    value = change.value
    if change.input.kind == "terms":
        new, value = _in_words(change.input.terms, value)
    elif change.input.kind in ("line", "text"):
        new = matter.scalar(str(value), node.style)
    else:
        if isinstance(value, list | dict):
            return None
        new = change.input.text.strip()
    start, end = node.start_mark.index, node.end_mark.index
    return Edit(start, end, new if start < end else f" {new}"), value


def _in_words(terms: Sequence[str], value: YamlValue) -> tuple[str, YamlValue]:
    """Terms where text stands now: words, if the rules write them so, or else a list."""
    if isinstance(value, str):
        return matter.scalar(value), value
    return f"[{', '.join(map(matter.scalar, terms))}]", list(terms)


def _places(node: yaml.SequenceNode, terms: Sequence[str]) -> Iterator[int | None]:
    """Where each term stands in the list already; None for a new one."""
    free = list(enumerate(" ".join(str(item.value).split()) for item in node.value))
    for term in terms:
        found = next((each for each in free if each[1] == term), None)
        if found is not None:
            free.remove(found)
        yield None if found is None else found[0]


def _in_brackets(
    text: str, node: yaml.SequenceNode, terms: Sequence[str], places: Sequence[int | None], _newline: str
) -> Edit:
    """A list in one line; the terms that stay are spelt as they were."""
    items = [
        matter.scalar(term) if at is None else text[node.value[at].start_mark.index : node.value[at].end_mark.index]
        for term, at in zip(terms, places, strict=True)
    ]
    return Edit(node.start_mark.index, node.end_mark.index, f"[{', '.join(items)}]")


def _in_lines(
    text: str, node: yaml.SequenceNode, terms: Sequence[str], places: Sequence[int | None], newline: str
) -> Edit:
    """A list with a line for each term; the lines that stay keep their comments."""
    starts = [text.rfind("\n", 0, item.start_mark.index) + 1 for item in node.value]
    last = text.find("\n", node.value[-1].end_mark.index) + 1 or len(text)
    ends = [*starts[1:], last]
    indent = " " * node.start_mark.column
    lines = [
        f"{indent}- {matter.scalar(term)}{newline}" if at is None else text[starts[at] : ends[at]]
        for term, at in zip(terms, places, strict=True)
    ]
    return Edit(starts[0], last, "".join(lines))


def _objections(post: Draft, content: bytes, names: Sequence[str], judge: Judge | None) -> Iterator[Problem]:
    """What would be wrong with the changed fields that was not wrong before."""
    again = intake.read(post.name, content)
    if not isinstance(again, Draft):
        for problem in again:
            field = problem.field if problem.field in names else names[0]
            yield replace(problem, field=field)
        return
    if judge is None:
        return
    before = {(finding.rule, finding.message) for finding in judge.findings(post.name, post.raw)}
    for finding in judge.findings(post.name, content):
        new = (finding.rule, finding.message) not in before
        if finding.severity == "error" and finding.field in names and new:
            yield Problem(finding.rule, finding.message, finding.field)


def _shown(fields: Mapping[str, YamlValue]) -> dict[str, str]:
    """Values in a form that tells 1 from True and 1.0."""
    return {name: repr(value) for name, value in fields.items()}
