"""A waiting post's fields as a form shows them: in the order of the file, and behind them those it could have. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import yaml

from blogmetad import inplace
from blogmetad.matter import DESCRIPTIONS, SINGULAR
from blogmetad.reviewing import MARKS
from blogmetad.rules import tidy
from blogmetad.rules.document import Rules
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule, TermsRule, TextRule
from blogmetad.values import Draft, YamlValue

Kind = Literal["line", "text", "terms", "flag", "yaml"]
"""One line, or several; a list of terms; true or false; anything else as it is written in YAML."""

SHORT = 90
"""Characters that fit into one line of the page."""


@dataclass(frozen=True, slots=True)
class Input:
    """A field to be filled in: what is in it, as ``text`` or as ``terms``, and whether the post has it."""

    name: str
    kind: Kind
    text: str = ""
    terms: tuple[str, ...] = ()
    there: bool = True


def inputs(post: Draft, rules: Rules | None) -> tuple[Input, ...]:
    """Every field of the post, and those of the rules that it has not."""
    return tuple(_inputs(post, rules))


def _inputs(post: Draft, rules: Rules | None) -> Iterator[Input]:
    root = inplace.tree(post.head)
    text = post.head.decode("utf-8")
    for name, value in post.fields.items():
        if name not in MARKS:
            node = inplace.child(root, name)
            assert node is not None, name
            yield _there(name, value, node, text, rules.fields.get(name) if rules else None)
    for name, rule in (rules.fields if rules else {}).items():
        if name not in post.fields and SINGULAR.get(name) not in post.fields:
            kind = _expected(name, rule)
            if kind is not None:
                yield Input(name, kind, there=False)


def _there(name: str, value: YamlValue, node: yaml.Node, text: str, rule: FieldRule | None) -> Input:
    """A field that the post has."""
    items = _terms(name, value, node, rule)
    if items is not None:
        return Input(name, "terms", terms=items)
    if isinstance(value, bool):
        return Input(name, "flag", "true" if value else "false")
    if value is None and rule is not None:
        return Input(name, _expected(name, rule) or "yaml")
    if isinstance(value, str) and _can_be_typed(value.rstrip("\n")):
        shown = value.rstrip("\n")
        long = "\n" in shown or len(shown) > SHORT or _is_long(name, rule)
        return Input(name, "text" if long else "line", shown)
    return Input(name, "yaml", source(text, node))


def _terms(name: str, value: YamlValue, node: yaml.Node, rule: FieldRule | None) -> tuple[str, ...] | None:
    """The terms of a field that holds some; None if it is none of that kind."""
    if not isinstance(rule, TermsRule) and not isinstance(value, list):
        return None
    if isinstance(value, list):
        scalars = node.value if isinstance(node, yaml.SequenceNode) else []
        plain = all(isinstance(item, yaml.ScalarNode) and item.style not in ("|", ">") for item in scalars)
        whole = all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value)
        if not plain or not whole or not all(_can_be_typed(str(item)) and str(item).strip() for item in value):
            return None
        # As written: 1.10 is no 1.1.
        return tuple(" ".join(str(item.value).split()) for item in scalars)
    found = tidy.written({name: value}, name)
    if found is None:
        return ()
    return found.items if found.form != "odd" and isinstance(value, str) else None


def _can_be_typed(value: str) -> bool:
    """Whether a browser's form gives text back as it was given, and shows all of it."""
    return all(character.isprintable() or character == "\n" for character in value) and not value.startswith("\n")


def _expected(name: str, rule: FieldRule) -> Kind | None:
    """How a field that is not there would be filled in; None if an author has nothing to fill in."""
    if isinstance(rule, TermsRule):
        return "terms"
    if isinstance(rule, TextRule):
        return "text" if _is_long(name, rule) else "line"
    if isinstance(rule, DateRule):
        return "yaml" if rule.written else None
    if isinstance(rule, AuthorRule) and rule.kind in ("text", "any"):
        return "line"
    if isinstance(rule, AuthorRule) and rule.kind == "list":
        return "terms"
    constant = isinstance(rule, ConstantRule) and isinstance(rule.value, bool)
    if constant or (isinstance(rule, AuthorRule) and rule.kind == "flag"):
        return "flag"
    return "yaml"


def _is_long(name: str, rule: FieldRule | None) -> bool:
    return name in DESCRIPTIONS or (isinstance(rule, TextRule) and rule.max_length > SHORT)


def source(text: str, node: yaml.Node) -> str:
    """A value as it is written, its lines as far out as its first."""
    written = text[node.start_mark.index : node.end_mark.index].rstrip()
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return written.replace("\r\n", "\n")
    return textwrap.dedent(" " * node.start_mark.column + written).replace("\r\n", "\n")
