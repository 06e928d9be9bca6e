"""YAML as a post needs it: a tree of plain values, without anchors, tags, merge keys, keys that stand twice, or depth.

There are two loaders. Both read alike; one scans with libyaml, as Jekyll does, and is five times faster, the other with
PyYAML's own scanner, which says better what is wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor

T = TypeVar("T")

MAX_DEPTH = 20
_BOM = "\ufeff"


class MatterError(ValueError):
    """Front matter that cannot be trusted. ``line`` is 1-based within the file, if known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class _Strict(Composer, SafeConstructor):
    """Anything cleverer than plain values is an error with a line number. To be put before PyYAML's loaders."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]
        line = event.start_mark.line + 2 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise MatterError("anchors and aliases (&, *) are not allowed in front matter", line)
        if getattr(event, "tag", None):
            raise MatterError(f"the YAML tag {event.tag} is not allowed in front matter", line)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise MatterError(f"the front matter is nested more than {MAX_DEPTH} levels deep", line)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        node.style = node.style or None  # PyYAML's word for no quotes; libyaml's is ""
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = True) -> dict[Hashable, Any]:  # noqa: ARG002
        values: dict[Hashable, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 2
            if not isinstance(key, yaml.ScalarNode):
                raise MatterError("a key must be plain text", line)
            if key.value == "<<":  # to Ruby it is a merge key in quotes, too
                raise MatterError("merge keys (<<) are not allowed in front matter", line)
            if key.value in values:
                raise MatterError(f"the key '{key.value}' stands twice", line)
            try:
                values[str(key.value)] = self.construct_object(value, deep=True)
            except MatterError:
                raise
            except (ValueError, ArithmeticError) as error:  # 2025-02-31, a number too large
                raise MatterError(f"the value of '{key.value}' cannot be read: {error}", line) from None
        return values


class _Telling(_Strict, yaml.SafeLoader):
    """Scans with PyYAML."""


_Fast = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Quick(_Strict, _Fast):  # type: ignore[misc, valid-type]
    """Scans with libyaml, where PyYAML was built with it."""

    def __init__(self, text: str) -> None:
        _Fast.__init__(self, text)
        Composer.__init__(self)  # libyaml would compose by itself, and not ask us


for _loader in (_Telling, _Quick):
    _loader.add_constructor("tag:yaml.org,2002:map", _Strict.construct_mapping)  # type: ignore[type-var]
    # A lone "=" has a type of its own in YAML 1.1, which no one means and PyYAML cannot build: it is text.
    _loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: str(node.value))


def strictly(read: Callable[..., T], text: str) -> T:
    """What ``yaml.load``, or another reader that takes a ``Loader``, makes of a text: with libyaml if that can read it.

    Raises MatterError, yaml.YAMLError, ValueError, ArithmeticError.
    """
    if _BOM not in text:  # which libyaml does not count where it tells positions
        with contextlib.suppress(yaml.YAMLError, ValueError, ArithmeticError):
            return read(text, Loader=_Quick)
    return read(text, Loader=_Telling)
