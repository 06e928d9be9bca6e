"""The terms of a field: canonical names, aliases, how often the site uses them, where a text writes them."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice
from sys import intern
from types import MappingProxyType

from blogmetad.rules.schema import TermsRule
from blogmetad.rules.script import CJK, fits, is_cjk, key
from blogmetad.values import Language

_ATOM = re.compile(
    # A blank line is an atom of its own, so that no term is read across two paragraphs.
    rf"\n[^\S\n]*\n|[{CJK}]|\d+|[^\W\d_{CJK}]+(?:[+#]+(?![^\W_{CJK}]))?|[^\s\w\-\u2010-\u2015]"
)

_ATOMS = re.compile(f"({_ATOM.pattern})")

LONGEST = 60
"""Words, signs and Chinese characters of a term that is looked for in texts."""

Usage = Mapping[str, int]
"""Term as the site spells it -> number of posts that carry it."""


_REMEMBERED = 300_000
"""Characters up to which a text that was taken apart is remembered: each field of a draft looks for its terms in it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A text in its normal form, taken apart into atoms: words, numbers, CJK characters and signs, case folded, with
    their places, and the different ones there are."""

    text: str
    atoms: tuple[str, ...]
    starts: Sequence[int]
    ends: Sequence[int]
    distinct: frozenset[str]

    def in_one_word(self, at: int) -> bool:
        """Whether this atom and the next are pieces of one word ("mp", "3"): no term begins or ends between them."""
        joined = self.ends[at] == self.starts[at + 1]
        return joined and _is_word(self.atoms[at]) and _is_word(self.atoms[at + 1])


@dataclass(slots=True)
class _Node:
    """A step in the trie of spellings: the atoms that may follow, and the name of the spelling that ends here."""

    children: dict[str, _Node] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Canonical names, the rules' own first and then the site's, the most used first.

    ``counts`` is how many posts carry a name under any of its spellings; ``aliases`` are the rules' own.
    """

    names: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    _keys: Mapping[str, str] = field(repr=False)
    _spellings: _Node = field(repr=False)

    def canonical(self, term: str) -> str | None:
        """The name a term goes by here, None if unknown. Case, width, spaces and hyphens do not count."""
        return self._keys.get(key(term))

    def mentions(self, text: str) -> Mapping[str, Mapping[str, int]]:
        """Names that stand in ``text`` by name or alias -> the spellings found, in the order of the text, and how
        often.

        A Latin term has to stand as words of its own; a Chinese one is found anywhere.
        """
        found = _mentions(self._spellings, text)
        return {name: found[name] for name in self.names if name in found}


def mentions(names: Iterable[str], text: str) -> Mapping[str, Mapping[str, int]]:
    """``Vocabulary.mentions`` for terms of no vocabulary."""
    return _mentions(_trie(tuple((name, ()) for name in dict.fromkeys(names))), text)


def build(rule: TermsRule, usage: Usage, language: Language | None = None) -> Vocabulary:
    """The rule's list together with the terms the site uses, spelt as the rules or else most posts spell them.

    A rule that lists terms and forbids new ones is closed: the site's other terms stay out. So do terms that do
    not fit ``language`` (the rule's own, if none is given), unless they are an alias of one that does.
    """
    held_to = language or ("any" if rule.language == "body" else rule.language)
    return _built(rule, tuple(usage.items()), held_to)


@lru_cache(maxsize=4)  # planning and checking a draft need the same ones; on a large site each takes megabytes
def _built(rule: TermsRule, usage: tuple[tuple[str, int], ...], held_to: Language) -> Vocabulary:
    listed = {_spelt(term.name, rule.lower): term.aliases for term in rule.vocabulary}
    keys = {key(name): name for name in listed}
    for name, aliases in listed.items():
        for alias in aliases:
            keys.setdefault(key(alias), name)
    counts = dict.fromkeys(listed, 0)
    by_use = sorted(((_trimmed(term), n) for term, n in usage), key=lambda pair: (-pair[1], pair[0]))
    for term, count in by_use:
        known = key(term)
        if not known or count <= 0:
            continue
        if known not in keys:
            if rule.closed or not fits(term, held_to):
                continue
            keys[known] = _spelt(term, rule.lower)
        name = keys[known]
        counts[name] = counts.get(name, 0) + count
    found = sorted((n for n in counts if n not in listed), key=lambda n: (-counts[n], n))
    names = (*listed, *found)
    aliases_of = {name: listed.get(name, ()) for name in names}
    # In an order that no post changes by what it is tagged with.
    spelt = (*listed.items(), *((name, ()) for name in sorted(found)))
    return Vocabulary(
        names,
        MappingProxyType(aliases_of),
        MappingProxyType(counts),
        MappingProxyType(keys),
        _trie(spelt),
    )


def _spelt(name: str, lower: bool) -> str:
    return name.lower() if lower else name


def _trimmed(term: str) -> str:
    """A term without the commas that Jekyll leaves on it when it splits "book, mind" at white space."""
    return " ".join(unicodedata.normalize("NFC", term).split()).strip(" ,;，；、")


@lru_cache(maxsize=4)  # which terms there are changes seldom; on a large site each takes megabytes
def _trie(names: tuple[tuple[str, tuple[str, ...]], ...]) -> _Node:
    """The spellings of all names with their aliases, atom by atom. One longer than any term would keep a search busy
    for hours. Nobody may change it."""
    root = _Node()
    for name, others in names:
        for spelling in (name, *others):
            node = root
            for atom in _atoms(spelling):
                node = node.children.setdefault(atom, _Node())
            node.name = node.name or name
    root.name = None
    return root


def _mentions(spellings: _Node, text: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    first: dict[str, str] = {}
    if not spellings.children:
        return found
    read = _read_lately(text) if len(text) <= _REMEMBERED else _read(text)
    begun = read.distinct & spellings.children.keys()
    # Nearly all of a text is passed over: no term begins like that.
    for i in [i for i, atom in enumerate(read.atoms) if atom in begun] if begun else ():
        for end, name in _spelt_from(read, i, spellings):
            spelling = " ".join(read.text[read.starts[i] : read.ends[end - 1]].split())
            spelling = first.setdefault(spelling.casefold(), spelling)
            counts = found.setdefault(name, {})
            counts[spelling] = counts.get(spelling, 0) + 1
    return found


def _read(text: str) -> _Read:
    text = unicodedata.normalize("NFKC", text)
    # What lies between atoms and the atoms in turn, so that all the counting is done by the library.
    pieces = _ATOMS.split(text)
    bounds = array("L", accumulate(map(len, pieces)))
    atoms = tuple(map(intern, map(str.casefold, pieces[1::2])))
    return _Read(text, atoms, bounds[0:-1:2], bounds[1::2], frozenset(atoms))


_read_lately = lru_cache(maxsize=8)(_read)


@lru_cache(maxsize=16_384)  # a site has hundreds of terms, and every post of it changes how often they are used
def _atoms(spelling: str) -> tuple[str, ...]:
    """The words, numbers, CJK characters and signs of a spelling, case folded; none where they are too many."""
    found = [
        atom[0].casefold() for atom in islice(_ATOM.finditer(unicodedata.normalize("NFKC", spelling)), LONGEST + 1)
    ]
    return tuple(found) if len(found) <= LONGEST else ()


def _spelt_from(read: _Read, start: int, node: _Node) -> Iterator[tuple[int, str]]:
    """Where the spellings that begin at ``start`` end (behind their last atom), and their names."""
    if start and read.in_one_word(start - 1):
        return
    for end in range(start + 1, len(read.atoms) + 1):
        child = node.children.get(read.atoms[end - 1])
        if child is None:
            return
        node = child
        if node.name and not (end < len(read.atoms) and read.in_one_word(end - 1)):
            yield end, node.name


def _is_word(atom: str) -> bool:
    return atom[0].isalnum() and not is_cjk(atom[0])
