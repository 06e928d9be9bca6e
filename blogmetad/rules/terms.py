"""The terms the model chose, held against their rule: canonical names, no doubles, no more than wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blogmetad.rules.clean import clean
from blogmetad.rules.schema import TermsRule
from blogmetad.rules.script import fits, key
from blogmetad.rules.vocabulary import Vocabulary
from blogmetad.rules.wording import LANGUAGE_NAMES
from blogmetad.values import Choice, Language

LONGEST, MOST_WORDS = 40, 5
"""Characters and words of a new term; what is longer is an explanation."""

_STOP_WORDS = frozenset(
    re.findall(r"\S+", "a an and are as at be by for from how in is it of on or the this to what why with")
    + re.findall(r"\S+", "的 了 和 与 在 是 以及 关于 这 我们 一个")
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Names in the order of the proposal; ``queued`` wait for a person; ``invented`` are those names that are new.

    ``changes`` has a sentence for everything done to the proposal, ``evidence`` why each name is there.
    """

    names: tuple[str, ...]
    queued: tuple[str, ...]
    invented: tuple[str, ...]
    changes: tuple[str, ...]
    evidence: tuple[str, ...]


def settle(choices: Sequence[Choice], vocabulary: Vocabulary, rule: TermsRule, language: Language) -> Chosen:
    """The terms to use. A known one gets its canonical name; for others the rule's lane for new terms decides."""
    rejected = {key(term) for term in rule.rejected}
    kept: dict[str, tuple[str, Choice]] = {}
    new: dict[str, str] = {}
    queued: dict[str, str] = {}
    changes: list[str] = []
    for choice in choices:
        term = clean(choice.name).lstrip("#").strip(" ,;，；、。.")
        name = vocabulary.canonical(term)
        if {key(term), key(name or term)} & rejected:
            changes.append(f"'{term}' was left out: the rules reject it.")
            continue
        if name is None:
            refusal = _refusal(term, language)
            if refusal or rule.new == "forbid":
                changes.append(f"'{term}' was left out: {refusal or 'the rules allow no new terms'}.")
                continue
            name = term.lower() if rule.lower else term
            if rule.new == "queue":
                if key(name) not in queued:
                    changes.append(f"'{name}' is new and waits for a person to decide.")
                queued.setdefault(key(name), name)
                continue
            new.setdefault(key(name), name)
        if key(name) in kept:
            changes.append(f"'{term}' came twice, as another spelling of '{kept[key(name)][0]}' or the same.")
            continue
        if name != choice.name:
            changes.append(f"'{choice.name}' is written '{name}'.")
        kept[key(name)] = (name, choice)
    chosen = list(kept.values())[: rule.max]
    dropped = [name for name, _ in list(kept.values())[rule.max :]]
    if dropped:
        changes.append(f"Only {rule.max} terms are allowed; left out: {', '.join(dropped)}.")
    if 0 < len(chosen) < rule.min:
        changes.append(f"The rules ask for {rule.min} terms or more; {len(chosen)} could be used.")
    names = tuple(name for name, _ in chosen)
    return Chosen(
        names=names,
        queued=tuple(queued.values()),
        invented=tuple(name for name in new.values() if name in names),
        changes=tuple(changes),
        evidence=tuple(f"{name}: {', '.join(choice.evidence)}" for name, choice in chosen if choice.evidence),
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
