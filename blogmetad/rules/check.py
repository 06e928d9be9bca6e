"""The check: the model's proposal and the author's fields in, a post's metadata or every problem out. Pure.

For each field the first of these that there is decides: the author, a constant of the rules, what can be computed,
the vocabulary, the model's own words.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from blogmetad import matter
from blogmetad.rules import terms, wording
from blogmetad.rules.clean import clean
from blogmetad.rules.document import Rules
from blogmetad.rules.features import Features, features_of
from blogmetad.rules.grounds import grounds
from blogmetad.rules.naming import PostDate, filename, local_to, post_date, post_slug
from blogmetad.rules.plan import quote, resolve, wrote
from blogmetad.rules.ranking import choose, rank
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule, TermsRule, TextRule, When
from blogmetad.rules.signs import signs, usual
from blogmetad.rules.vocabulary import build
from blogmetad.values import Decision, Draft, Metadata, Neighbours, Problem, Proposal, YamlValue

_LANGUAGES = {"en": "English", "zh": "Chinese", "body": "in the language of the post", "any": ""}

BY_HAND = "Write '{field}' in the draft's front matter yourself; it is used as it stands."
"""What the author of a draft can do about a field that does not come about."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What a field is decided on. ``title`` is the post's, once that is known."""

    proposal: Proposal
    draft: Draft
    rules: Rules
    near: Neighbours
    body: Features
    date: PostDate | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What came of one field: nothing at all, if it may be left out and is."""

    decision: Decision | None = None
    problem: Problem | None = None
    queued: tuple[str, ...] = ()


def check_body(draft: Draft, rules: Rules) -> tuple[Problem, ...]:
    """Whether there is enough text to say something about; asked before the model is."""
    count, limit = features_of(draft).words, rules.min_body.words
    if count >= limit:
        return ()
    message = (
        f"The draft has {count} {'word' if count == 1 else 'words'} (without code; a Chinese character counts as "
        f"one), and the rules ({rules.title}) ask for at least {limit}. "
        "Write more, or lower min_body.words in the rules."
    )
    return (Problem("draft.short", message),)


def check(
    proposal: Proposal,
    draft: Draft,
    rules: Rules,
    near: Neighbours,
    *,
    arrived: dt.datetime,
) -> Metadata | tuple[Problem, ...]:
    """The metadata of the post, a decision for every field of it; or all the problems that keep it from having any.

    ``near`` is what the site knows that may help. ``arrived``, in the time zone of the site, dates a
    draft that says nothing of its date; ValueError if it has no time zone.
    """
    if arrived.tzinfo is None:
        raise ValueError("the time of arrival has no time zone")
    date = post_date(draft, local_to(rules, arrived))
    problems = [date] if isinstance(date, Problem) else []
    dated = None if isinstance(date, Problem) else date
    body = features_of(draft)
    title = _title(_Case(proposal, draft, rules, near, body, dated))
    case = _Case(proposal, draft, rules, near, body, dated, title)
    findings = {name: _find(case, name, rule) for name, rule in rules.fields.items()}
    problems += [found.problem for found in findings.values() if found.problem]
    if problems or dated is None:
        return tuple(problems)
    slug = post_slug(draft, (title, clean(proposal.texts.get("slug", ""))), rules.slug)
    decisions = [found.decision for found in findings.values() if found.decision]
    return Metadata(
        decisions=(*decisions, *(_authors(case, name) for name in draft.fields if name not in rules.fields)),
        date=dated.moment,
        slug=slug,
        filename=filename(rules.filename, dated.moment, slug),
        queued=tuple((name, term) for name, found in findings.items() for term in found.queued),
    )


def refused(proposal: Proposal, draft: Draft, rules: Rules) -> tuple[Problem, ...]:
    """The proposed texts that cannot be used, whether the rules need them or not: worth asking for once more."""
    language = features_of(draft).language
    title = str(draft.fields.get("title") or "")
    problems: list[Problem] = []
    for name, proposed in proposal.texts.items():
        rule = rules.fields.get(name)
        if isinstance(rule, TextRule):
            worded = wording.settle(
                proposed, name, rule, resolve(rule.language, language), title, _examples(rules, name)
            )
            if isinstance(worded.text, wording.Refusal):
                problems.append(Problem(f"{name}.{worded.text.kind}", worded.text.reason, name))
            elif name == "title":
                title = worded.text
    return tuple(problems)


def cite(rules: Rules, name: str) -> str:
    """The rule of a field in a few words, with the document it stands in."""
    rule = rules.fields.get(name)
    words = "no rule, kept as the author wrote it" if rule is None else _described(rule)
    return f"{name}: {words} (rules: {rules.title})"


def _described(rule: FieldRule) -> str:
    if isinstance(rule, ConstantRule):
        return f"written {_condition(rule.when)}" if rule.when else "the same in every post"
    if isinstance(rule, AuthorRule):
        return "left to the author"
    if isinstance(rule, DateRule):
        where = "" if rule.written else ", in the file's name only"
        return f"a day{' with the time and its offset' if rule.time else ''}{where}"
    if isinstance(rule, TextRule):
        parts = [f"{rule.min_length} to {rule.max_length} characters", _LANGUAGES[rule.language]]
        parts += ["the post's own first sentences"] if rule.quoted else []
    else:
        count = f"{rule.min} to {rule.max} terms" if rule.min < rule.max else f"{rule.max} term{'s'[: rule.max > 1]}"
        new = {"forbid": "no new ones", "queue": "new ones queued", "allow": ""}[rule.new]
        parts = [count, _LANGUAGES[rule.language], "lower case" if rule.lower else "", new]
    return ", ".join(part for part in parts if part)


def _condition(when: When) -> str:
    if when.headings is not None:
        return f"from {when.headings} headings on"
    if when.language is not None:
        return f"in {_LANGUAGES[when.language]} posts"
    return f"where there is a {when.fence} block" if when.fence is not None else "where there is math"


def _find(case: _Case, name: str, rule: FieldRule) -> _Finding:
    if name in case.draft.fields:
        return _Finding(_authors(case, name))
    if isinstance(rule, AuthorRule) or wrote(case.draft, name):
        return _Finding()
    if isinstance(rule, ConstantRule):
        return _constant(case, name, rule)
    if isinstance(rule, DateRule):
        return _date(case, name, rule)
    return _text(case, name, rule) if isinstance(rule, TextRule) else _terms(case, name, rule)


def _authors(case: _Case, name: str) -> Decision:
    return Decision(name, case.draft.fields[name], "author", cite(case.rules, name))


def _constant(case: _Case, name: str, rule: ConstantRule) -> _Finding:
    if rule.when is None:
        return _Finding(Decision(name, rule.value, "constant", cite(case.rules, name)))
    evidence = seen(rule.when, case.body)
    if evidence is None:
        return _Finding()
    return _Finding(Decision(name, rule.value, "computed", cite(case.rules, name), evidence=(evidence,)))


def seen(when: When, body: Features) -> str | None:
    """What in the body meets a condition; None if nothing does."""
    if when.headings is not None:
        return f"the post has {body.headings} headings" if body.headings >= when.headings else None
    if when.fence is not None:
        return f"the post has a {when.fence} block" if when.fence.lower() in body.fences else None
    if when.language is not None:
        return f"the post is in {_LANGUAGES[when.language]}" if body.language == when.language else None
    return "the post has math" if body.math else None


def _date(case: _Case, name: str, rule: DateRule) -> _Finding:
    if case.date is None or not rule.written:
        return _Finding()
    value = matter.format_date(case.date.moment, rule.time)
    return _Finding(Decision(name, value, "computed", cite(case.rules, name), evidence=(case.date.origin,)))


def _title(case: _Case) -> str:
    """The author's title or the one that will be taken from the proposal; empty if there is neither."""
    if "title" in case.draft.fields:
        return str(case.draft.fields["title"] or "")
    found = _find(case, "title", case.rules.fields["title"])
    return str(found.decision.value) if found.decision else ""


def _text(case: _Case, name: str, rule: TextRule) -> _Finding:
    proposed = case.proposal.texts.get(name)
    quoted = "" if proposed else quote(rule, case.draft.text, case.body.language)
    other = "" if name == "title" else case.title
    language = resolve(rule.language, case.body.language)
    worded = wording.settle(proposed or quoted, name, rule, language, other, _examples(case.rules, name))
    if isinstance(worded.text, wording.Refusal):
        return _refused(name, rule, worded.text)
    value = matter.Quoted(worded.text)
    if quoted:
        evidence: tuple[str, ...] = ("the post's own first sentences",)
        return _Finding(Decision(name, value, "computed", cite(case.rules, name), None, worded.changes, evidence))
    evidence = grounds(worded.text, case.draft.text)
    return _Finding(Decision(name, value, "generated", cite(case.rules, name), proposed, worded.changes, evidence))


def _examples(rules: Rules, name: str) -> tuple[str, ...]:
    """Values of the rules' examples, which are other posts'."""
    return tuple(example.title if name == "title" else example.description for example in rules.examples)


def _terms(case: _Case, name: str, rule: TermsRule) -> _Finding:
    chosen = _chosen(case, name, rule)
    if not chosen.names:
        reason = " ".join(("There is no term that can be used.", *chosen.changes))
        problem = _refused(name, rule, wording.Refusal("empty", reason)).problem
        return _Finding(problem=problem if rule.min else None, queued=chosen.queued)
    decision = Decision(
        field=name,
        value=written(chosen.names, rule),
        source="generated" if chosen.invented else "vocabulary",
        rule=cite(case.rules, name),
        proposed=", ".join(each.name for each in case.proposal.terms.get(name, ()) if each.written) or None,
        changes=chosen.changes,
        evidence=chosen.evidence,
    )
    return _Finding(decision, queued=chosen.queued)


def _chosen(case: _Case, name: str, rule: TermsRule) -> terms.Chosen:
    language, text = resolve(rule.language, case.body.language), case.draft.text
    vocabulary = build(rule, case.near.usage.get(name, {}), language)
    weighed = rank(
        signs(name, vocabulary, text, case.near),
        terms.cleaned(case.proposal.terms.get(name, ())),
        vocabulary,
        rule.weights,
        text=text,
        title=case.title,
    )
    reasons = [terms.refusal(each.signs.name, vocabulary, rule, language) for each in weighed]
    fit = [each for each, reason in zip(weighed, reasons, strict=True) if reason is None]
    chosen = terms.settle(choose(fit, rule, usual(rule)), vocabulary, rule)
    left_out = (
        f"'{each.signs.name}' was left out: {reason}."
        for each, reason in zip(weighed, reasons, strict=True)
        if reason and not each.signs.known
    )
    return replace(chosen, changes=(*left_out, *chosen.changes))


def written(names: tuple[str, ...], rule: TermsRule) -> YamlValue:
    """Terms in the form their rule writes them. Words need terms without spaces, since Jekyll splits at those."""
    if rule.form == "words" and not any(" " in name for name in names):
        return matter.Plain(" ".join(names))
    return matter.Lines(names) if rule.form == "lines" else list(names)


def _refused(name: str, rule: TextRule | TermsRule, refusal: wording.Refusal) -> _Finding:
    """A problem where the rules require the field; without it the field is left out."""
    if not rule.required:
        return _Finding()
    message = f"{refusal.reason} {BY_HAND.format(field=name)}"
    return _Finding(problem=Problem(f"{name}.{refusal.kind}", message, name))
