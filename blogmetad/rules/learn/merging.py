"""One name for each term: spellings merged, and words of the other language made aliases of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from blogmetad.rules.learn.findings import Deviation, LearnedTerm
from blogmetad.rules.learn.sample import count
from blogmetad.rules.learn.termlists import TermList
from blogmetad.rules.schema import RuleLanguage
from blogmetad.rules.script import fits, has_han, key
from blogmetad.values import Language

LONGEST, MOST = 60, 2000
"""Characters of a term, and terms of a vocabulary: what is longer is a sentence, and more than that nobody reviews."""

MOST_ALIASES = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """An English and a Chinese word for one thing; ``origin`` says where that was found, if in the posts."""

    english: str
    chinese: str
    origin: str = ""


@dataclass(slots=True)
class _Entry:
    """A term while it is being merged: how often it is spelt in which way, and the posts that carry it."""

    spellings: Counter[str] = field(default_factory=Counter)
    paths: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The spelling most posts use; of two that are used alike, the one that comes first."""
        return min(self.spellings, key=lambda spelling: (-self.spellings[spelling], spelling))

    @property
    def posts(self) -> set[str]:
        """The posts that carry the term under any spelling."""
        return {path for paths in self.paths.values() for path in paths}


@dataclass(frozen=True, slots=True)
class Merged:
    """A vocabulary, the most used term first; other spellings with the posts that write them; what was left out."""

    terms: tuple[LearnedTerm, ...]
    variants: Mapping[str, tuple[str, ...]]
    foreign: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]

    def deviations(self, name: str) -> tuple[Deviation, ...]:
        """A Deviation for spellings that were merged, and one for terms in the wrong language."""
        found = []
        for said, posts in (("another spelling", self.variants), ("a word of another language", self.foreign)):
            if posts:
                shown = ", ".join(list(posts)[:10])
                paths = tuple(dict.fromkeys(path for each in posts.values() for path in each))
                found.append(Deviation(f"'{name}' has {said} than the vocabulary ({shown}).", paths))
        return tuple(found)


def merge(lists: Sequence[TermList], language: RuleLanguage, lower: bool, pairs: Sequence[Pair]) -> Merged:
    """The vocabulary of a field. A term that does not fit its language becomes an alias of one that does, if a
    pair says which, and is left out if not."""
    held_to: Language = "any" if language == "body" else language
    entries = _entries(lists)
    foreign = _joined(entries, held_to, pairs)
    kept = {k: entry for k, entry in entries.items() if _is_term(entry.name, held_to)}
    ranked = sorted(kept.items(), key=lambda item: (-len(item[1].posts), item[1].name.casefold()))[:MOST]
    terms = _with_aliases(dict(ranked), lower)
    variants = {
        spelling: tuple(entry.paths[spelling])
        for _, entry in ranked
        for spelling in entry.spellings
        if spelling != entry.name and not (lower and spelling.lower() == entry.name.lower()) and fits(spelling, held_to)
    }
    common = any(not kept[key(term.name)].aliases[alias] for term in terms for alias in term.aliases)
    left_out = [entry.name for k, entry in entries.items() if k not in kept]
    return Merged(terms, variants, foreign, _remarks(left_out, len(kept), common))


def _remarks(left_out: Sequence[str], kept: int, common: bool) -> tuple[str, ...]:
    found = ["aliases without a comment are from blogmetad's own list of common words"] if common else []
    if left_out:
        shown = ", ".join(name[:LONGEST] for name in left_out[:10])
        found.append(f"{len(left_out)} terms in another language, or too long, are left out of the vocabulary: {shown}")
    if kept > MOST:
        found.append(f"the {MOST} most used of {kept} terms are listed; posts may use the others all the same")
    return tuple(found)


def _is_term(name: str, language: Language) -> bool:
    """Whether a name can stand in a vocabulary; lower case can be longer, and in other letters."""
    return all(fits(each, language) and 0 < len(each) <= LONGEST for each in (name, name.lower()))


def _entries(lists: Iterable[TermList]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for each in lists:
        for term in each.terms:
            if key(term):
                entry = entries.setdefault(key(term), _Entry())
                entry.spellings[term] += 1
                entry.paths.setdefault(term, []).append(each.sample.post.path)
    return entries


def _joined(entries: dict[str, _Entry], held_to: Language, pairs: Sequence[Pair]) -> dict[str, tuple[str, ...]]:
    """Join the words of both languages for one thing in ``entries``; yields those that gave way, with their posts.

    In an English list the English word stays, in a Chinese one the Chinese, in a mixed one the word more posts use.
    """
    foreign: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        english, chinese = entries.get(key(pair.english)), entries.get(key(pair.chinese))
        if english is None and chinese is not None and held_to == "en":
            english = entries[key(pair.english)] = _Entry(Counter({pair.english: 0}))
        if english is None:
            continue
        if held_to == "en":
            english.aliases.setdefault(pair.chinese, pair.origin)
        if chinese is None or chinese is english or not has_han(chinese.name):
            continue
        if held_to != "en" and chinese.posts & english.posts:
            # Where one post carries both, they are no two words for one thing to its author.
            continue
        stays, goes = english, chinese
        if held_to == "zh" or (held_to == "any" and len(chinese.posts) > len(english.posts)):
            stays, goes = chinese, english
        name = goes.name
        foreign[name] = tuple(sorted(goes.posts))
        stays.aliases[name] = f"in {count(len(goes.posts))}"
        stays.paths.update(goes.paths)
        del entries[key(name)]
    return foreign


def _with_aliases(entries: Mapping[str, _Entry], lower: bool) -> tuple[LearnedTerm, ...]:
    """The terms with their aliases, none of which stands for two of them."""
    owners = set(entries)
    terms = []
    for entry in entries.values():
        name = entry.name.lower() if lower else entry.name
        aliases: list[str] = []
        for alias in entry.aliases:
            if key(alias) and key(alias) not in owners and len(aliases) < MOST_ALIASES:
                owners.add(key(alias))
                aliases.append(alias)
        terms.append(LearnedTerm(name, len(entry.posts), tuple(aliases), _note(entry, name, aliases)))
    return tuple(terms)


def _note(entry: _Entry, name: str, aliases: Sequence[str]) -> str:
    others = [f"{spelling} ({number})" for spelling, number in entry.spellings.most_common() if spelling != name]
    parts = [f"also written {', '.join(others[:4])}"] if others else []
    parts += [f"{alias}: {entry.aliases[alias]}" for alias in aliases if entry.aliases[alias]]
    return "; ".join(parts)
