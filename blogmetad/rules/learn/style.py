"""How the blog sounds: a few of its own titles and descriptions, and what they have in common, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from blogmetad.matter import DESCRIPTIONS
from blogmetad.prose import agreement, words
from blogmetad.rules.learn.sample import RECENT, Sample, line_of
from blogmetad.rules.schema import Example, FieldRule, RuleLanguage, TermsRule, TextRule
from blogmetad.rules.script import is_in

EXAMPLES = 3

ALIKE = 0.3
"""F1 of the words that two descriptions share on average, from which on they are of one make ("An introduction to
..."). Only then are examples of use: else a small model copies what they say instead of how they say it."""

_COMPARED = 40

_LANGUAGES: Mapping[RuleLanguage, str] = {
    "en": "English",
    "zh": "Chinese",
    "body": "the language of the post",
    "any": "",
}


def described_by(rules: Mapping[str, FieldRule]) -> str | None:
    """The field that says what a post is about, if the model is to write one."""
    return next((name for name in DESCRIPTIONS if isinstance(rules.get(name), TextRule)), None)


def examples(samples: Sequence[Sample], rules: Mapping[str, FieldRule]) -> tuple[Example, ...]:
    """A few recent posts whose title and description keep to the rules and are about as long as most; none where
    descriptions are not alike."""
    title, field = rules["title"], described_by(rules)
    about = rules.get(field) if field else None
    assert isinstance(title, TextRule)
    if not field or likeness([line for s in samples if (line := line_of(s.filled.get(field)))]) < ALIKE:
        return ()
    ranked: list[tuple[float, Example]] = []
    recent = sorted(samples, key=lambda s: (s.post.date, s.post.path), reverse=True)[: 2 * RECENT]
    for age, s in enumerate(recent):
        heading, description = line_of(s.filled.get("title")), line_of(s.filled.get(field or ""))
        if not heading or (about is not None and not description):
            continue
        cost = _distance(heading, title, s) + age / len(recent)
        if isinstance(about, TextRule) and description:
            cost += _distance(description, about, s)
        ranked.append((cost, Example(title=heading, description=description or "")))
    best = sorted(ranked, key=lambda pair: pair[0])
    return tuple(dict.fromkeys(example for cost, example in best if cost < _UNFIT))[:EXAMPLES]


def likeness(lines: Sequence[str]) -> float:
    """How much of their words two of the newest lines share on average, from 0 to 1."""
    bags = [Counter(words(line)) for line in lines[-_COMPARED:]]
    shared = [agreement(one, other) for one, other in combinations(bags, 2)]
    return sum(shared) / len(shared) if shared else 0.0


_UNFIT = 100.0


def _distance(text: str, rule: TextRule, sample: Sample) -> float:
    """How far a text is from the usual length; beyond all others where it breaks its rule, or holds markup."""
    language = sample.body.language if rule.language == "body" else rule.language
    fits = rule.min_length <= len(text) <= rule.max_length and is_in(text, language)
    if not fits or any(mark in text for mark in ("{", "<", "\\", "](", "http")):
        return _UNFIT
    usual = rule.usual_length or len(text)
    return abs(len(text) - usual) / usual


def prose(rules: Mapping[str, FieldRule], samples: Sequence[Sample]) -> str:
    """Some sentences for the model, concrete and in English."""
    title, field = rules["title"], described_by(rules)
    about = rules.get(field) if field else None
    assert isinstance(title, TextRule)
    sentences = [_of_bodies(samples), _of_languages(rules)]
    sentences.append(f"A title{_usually(title)} names what the post is about and has no full stop.")
    if isinstance(about, TextRule) and field:
        end = "in whole sentences" if about.sentences else "in a line without a full stop"
        noun = field.capitalize()
        article = "An" if noun[0] in "AEIOU" else "A"
        sentences.append(f"{article} {field}{_usually(about)} says {end} what a reader finds, not what the title said.")
    tags = rules.get("tags")
    if isinstance(tags, TermsRule):
        whose = ", in the words of the blog's other posts" if tags.vocabulary else ", from the narrow to the broad"
        sentences.append(f"Tags are what a reader would look for{whose}.")
    sentences.append("Claim nothing that the post does not say.")
    return " ".join(sentence for sentence in sentences if sentence)


def _of_bodies(samples: Sequence[Sample]) -> str:
    known = [s.body.language for s in samples if s.body.language != "any"]
    if not known:
        return ""
    chinese = known.count("zh") / len(known)
    if chinese in (0.0, 1.0):
        return f"The posts are {'Chinese' if chinese else 'English'}."
    more, less = ("Chinese", "English") if chinese >= 0.5 else ("English", "Chinese")
    share = "some" if min(chinese, 1 - chinese) >= 0.1 else "a few"
    return f"Most posts are {more}, {share} {less}."


def _of_languages(rules: Mapping[str, FieldRule]) -> str:
    """Which fields are in which language, where that is not plainly the body's."""
    spoken: dict[RuleLanguage, list[str]] = {}
    for name, rule in rules.items():
        if isinstance(rule, TextRule | TermsRule) and rule.language != "any":
            spoken.setdefault(rule.language, []).append(name)
    parts = [f"{_listed(names)} in {_LANGUAGES[language]}" for language, names in spoken.items()]
    return f"Write {', '.join(parts)}." if parts else ""


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _usually(rule: TextRule) -> str:
    return f" of about {_rounded(rule.usual_length)} characters" if rule.usual_length else ""


def _rounded(length: int) -> int:
    step = 10 if length >= 50 else 5 if length >= 20 else 1
    return round(length / step) * step
