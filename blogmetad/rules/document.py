"""The rules document: a Markdown file whose YAML is enforced and whose prose the model is given verbatim.

Everything wrong in a document is reported at once, each fault with its line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from blogmetad import matter
from blogmetad.errors import BlogmetadError
from blogmetad.rules.schema import (
    BY_TYPE,
    Example,
    FieldRule,
    Head,
    MinBody,
    Place,
    SlugRule,
    Term,
    TermsRule,
    Weights,
    When,
    Wrong,
    contradictions,
    house_rules,
)
from blogmetad.strict_yaml import strictly
from blogmetad.values import YamlValue, sha256

MAX_HEAD = 512 * 1024
"""Bytes of YAML a document may have: a vocabulary of some thousand terms fits."""

_NESTED: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"slug": SlugRule, "min_body": MinBody, "when": When, "vocabulary": Term, "examples": Example, "weights": Weights}
)
_EXPECTED = MappingProxyType(
    {
        "bool_type": "must be true or false",
        "int_type": "must be a whole number",
        "list_type": "must be a list",
        "model_type": "must be a map of keys",
        "string_type": "must be text (put quotes around a number, a date or a word like yes)",
        "tuple_type": "must be a list",
    }
)
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RuleFault:
    """One thing wrong in a rules document: line in the file (if known), dotted key, a whole sentence."""

    line: int | None
    key: str
    message: str


class RulesError(BlogmetadError):
    """A rules document that cannot be used. ``str()`` has a line ``FILE:LINE: key: message`` a fault."""

    hint = "Correct the lines named and start again; the ready-made documents in rules/ show every key."

    def __init__(self, source: str, faults: Sequence[RuleFault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__("\n".join(map(self._line, self.faults)))

    def _line(self, fault: RuleFault) -> str:
        place = self.source if fault.line is None else f"{self.source}:{fault.line}"
        return ": ".join(part for part in (place, fault.key, fault.message) if part)


@dataclass(frozen=True, slots=True)
class Rules:
    """A rules document, read and found sound.

    ``fields`` is in the order posts get them, ``guidance`` the prose, ``sha256`` the hash of these exact bytes and
    ``source`` the file they were read from.
    """

    name: str
    version: int | str
    fields: Mapping[str, FieldRule]
    filename: str
    slug: SlugRule
    min_body: MinBody
    creation_note: Literal["top", "end"] | None
    examples: tuple[Example, ...]
    guidance: str
    sha256: str
    source: str

    @property
    def title(self) -> str:
        """Name and version, as decisions cite them."""
        return f"{self.name} v{self.version}"

    def term_fields(self) -> tuple[str, ...]:
        """The fields that hold terms: those whose use on the site matters."""
        return tuple(name for name, rule in self.fields.items() if isinstance(rule, TermsRule))


def load(path: Path) -> Rules:
    """Read a rules document. Raises RulesError with every fault there is, also if the file cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"The rules document cannot be read ({reason}); check its path in the configuration."
        raise RulesError(str(path), [RuleFault(None, "", message)]) from None
    return parse(data, str(path))


def parse(data: bytes, source: str) -> Rules:
    """The rules in ``data``; ``source`` is its name in faults. Raises RulesError with every fault there is."""
    try:
        values, tree, guidance = _read(data)
    except matter.MatterError as error:
        raise RulesError(source, [RuleFault(error.line, "", _sentence(error.reason))]) from None
    head, wrong = _validated(Head, values, ())
    fields, wrong_fields = _fields(values.get("fields", {}))
    wrong += wrong_fields
    if head is None or wrong:
        faults = [
            RuleFault(_line(tree, place), ".".join(map(str, place)), _about(place, message)) for place, message in wrong
        ]
        raise RulesError(source, sorted(faults, key=lambda fault: fault.line or 0))
    return Rules(
        name=head.rules,
        version=head.version,
        fields=MappingProxyType(fields),
        filename=head.filename,
        slug=head.slug,
        min_body=head.min_body,
        creation_note=head.creation_note,
        examples=head.examples,
        guidance=guidance,
        sha256=sha256(data),
        source=source,
    )


def _read(data: bytes) -> tuple[Mapping[str, YamlValue], yaml.Node | None, str]:
    """Values, the same as YAML nodes (they know their lines), and the prose. Raises MatterError."""
    parts = matter.split(data)
    values = None if parts.head is None else matter.parse(parts.head, limit=MAX_HEAD)
    if parts.head is None or values is None:
        raise matter.MatterError(
            "there is no YAML with keys between two '---' lines at the top of the document, and prose alone "
            "cannot be enforced; make rules of it with 'blogmetad rules learn SITE --guidance FILE', or begin with a "
            "copy of one of the ready-made documents",
            1,
        )
    try:
        guidance = parts.body.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        line = data[: len(data) - len(parts.body) + error.start].count(b"\n") + 1
        raise matter.MatterError("the prose is not valid UTF-8; save the file as UTF-8", line) from None
    tree = strictly(yaml.compose, parts.head.decode("utf-8"))
    return values, tree, guidance


def _fields(given: object) -> tuple[dict[str, FieldRule], list[Wrong]]:
    """The rule of every field that has a sound one, and all that is wrong with the others."""
    fields: dict[str, FieldRule] = {}
    if not isinstance(given, dict):
        return fields, [(("fields",), "must map each field of a post to its rule")]
    wrong: list[Wrong] = [(("fields", *place), message) for place, message in house_rules(given)]
    for name, raw in given.items():
        place: Place = ("fields", name)
        if not isinstance(raw, dict) or "type" not in raw:
            wrong.append((place, f"must be a map with a type: {_list(BY_TYPE)}"))
        elif str(raw["type"]) not in BY_TYPE:
            wrong.append(
                (
                    (*place, "type"),
                    f"must be {_list(BY_TYPE)}, not '{raw['type']}'{_near(raw['type'], BY_TYPE)}",
                )
            )
        else:
            model: type[FieldRule] = BY_TYPE[raw["type"]]
            rule, faults = _validated(model, raw, place)
            wrong += faults
            if rule is not None:
                wrong += [((*place, *inner), message) for inner, message in contradictions(rule)]
                fields[name] = rule
    return fields, wrong


def _validated(model: type[_M], raw: object, place: Place) -> tuple[_M | None, list[Wrong]]:
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, list(_worded(error, model, place))


def _worded(error: ValidationError, model: type[BaseModel], place: Place) -> Iterator[Wrong]:
    """Pydantic's findings in our words."""
    for finding in error.errors(include_url=False):
        inner, kind, given = finding["loc"], finding["type"], finding["input"]
        where = (*place, *inner)
        nested = next((_NESTED[p] for p in reversed(inner[:-1]) if isinstance(p, str) and p in _NESTED), model)
        known = nested.model_fields
        if kind == "extra_forbidden":
            yield where, f"is not a key here{_near(inner[-1], known)}; known keys: {', '.join(known)}"
        elif kind == "missing":
            yield where, "is missing here"
        elif kind == "value_error":
            yield where, str(finding["ctx"]["error"])
        elif kind == "literal_error":
            yield where, f"must be {finding['ctx']['expected']}, not {_shown(given)}"
        elif kind in _EXPECTED:
            yield where, f"{_EXPECTED[kind]}, not {_shown(given)}"
        else:
            yield where, f"cannot be {_shown(given)}: {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool) else f"'{str(value)[:60]}'"


def _about(place: Place, message: str) -> str:
    """A sentence about the key that leads to a place; positions in a list have no name of their own."""
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    return f"'{name}' {message}."


def _list(names: Mapping[str, Any]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


def _near(name: object, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."


def _line(tree: yaml.Node | None, place: Place) -> int | None:
    """The line in the file of the innermost key on the way to ``place`` that is there."""
    line, node = None, tree
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 2, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 2
        else:
            break
    return line
