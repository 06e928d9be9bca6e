"""What the model is asked for: the fields the rules want and the author left out. Pure."""

from __future__ import annotations

from blogmetad.matter import SINGULAR
from blogmetad.rules.document import Rules
from blogmetad.rules.features import features_of
from blogmetad.rules.names import names
from blogmetad.rules.naming import author_slug, is_telling
from blogmetad.rules.quoting import opening
from blogmetad.rules.ranking import shortlist
from blogmetad.rules.schema import FieldRule, RuleLanguage, TermsRule, TextRule
from blogmetad.rules.script import key
from blogmetad.rules.signs import signs
from blogmetad.rules.vocabulary import build
from blogmetad.values import Ask, Candidate, Draft, Language, Neighbours

SLUG = Ask(
    "slug", "text", "English title", "en", low=10, high=80, hint="what the post is about, in three to seven words"
)


def plan(rules: Rules, draft: Draft, near: Neighbours) -> tuple[Ask, ...]:
    """An Ask for each text or terms field the author did not write, in the order of the rules.

    ``near`` is what the site knows that may help. A key the author wrote and left empty is a choice and not asked for.
    An English title for the URL is asked for where the post's own title will not give one.
    """
    text, body = draft.text, features_of(draft).language
    asks: list[Ask] = []
    for name, rule in rules.fields.items():
        if not wrote(draft, name):
            if isinstance(rule, TextRule):
                if not quote(rule, text, body):
                    asks.append(_text(name, rule, body))
            elif isinstance(rule, TermsRule):
                asks.append(_terms(name, rule, text, near, body))
        if name == "title" and _needs_slug(rule, draft, body):
            asks.append(SLUG)
    return tuple(asks)


def guidance(rules: Rules) -> str:
    """What the model reads before every post: the rules' prose, and posts that show how the blog sounds."""
    about = next((n for n, rule in rules.fields.items() if isinstance(rule, TextRule) and rule.sentences), None)
    shown = [rules.guidance]
    if rules.examples:
        shown.append("Other posts of this blog:")
    for example in rules.examples:
        lines = [f"{_labelled('title', rules)}: {example.title}"]
        if about and example.description:
            lines.append(f"{_labelled(about, rules)}: {example.description}")
        shown.append("\n".join(lines))
    return "\n\n".join(part for part in shown if part)


def _labelled(name: str, rules: Rules) -> str:
    rule = rules.fields[name]
    assert isinstance(rule, TextRule)
    return label(name, rule)


def known(rules: Rules, draft: Draft) -> tuple[tuple[str, str], ...]:
    """Label and value of the text fields the author did write, for the model to read."""
    return tuple(
        (label(name, rule), " ".join(value.split()))
        for name, rule in rules.fields.items()
        if isinstance(rule, TextRule) and isinstance(value := draft.fields.get(name), str) and value.strip()
    )


def wrote(draft: Draft, field: str) -> bool:
    """Whether the author decided on a field, be it by leaving its value empty or by telling us to leave it alone."""
    return field in draft.fields or SINGULAR.get(field) in draft.fields or field in draft.directives.leave


def label(name: str, rule: TextRule | TermsRule) -> str:
    """What stands in front of a field's value when the model writes it."""
    return rule.label or name.replace("_", " ").capitalize()


def resolve(language: RuleLanguage, body: Language) -> Language:
    """A rule's language for a body in ``body``."""
    return body if language == "body" else language


def quote(rule: TextRule, text: str, body: Language) -> str:
    """The post's own first sentences, where the rule wants them and their language; else empty."""
    if not rule.quoted or resolve(rule.language, body) not in (body, "any"):
        return ""
    return opening(text, rule)


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


def _terms(name: str, rule: TermsRule, text: str, near: Neighbours, body: Language) -> Ask:
    language = resolve(rule.language, body)
    vocabulary = build(rule, near.usage.get(name, {}), language)
    ranked = shortlist(signs(name, vocabulary, text, near), rule.weights, frozenset(map(key, rule.rejected)))
    candidates = [Candidate(each.signs.name, each.odds) for each in ranked]
    if rule.new != "forbid" and body == "zh":
        # Names are what such a post is tagged with; English text has too many words that only look like names.
        candidates += [Candidate(found) for found in names(text) if vocabulary.canonical(found) is None]
    return Ask(
        name,
        "terms",
        label(name, rule),
        language,
        rule.min,
        rule.max,
        candidates=tuple(candidates),
        new=rule.new != "forbid",
        lower=rule.lower,
        usual=rule.usual,
        hint=rule.hint,
    )
