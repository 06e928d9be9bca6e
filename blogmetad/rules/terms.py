"""Terms held against their rule: which may stand in a field, how new ones are spelt, which wait for a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from blogmetad.rules.clean import clean
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.script import fits, key
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.rules.wording import LANGUAGE_NAMES
from blogmetad.values import Choice, Language, Opinion

_LOWERABLE = re.compile(r"\b[A-Z][a-z]+\b")

LONGEST, MOST_WORDS = 40, 5
"""Characters and words of a new term; what is longer is an explanation."""

_STOP_WORDS = frozenset(
    re.findall(r"\S+", "a an and are as at be by for from how in is it of on or the this to what why with")
    + re.findall(r"\S+", "的 了 和 与 在 是 以及 关于 这 我们 一个")
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Names as they are written, the likeliest first; ``queued`` wait for a person; ``invented`` are those names that
    are new.

    ``changes`` has a sentence for everything done to the choices, ``evidence`` why each name is there.
    """

    names: tuple[str, ...]
    queued: tuple[str, ...]
    invented: tuple[str, ...]
    changes: tuple[str, ...]
    evidence: tuple[str, ...]


def cleaned(opinions: Iterable[Opinion]) -> tuple[Opinion, ...]:
    """What the model said of terms, without what it wraps around them."""
    return tuple(replace(o, name=clean(o.name).lstrip("#").strip(" ,;，；、。.")) for o in opinions)


def settle(choices: Sequence[Choice], vocabulary: Vocabulary, rule: TermsRule) -> Chosen:
    """The terms to use, each of which ``refusal`` has nothing against. New ones are spelt in the style of the others,
    and wait for a person where the rule wants that."""
    kept: dict[str, Choice] = {}
    queued: list[str] = []
    changes: list[str] = []
    for choice in choices:
        name = in_style(choice.name, vocabulary, rule) if choice.new else choice.name
        if choice.new and rule.new == "queue":
            changes.append(f"'{name}' is new and waits for a person to decide.")
            queued.append(name)
            continue
        if name != choice.name:
            changes.append(f"'{choice.name}' is written '{name}'.")
        kept[name] = choice
    if 0 < len(kept) < rule.min:
        changes.append(f"The rules ask for {rule.min} terms or more; {len(kept)} could be used.")
    return Chosen(
        names=tuple(kept),
        queued=tuple(queued),
        invented=tuple(name for name, choice in kept.items() if choice.new),
        changes=tuple(changes),
        evidence=tuple(f"{name}: {', '.join(choice.evidence)}" for name, choice in kept.items() if choice.evidence),
    )


def undecided(queued: Mapping[str, int], vocabulary: Vocabulary, rule: TermsRule) -> dict[str, int]:
    """The queued terms that still wait, the most wanted first: not in the vocabulary by now, nor rejected.

    ``queued`` and the result have how many posts asked for each. The spellings of one term are counted together.
    """
    rejected = {key(term) for term in rule.rejected}
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for term, count in sorted(queued.items(), key=lambda pair: (-pair[1], pair[0])):
        if vocabulary.canonical(term) is None and key(term) not in rejected:
            name = names.setdefault(key(term), term)
            counts[name] = counts.get(name, 0) + count
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def refusal(name: str, vocabulary: Vocabulary, rule: TermsRule, language: Language) -> str | None:
    """Why a term may not stand in the field at all, in the words that follow a colon; None if it may."""
    canonical = vocabulary.canonical(name)
    if {key(name), key(canonical or name)} & {key(term) for term in rule.rejected}:
        return "the rules reject it"
    if canonical is not None:
        return None
    return "the rules allow no new terms" if rule.new == "forbid" else _refusal(name, language)


def in_style(term: str, vocabulary: Vocabulary, rule: TermsRule) -> str:
    """A new term spelt as the vocabulary spells most: words joined by hyphens or spaces, lower case or not.

    An abbreviation (``SVM``) and a name with a capital inside (``GraphQL``) keep theirs, unless all terms are
    lower-case.
    """
    joined = sum("-" in name for name in vocabulary.names)
    spaced = sum(" " in name for name in vocabulary.names)
    if rule.form == "words" or joined > spaced:
        term = term.replace(" ", "-")
    if rule.lower:
        return term.lower()
    latin = [name for name in vocabulary.names if name[:1].isascii() and name[:1].isalpha() and name.upper() != name]
    if latin and sum(name == name.lower() for name in latin) > len(latin) / 2:
        return _LOWERABLE.sub(lambda word: word.group().lower(), term)
    return term


def _refusal(term: str, language: Language) -> str | None:
    """Why a term cannot be a new one, in the words that follow a colon; None if it can."""
    if not any(c.isalpha() for c in term):
        return "it has no letters"
    if len(term) > LONGEST or len(term.split()) > MOST_WORDS:
        return f"it is longer than {LONGEST} characters or {MOST_WORDS} words"
    if re.search("[,，;；、]", term):
        return "it is several terms in one"
    if term.casefold() in _STOP_WORDS:
        return "it says nothing by itself"
    if not fits(term, language):
        return f"it is not in {LANGUAGE_NAMES.get(language, language)}"
    return None
