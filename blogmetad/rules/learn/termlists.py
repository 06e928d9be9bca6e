"""Lists of terms as posts write them: a YAML list in one line or in several, or words between white space."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from blogmetad.matter import SINGULAR
from blogmetad.rules.learn.sample import Sample
from blogmetad.values import YamlValue

Form: TypeAlias = Literal["list", "lines", "words"]

ALWAYS = frozenset(SINGULAR)
SOMETIMES = frozenset({"keywords", "topics"})
"""Terms where posts write a list."""

_ITEM_BELOW = rb"[ \t]*(?:#[^\n]{0,200})?\r?\n(?:[ \t]*(?:#[^\n]{0,200})?\r?\n)?[ \t]{0,20}-[ \t\r\n]"
_COMMAS = re.compile("[,，、;；]")


@dataclass(frozen=True, slots=True)
class TermList:
    """The terms of one post, each once. ``commas``: a comma stands where Jekyll does not part terms."""

    sample: Sample
    terms: tuple[str, ...]
    form: Form
    commas: bool


def is_term_field(name: str, samples: Iterable[Sample]) -> bool:
    """Whether a field holds terms a model can choose."""
    if name in ALWAYS:
        return True
    values = [s.filled[name] for s in samples if name in s.filled]
    return name in SOMETIMES and all(isinstance(value, list) for value in values)


def read_lists(name: str, samples: Iterable[Sample]) -> list[TermList]:
    """The lists of a field, of all posts that have one."""
    return [found for s in samples if (found := _read(name, s)) is not None]


def has_terms(name: str, sample: Sample) -> bool:
    """Whether a post has a field's terms, under whatever of its names."""
    return name in sample.filled or SINGULAR.get(name, "") in sample.filled


def split_terms(value: YamlValue) -> tuple[str, ...]:
    """The terms in a value, each once: the items of a list, or words; at commas too, which Jekyll does not do."""
    if isinstance(value, list):
        raw = [_term(item) for item in value]
    elif isinstance(value, str) and _COMMAS.search(value):
        raw = [value]
    else:
        raw = _term(value).split()
    return _parted(raw)


def form_in(name: str, head: bytes) -> Form:
    """How a list is written; an item a line begins with a dash below its key."""
    pattern = rb"^" + re.escape(name.encode("utf-8", "replace")) + rb"[ \t]*:" + _ITEM_BELOW
    return "lines" if re.search(pattern, head, re.MULTILINE) else "list"


def _read(name: str, sample: Sample) -> TermList | None:
    one, many = sample.filled.get(SINGULAR.get(name, "")), sample.filled.get(name)
    terms = _parted([_term(one)]) if one is not None else split_terms(many)
    form: Form = form_in(name, sample.post.head or b"") if one is None and isinstance(many, list) else "words"
    written = [many] if not isinstance(many, list) else many
    commas = any(_COMMAS.search(_term(item)) for item in ([one] if one is not None else written))
    return TermList(sample, terms, form, commas) if terms else None


def _parted(raw: Iterable[str]) -> tuple[str, ...]:
    parts = (" ".join(part.split()).strip("\"'") for term in raw for part in _COMMAS.split(term))
    return tuple(dict.fromkeys(part for part in parts if part))


def _term(value: YamlValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, list | dict) else str(value).strip()
