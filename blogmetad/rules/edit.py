"""The rules document edited in place: a decision on a term is written down, every other byte stays. Pure.

Lists in brackets and lists of lines are both continued in their own layout. What comes out is read again and has to
mean what was meant before anyone may write it to disk.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from blogmetad import inplace, matter
from blogmetad.errors import BlogmetadError
from blogmetad.inplace import Edit
from blogmetad.rules import document
from blogmetad.rules.document import MAX_HEAD, RulesError
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.script import key

VOCABULARY, REJECTED = "vocabulary", "rejected"

_DASH = re.compile(r"([ \t]*)(-[ \t]+)")


class EditError(BlogmetadError):
    """A decision that cannot be written into the document. ``str()`` is a whole sentence."""

    hint = "open the rules document in an editor and write it there"


def accept(data: bytes, source: str, field: str, term: str) -> bytes:
    """The document with a term added to the vocabulary of a field. Raises EditError, RulesError."""
    _check(data, source, field, term)
    return _added(data, source, field, VOCABULARY, term)


def reject(data: bytes, source: str, field: str, term: str) -> bytes:
    """The document with a term that is never to be proposed again. Raises EditError, RulesError."""
    _check(data, source, field, term)
    return _added(data, source, field, REJECTED, term)


def alias(data: bytes, source: str, field: str, term: str, name: str) -> bytes:
    """The document with a term as another word for ``name``, which joins the vocabulary if only posts have it yet.

    Raises EditError, RulesError.
    """
    rule = _check(data, source, field, term)
    if key(term) == key(name):
        raise EditError(f"'{term}' is only another spelling of '{name}', which is recognised anyway.")
    at = next((i for i, known in enumerate(rule.vocabulary) if key(known.name) == key(name)), None)
    if at is None:
        return _added(data, source, field, VOCABULARY, {"name": name, "aliases": [term]})
    head, values = _read(data)
    entries = values["fields"][field][VOCABULARY]
    node = inplace.child(_field(head, field), VOCABULARY)
    assert isinstance(node, yaml.SequenceNode)
    entry = node.value[at]
    if isinstance(entry, yaml.ScalarNode):
        edit = _exchanged(entry, _flow({"name": entries[at], "aliases": [term]}))
        entries[at] = {"name": entries[at], "aliases": [term]}
    else:
        edit = _continued(head.decode("utf-8"), entry, "aliases", term)
        entries[at]["aliases"] = [*(entries[at].get("aliases") or ()), term]
    return _verified(data, source, head, edit, values)


def _check(data: bytes, source: str, field: str, term: str) -> TermsRule:
    """The rule of a field in which nothing is decided on a term yet."""
    rule = document.parse(data, source).fields.get(field)
    if not isinstance(rule, TermsRule):
        raise EditError(f"'{field}' is no field of terms in {source}.")
    if key(term) in map(key, rule.rejected):
        raise EditError(f"'{term}' is rejected already: it stands under '{REJECTED}' of '{field}'.")
    for known in rule.vocabulary:
        if key(term) in map(key, (known.name, *known.aliases)):
            raise EditError(f"'{term}' stands in the vocabulary of '{field}' already, at '{known.name}'.")
    return rule


def _added(data: bytes, source: str, field: str, name: str, entry: Any) -> bytes:
    """The document with an entry at the end of a field's list."""
    head, values = _read(data)
    edit = _continued(head.decode("utf-8"), _field(head, field), name, entry)
    rule = values["fields"][field]
    rule[name] = [*(rule.get(name) or ()), entry]
    return _verified(data, source, head, edit, values)


def _read(data: bytes) -> tuple[bytes, Any]:
    """The YAML of the document, and its values."""
    head = matter.split(data).head or b""
    return head, matter.parse(head, limit=MAX_HEAD)


def _field(head: bytes, field: str) -> yaml.MappingNode:
    node = inplace.child(inplace.child(inplace.tree(head), "fields"), field)
    assert isinstance(node, yaml.MappingNode)
    return node


def _continued(text: str, owner: yaml.MappingNode, name: str, entry: Any) -> Edit:
    """The edit that puts an entry at the end of the list ``name`` in ``owner``, which may not have it yet."""
    node = inplace.child(owner, name)
    if not isinstance(node, yaml.SequenceNode):
        return _new_key(text, owner, f"{name}: {_flow([entry])}")
    if not node.value:
        inside = node.start_mark.index + 1  # what else stands between the brackets is a comment
        return Edit(inside, inside, _flow(entry))
    last = _last_end(node)
    if node.flow_style:
        return Edit(last, last, f"{_separator(node)}{_flow(entry)}")
    dash = _DASH.match(text, text.rfind("\n", 0, node.value[-1].start_mark.index) + 1)
    if dash is None:
        raise EditError(f"'{name}' is laid out in a way that cannot be continued here.")
    return _line(text, last, f"{dash[1]}{dash[2]}{_flow(entry)}")


def _separator(node: yaml.SequenceNode) -> str:
    """What stands between two items of a list in brackets: a new line, where each has one of its own."""
    lines = [item.start_mark.line for item in node.value]
    if len(set(lines)) == len(lines) and lines[-1] > node.start_mark.line:
        return ",\n" + " " * int(node.value[-1].start_mark.column)
    return ", "


def _new_key(text: str, owner: yaml.MappingNode, written: str) -> Edit:
    """The edit that adds a key behind the last one."""
    last = _last_end(owner)
    if owner.flow_style:
        return Edit(last, last, f", {written}")
    return _line(text, last, " " * owner.start_mark.column + written)


def _line(text: str, position: int, written: str) -> Edit:
    """The edit that puts a line of its own behind the line in which ``position`` lies."""
    after = text.find("\n", len(text[:position].rstrip())) + 1 or len(text)
    return Edit(after, after, f"{written}\n")


def _end(node: yaml.Node) -> int:
    """Where the last word of a value ends. The marks of a block lie behind the blank lines and comments below it."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        return _last_end(node)
    return int(node.end_mark.index)


def _last_end(node: yaml.CollectionNode) -> int:
    """Where the last item of a list or the last value of a map ends."""
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _exchanged(node: yaml.Node, written: str) -> Edit:
    return Edit(node.start_mark.index, node.end_mark.index, written)


def _flow(value: Any) -> str:
    """A value in one line: text, a list or a map."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    return matter.scalar(str(value))


def _verified(data: bytes, source: str, head: bytes, edit: Edit, meant: Any) -> bytes:
    """The document put together, once reading it again has given exactly what was meant."""
    newline = "\r\n" if b"\r\n" in head else "\n"
    edited = inplace.applied(head, [Edit(edit.start, edit.end, edit.text.replace("\n", newline))])
    start = data.index(b"\n") + 1
    written = data[:start] + edited + data[start + len(head) :]
    try:
        again = matter.parse(matter.split(written).head or b"", limit=MAX_HEAD)
    except matter.MatterError as error:
        raise EditError(f"the document could not be read again: {error}.") from None
    if again != meant or matter.split(written).body != matter.split(data).body:
        raise EditError("the document would not mean the same in everything else.")
    try:
        document.parse(written, source)
    except RulesError as error:
        raise EditError(" ".join(fault.message for fault in error.faults)) from None
    return written
