"""What the model is asked for: the fields the rules want and the author left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from blogmetad.rules.document import Rules
from blogmetad.rules.features import features
from blogmetad.rules.names import names
from blogmetad.rules.naming import author_slug, is_telling
from blogmetad.rules.schema import FieldRule, RuleLanguage, TermsRule, TextRule
from blogmetad.rules.vocabulary import Usage, Vocabulary, build
from blogmetad.values import Ask, Candidate, Draft, Language

MENTION = 2.0
"""Nats for a term that stands in the text."""

NAME = 0.5
"""Nats for each e-fold of times a name that is no vocabulary term yet stands in the text."""

USE = 0.3
"""Nats for each e-fold of posts that carry a term."""

ABSENT = 2.0
"""Nats against a term the text never names: that other posts carry it says nothing about this one, so the model has to
be sure. Only where there is a lane for new terms; a closed list is for choosing from, named in the text or not."""

SLUG = Ask(
    "slug", "text", "English title", "en", low=10, high=80, hint="what the post is about, in three to seven words"
)

SINGULAR = {"tags": "tag", "categories": "category"}
"""Jekyll reads these keys as well, and adds them up: an author who wrote one has decided."""


def plan(rules: Rules, draft: Draft, usage: Mapping[str, Usage]) -> tuple[Ask, ...]:
    """An Ask for each text or terms field the author did not write, in the order of the rules.

    ``usage`` has, by field, the terms on the site and how many posts carry them. A key the author wrote and left
    empty is a choice and not asked for. An English title for the URL is asked for where the post's own title will
    not give one.
    """
    text = draft.text
    body = features(text).language
    asks: list[Ask] = []
    for name, rule in rules.fields.items():
        if not wrote(draft, name):
            if isinstance(rule, TextRule):
                asks.append(_text(name, rule, body))
            elif isinstance(rule, TermsRule):
                asks.append(_terms(name, rule, text, usage.get(name, {}), resolve(rule.language, body)))
        if name == "title" and _needs_slug(rule, draft, body):
            asks.append(SLUG)
    return tuple(asks)


def known(rules: Rules, draft: Draft) -> tuple[tuple[str, str], ...]:
    """Label and value of the text fields the author did write, for the model to read."""
    return tuple(
        (label(name, rule), " ".join(value.split()))
        for name, rule in rules.fields.items()
        if isinstance(rule, TextRule) and isinstance(value := draft.fields.get(name), str) and value.strip()
    )


def wrote(draft: Draft, field: str) -> bool:
    """Whether the author decided on a field, be it by leaving its value empty."""
    return field in draft.fields or SINGULAR.get(field) in draft.fields


def label(name: str, rule: TextRule | TermsRule) -> str:
    """What stands in front of a field's value when the model writes it."""
    return rule.label or name.replace("_", " ").capitalize()


def resolve(language: RuleLanguage, body: Language) -> Language:
    """A rule's language for a body in ``body``."""
    return body if language == "body" else language


def _needs_slug(rule: FieldRule, draft: Draft, body: Language) -> bool:
    if author_slug(draft):
        return False
    if "title" in draft.fields:
        return not is_telling(str(draft.fields["title"] or ""))
    return isinstance(rule, TextRule) and resolve(rule.language, body) != "en"


def _text(name: str, rule: TextRule, body: Language) -> Ask:
    language = resolve(rule.language, body)
    return Ask(
        name,
        "text",
        label(name, rule),
        language,
        rule.min_length,
        rule.max_length,
        sentences=rule.sentences,
        usual=rule.usual_length,
        hint=rule.hint,
    )


def _terms(name: str, rule: TermsRule, text: str, usage: Usage, language: Language) -> Ask:
    vocabulary = build(rule, usage, language)
    candidates = _candidates(vocabulary, text, ABSENT if rule.new != "forbid" else 0.0)
    if rule.new != "forbid" and language == "en":
        candidates += _named(vocabulary, text, rule.lower)
    return Ask(
        name,
        "terms",
        label(name, rule),
        language,
        rule.min,
        rule.max,
        candidates=candidates,
        new=rule.new != "forbid",
        lower=rule.lower,
        usual=rule.usual,
        hint=rule.hint,
    )


def _candidates(vocabulary: Vocabulary, text: str, absent: float) -> tuple[Candidate, ...]:
    """Every name with what speaks for it before the model has read a word."""
    mentions = vocabulary.mentions(text)
    found: list[Candidate] = []
    for name in vocabulary.names:
        prior = 0.0 if name in mentions else -absent
        evidence: list[str] = []
        if name in mentions:
            prior += MENTION
            spellings = " and ".join(f"'{spelling}'" for spelling in mentions[name][:3])
            evidence.append(f"written in the text as {spellings}")
        count = vocabulary.counts[name]
        if count:
            prior += USE * math.log1p(count)
            evidence.append(f"used in {count} post{'s' if count > 1 else ''}")
        found.append(Candidate(name, prior, tuple(evidence)))
    return tuple(found)


def _named(vocabulary: Vocabulary, text: str, lower: bool) -> tuple[Candidate, ...]:
    """Names of the text the vocabulary does not know: new terms, but not invented ones."""
    found = {name.lower() if lower else name: count for name, count in names(text).items()}
    return tuple(
        Candidate(name, NAME * math.log(count), (f"stands in the text {count} times",))
        for name, count in found.items()
        if vocabulary.canonical(name) is None
    )
