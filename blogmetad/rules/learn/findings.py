"""What learning yields: rules as the schema has them, and beside them what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from blogmetad.rules.schema import Example, FieldRule, MinBody, SlugRule

DEFAULT_FILENAME = "{date}-{slug}.md"


@dataclass(frozen=True, slots=True)
class LearnedTerm:
    """A term of the vocabulary: how many posts carry it, and other spellings of it that became this one."""

    name: str
    count: int
    aliases: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Posts that do not keep to a habit; ``what`` says in a sentence which, ``paths`` are all of them."""

    what: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LearnedField:
    """A field's rule with its evidence.

    ``remarks`` are about the field as a whole, ``evidence`` has a few words for single keys of the rule. ``terms`` is
    the rule's vocabulary once more, with counts.
    """

    name: str
    rule: FieldRule
    remarks: tuple[str, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[LearnedTerm, ...] = ()
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """A rules document to be, with its evidence.

    ``posts`` is how many posts spoke; ``remarks`` are about the document as a whole, such as what was taken from
    whose guidance; ``evidence`` is about the keys beside ``fields``; ``prose`` is what the model is going to read.
    """

    name: str
    posts: int
    fields: tuple[LearnedField, ...]
    filename: str
    slug: SlugRule
    min_body: MinBody
    examples: tuple[Example, ...] = ()
    remarks: tuple[str, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    prose: str = ""
