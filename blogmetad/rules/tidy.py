"""The terms of a post as its author wrote them, and as the rules would have them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from blogmetad.matter import SINGULAR
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.script import key
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.values import YamlValue

_COMMAS = re.compile("[,，;；、]")
_EDGES = " ,;，；、"
LONGEST_RUN = 4
"""Words of a term that is looked for in text Jekyll splits at spaces."""


@dataclass(frozen=True, slots=True)
class Written:
    """Terms in a post: the key they stand at, how, and each as it stands there.

    ``form``: a ``list``; text with several terms, between which Jekyll sees ``words`` or fails to see ``commas``;
    ``one`` term that is text; or something ``odd`` that is no terms at all.
    """

    key: str
    form: Literal["list", "words", "commas", "one", "odd"]
    items: tuple[str, ...]

    @property
    def jekylls(self) -> tuple[str, ...]:
        """The terms Jekyll makes of them, for which case makes no difference in an address."""
        items = " , ".join(self.items).split() if self.form == "commas" else self.items
        return tuple(dict.fromkeys(item.lower() for item in items))


def written(fields: Mapping[str, YamlValue], field: str) -> Written | None:
    """The terms of a field; None if it is missing or empty. ``tag`` goes before ``tags``, as it does in Jekyll."""
    singular = SINGULAR.get(field)
    name = singular if singular is not None and fields.get(singular) is not None else field
    value = fields.get(name)
    if value is None or value in ("", []):
        return None
    if isinstance(value, list):
        if any(isinstance(item, list | dict) for item in value):
            return Written(name, "odd", ())
        return Written(name, "list", tuple(_text(item) for item in value if item is not None and item != ""))
    if isinstance(value, dict | bool):
        return Written(name, "odd", ())
    text = _text(value).strip()
    if name not in SINGULAR:
        return Written(name, "one", (text,))
    if _COMMAS.search(text):
        parts = (part.strip() for part in _COMMAS.split(text))
        return Written(name, "commas", tuple(part for part in parts if part))
    return Written(name, "words", tuple(text.split()))


def named(item: str, rule: TermsRule, vocabulary: Vocabulary) -> str:
    """A term by the name it goes by in the vocabulary; one that is not in it stays, but for the rule's case."""
    found = vocabulary.canonical(item.strip(_EDGES))
    if found is not None:
        return found
    return item.lower() if rule.lower else item


def identity(name: str) -> str:
    """What makes two terms one; a term of signs alone is only itself."""
    return key(name) or name


def is_strange(item: str, vocabulary: Vocabulary) -> bool:
    """Whether a term is not in the vocabulary under any name or spelling."""
    return vocabulary.canonical(item.strip(_EDGES)) is None


def difference(item: str, name: str) -> tuple[str, str]:
    """In what a term differs from its name, and the verb that goes with it."""
    if item.casefold() == name.casefold():
        return "case", "writes"
    return ("spelling", "spells") if key(item.strip(_EDGES)) == key(name) else ("alias", "calls")


def wanted(items: tuple[str, ...], rule: TermsRule, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The terms by their names, each once."""
    names: dict[str, str] = {}
    for item in items:
        name = named(item, rule, vocabulary)
        names.setdefault(identity(name), name)
    return tuple(names.values())


def torn(items: tuple[str, ...], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Terms of several words that Jekyll takes for several terms, since they stand in text and not in a list."""
    found: dict[str, None] = {}
    for start in range(len(items)):
        for end in range(start + 2, min(start + LONGEST_RUN, len(items)) + 1):
            name = vocabulary.canonical(" ".join(items[start:end]))
            # "web site" is no "website": the name itself must have several words.
            if name is not None and len(re.split(r"[\s_-]+", name)) == end - start:
                found[name] = None
    return tuple(found)


def _text(value: YamlValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
