"""Repair: what is safe to put right in a published post, as edits of its front matter. Pure.

Only the bytes of the values concerned change. What comes out is read again and compared with what was meant before
anyone may write it to disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from blogmetad import inplace, matter
from blogmetad.inplace import Edit
from blogmetad.rules import tidy
from blogmetad.rules.features import features
from blogmetad.rules.lint import Law, is_movable
from blogmetad.rules.plan import resolve
from blogmetad.rules.schema import ConstantRule, TermsRule
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.values import Problem, PublishedPost, YamlValue

_COMMA = re.compile(r"\s*,\s*")
_DASH = re.compile(r"[ \t]*-[ \t]+")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A post's new bytes, and the fields that are repaired."""

    content: bytes
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the terms of a field become: ``value`` is the whole of it, ``edits`` lead there."""

    key: str
    value: YamlValue
    edits: tuple[Edit, ...]


class _UnsafeError(Exception):
    """The layout of a value is one in which nothing can be exchanged without touching more than the value."""


def repair(post: PublishedPost, law: Law) -> Repaired | Problem | None:
    """The post with all that is safe put right; None if there is nothing, a Problem if it must be left to its author.

    Terms get their canonical names, each once; text with commas becomes a list; constants without a condition are
    added. Done again, it finds nothing to do.
    """
    if post.head is None:
        return None
    try:
        found = _terms(post, law)
        constants = _constants(post, law)
        if not found and not constants:
            return None
        head = inplace.applied(post.head, (edit for terms in found for edit in terms.edits))
        head = _with_constants(head, constants, post, tuple(law.rules.fields))
        meant = {**post.fields, **{terms.key: terms.value for terms in found}, **constants}
        return Repaired(_verified(post, head, meant), (*(terms.key for terms in found), *constants))
    except (_UnsafeError, matter.MatterError) as error:
        message = f"{post.path} is left as it is, {error}. Correct it by hand."
        return Problem("fix.unsafe", message, post.path)


def _terms(post: PublishedPost, law: Law) -> list[_Terms]:
    """Every field whose terms are to change."""
    language = features(post.text if law.reads_bodies else "").language
    found = []
    for name, rule in law.rules.fields.items():
        if not isinstance(rule, TermsRule):
            continue
        written = tidy.written(post.fields, name)
        if written is None or written.form == "odd":
            continue
        vocabulary = law.vocabularies[name, resolve(rule.language, language)]
        wanted = tidy.wanted(written.items, rule, vocabulary)
        is_fine = wanted == written.items and written.form != "commas"
        # A single tag with commas in it may be meant as it is.
        is_doubtful = written.form == "commas" and written.key != name
        if not is_fine and not is_doubtful and is_movable(written, wanted, name, law):
            found.append(_changed(post, written, wanted, rule, vocabulary))
    return found


def _changed(
    post: PublishedPost, written: tidy.Written, wanted: tuple[str, ...], rule: TermsRule, vocabulary: Vocabulary
) -> _Terms:
    assert post.head is not None
    text = post.head.decode("utf-8")
    node = inplace.child(inplace.tree(post.head), written.key)
    if isinstance(node, yaml.SequenceNode):
        values = post.fields[written.key]
        assert isinstance(values, list)
        return _in_list(text, node, written, values, rule, vocabulary)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise _UnsafeError(f"since '{written.key}' is a block of text")
    joined = " ".join(wanted)
    if written.form == "one" or (written.form == "words" and not any(" " in name for name in wanted)):
        return _Terms(written.key, joined, (_exchanged(node, matter.scalar(joined, node.style)),))
    row = f"[{', '.join(matter.scalar(name) for name in wanted)}]"
    return _Terms(written.key, list(wanted), (_exchanged(node, row),))


def _in_list(
    text: str,
    node: yaml.SequenceNode,
    written: tidy.Written,
    values: list[YamlValue],
    rule: TermsRule,
    vocabulary: Vocabulary,
) -> _Terms:
    """An edit for each item that has another name, or had it before. A number that stays is still a number."""
    edits: list[Edit] = []
    kept: dict[str, YamlValue] = {}
    if len(values) != len(written.items):
        raise _UnsafeError(f"since one of the terms in '{written.key}' is empty")
    for i, (item, spelt) in enumerate(zip(node.value, written.items, strict=True)):
        name = tidy.named(spelt, rule, vocabulary)
        if tidy.identity(name) in kept:
            edits.append(_removed(text, node, i))
            continue
        kept[tidy.identity(name)] = values[i] if name == spelt else name
        if name != spelt:
            if item.style in ("|", ">"):
                raise _UnsafeError(f"since one of the terms in '{written.key}' is a block of text")
            edits.append(_exchanged(item, matter.scalar(name, item.style)))
    return _Terms(written.key, list(kept.values()), tuple(edits))


def _exchanged(node: yaml.Node, text: str) -> Edit:
    return Edit(node.start_mark.index, node.end_mark.index, text)


def _removed(text: str, node: yaml.SequenceNode, i: int) -> Edit:
    """Without an item that is not the first: with the comma before it, or with its line."""
    item, before = node.value[i], node.value[i - 1]
    start, end = item.start_mark.index, item.end_mark.index
    if node.flow_style:
        if not _COMMA.fullmatch(text, before.end_mark.index, start):
            raise _UnsafeError("since a comment stands between the terms of a list")
        return Edit(before.end_mark.index, end, "")
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end) + 1 or len(text)
    if not _DASH.fullmatch(text, line, start) or text[end:after].strip():
        raise _UnsafeError("since a comment stands behind a term that is there twice")
    return Edit(line, after, "")


def _constants(post: PublishedPost, law: Law) -> dict[str, YamlValue]:
    """The constants without a condition that the post lacks and the rules want."""
    return {
        name: rule.value
        for name, rule in law.rules.fields.items()
        if isinstance(rule, ConstantRule) and rule.when is None and rule.need != "optional" and name not in post.fields
    }


def _with_constants(head: bytes, constants: dict[str, YamlValue], post: PublishedPost, order: tuple[str, ...]) -> bytes:
    if not constants:
        return head
    root = inplace.tree(head)
    if root is not None and root.flow_style:
        raise _UnsafeError("since its front matter is written in braces, where no key can be added")
    newline = "\r\n" if post.raw.partition(b"\n")[0].endswith(b"\r") else "\n"
    lines = {name: matter.render(name, value).replace("\n", newline) for name, value in constants.items()}
    return inplace.inserted(head, root, lines, order)


def _verified(post: PublishedPost, head: bytes, meant: dict[str, YamlValue]) -> bytes:
    """The post put together, once reading it again has given exactly what was meant."""
    assert post.head is not None
    start = post.raw.index(b"\n") + 1
    content = post.raw[:start] + head + post.raw[start + len(post.head) :]
    again = matter.split(content)
    fields = None if again.head is None else matter.parse(again.head)
    if again.body != post.body or fields is None or _shown(fields) != _shown(meant):
        raise _UnsafeError("since its front matter would not mean the same in everything else")
    return content


def _shown(fields: object) -> dict[str, str]:
    """Values in a form that tells 1 from True and 1.0."""
    assert isinstance(fields, dict)
    return {name: repr(value) for name, value in fields.items()}
