"""Fields as a person's prose asks for them, with what the posts say wherever the prose leaves it open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from blogmetad.rules.learn import example_block, phrases
from blogmetad.rules.learn.conditions import described, explain
from blogmetad.rules.learn.constants import is_sound, kind_of
from blogmetad.rules.learn.dates import learn_date
from blogmetad.rules.learn.fields import learn_field
from blogmetad.rules.learn.findings import Deviation, LearnedField, LearnedTerm
from blogmetad.rules.learn.guidance import Demand, Guidance
from blogmetad.rules.learn.merging import Pair
from blogmetad.rules.learn.sample import FEW, Sample, line_of
from blogmetad.rules.learn.termlists import ALWAYS, SOMETIMES, form_in, has_terms, split_terms
from blogmetad.rules.learn.terms import learn_terms, need
from blogmetad.rules.learn.texts import LONGEST, TEXT_FIELDS, ends, hint, learn_text
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule, Term, TermsRule, TextRule, When
from blogmetad.rules.script import fits, is_in, key
from blogmetad.values import YamlValue

HEADINGS = 3
"""From so many headings on a post gets a table of contents, where neither prose nor posts say another number."""

_MOST_TERMS = 50
_PLACEHOLDER = re.compile(r"\d\Z|categor|tag|term|your|example|xxx|分类|标签", re.IGNORECASE)


def order(learned: Sequence[str], guidance: Guidance, posts: int) -> tuple[str, ...]:
    """The fields of the document in its order; those that only posts have come behind their predecessors there.

    Without posts there are no others, but ``title`` and ``date`` are part of every document.
    """
    names = [demand.name for demand in guidance.demands]
    if not names:
        return tuple(learned)
    before: str | None = None
    for name in learned:
        if name not in names and (posts >= FEW or name in ("title", "date")):
            names.insert(names.index(before) + 1 if before in names else 0, name)
        before = name
    return tuple(names)


def guided_field(
    demand: Demand, guidance: Guidance, samples: Sequence[Sample], pairs: Sequence[Pair], timezone_known: bool
) -> LearnedField:
    """The rule of a field that a document describes."""
    if demand.name in TEXT_FIELDS:
        found = _text(demand, samples)
    elif demand.name == "date":
        found = _date(demand, samples, timezone_known)
    elif demand.name in ALWAYS or (demand.name in SOMETIMES and isinstance(demand.shown, list)):
        found = _terms(demand, guidance, samples, pairs)
    else:
        found = _other(demand, samples, pairs, timezone_known)
    return LearnedField(
        name=found.name,
        rule=found.rule,
        remarks=(_cited(demand, guidance), *found.remarks),
        evidence=found.evidence,
        terms=found.terms,
        deviations=found.deviations,
    )


def _text(demand: Demand, samples: Sequence[Sample]) -> LearnedField:
    """Lengths are learned from the posts that are in the language asked for: a Chinese title is no measure for an
    English one."""
    name, language = demand.name, demand.language
    obeying = [s for s in samples if language is None or is_in(line_of(s.filled.get(name)) or "", language)]
    found = learn_text(name, obeying)
    assert isinstance(found.rule, TextRule)
    example = line_of(demand.shown) or ""
    changes: dict[str, Any] = {"need": "required" if name == "title" else _need(demand, samples)}
    low, high = phrases.lengths(demand.text)
    least = min(max(low or found.rule.min_length, 1), LONGEST)
    most = min(high or max(found.rule.max_length, min(len(example), LONGEST)), LONGEST)
    least = min(least, len(example) or least, most)
    changes |= {"min_length": least, "max_length": most}
    usual = found.rule.usual_length or len(example) or None
    changes["usual_length"] = min(max(usual, least), most) if usual else None
    if example and found.rule.usual_length is None:
        changes["sentences"] = name not in ("title", "subtitle") and ends(example)
    if phrases.two_sentences(demand.text) and name != "title":
        changes["hint"] = hint(name, 2)
    evidence = dict(found.evidence)
    if language is not None:
        changes["language"] = language
        evidence["language"] = "as the guidance asks"
    return LearnedField(
        name,
        found.rule.model_copy(update=changes),
        evidence=evidence,
        deviations=(*_missing(demand, samples), *_strangers(demand, samples), *found.deviations),
    )


def _date(demand: Demand, samples: Sequence[Sample], timezone_known: bool) -> LearnedField:
    """Where the document allows the day as well as the time, the posts decide, and without any the day is enough."""
    found = learn_date(samples, timezone_known) if samples else LearnedField("date", DateRule(type="date"))
    assert isinstance(found.rule, DateRule)
    declared = str(demand.value or "")
    timed = "HH" in declared.upper() and "YYYY" in declared.upper()
    changes: dict[str, Any] = {"time": found.rule.time or timed}
    if demand.need is not None:
        changes |= {"need": demand.need, "written": True}
    return LearnedField("date", found.rule.model_copy(update=changes), found.remarks, deviations=found.deviations)


def _terms(demand: Demand, guidance: Guidance, samples: Sequence[Sample], pairs: Sequence[Pair]) -> LearnedField:
    name = demand.name
    lower = phrases.lower(demand.text) or None
    found = learn_terms(name, samples, pairs, language=demand.language, lower=lower)
    assert isinstance(found.rule, TermsRule)
    changes: dict[str, Any] = {"need": _need(demand, samples)}
    shown = [term for term in split_terms(demand.shown) if _fits(term, demand)]
    low, high = phrases.counts(demand.text)
    if not found.terms:
        changes |= _from_example(demand, guidance, found.rule, len(shown))
    changes["min"] = min(low or changes.get("min", found.rule.min), _MOST_TERMS)
    changes["max"] = min(max(high or changes.get("max", found.rule.max), changes["min"]), _MOST_TERMS)
    usual = changes.get("usual", found.rule.usual)
    changes["usual"] = min(max(usual, changes["min"]), changes["max"]) if usual else None
    terms = found.terms
    if name == "categories" and not terms:
        named = {key(term): term.lower() if lower else term for term in (*shown, *_named(demand)) if key(term)}
        terms = tuple(LearnedTerm(term, 0, note="named in the guidance") for term in named.values())
        changes |= {"vocabulary": tuple(Term(name=term.name) for term in terms), "new": "allow"}
    rule = found.rule.model_copy(update=changes)
    evidence = {**found.evidence}
    evidence |= {"language": "as the guidance asks"} if demand.language else {}
    evidence |= {"case": "as the guidance asks"} if lower else {}
    evidence |= {"max": "as the guidance asks"} if high else {}
    return LearnedField(name, rule, found.remarks, evidence, terms, (*_missing(demand, samples), *found.deviations))


def _from_example(demand: Demand, guidance: Guidance, rule: TermsRule, shown: int) -> dict[str, Any]:
    """Numbers and form of a list, from the one in the example: a few less, a few more."""
    if not shown:
        return {}
    changes: dict[str, Any] = {"usual": float(shown)}
    if demand.name != "categories":
        changes |= {"min": max(shown - 2, 1), "max": max(shown + 3, rule.max)}
    if isinstance(demand.shown, list):
        changes["form"] = form_in(demand.name, guidance.head)
    return changes


def _named(demand: Demand) -> list[str]:
    """The terms that the text about a field has in code, but those that only show where a term goes."""
    spans = re.findall(rf"`{re.escape(demand.name)}:([^`]{{1,200}})`", demand.text)
    found = [term for span in spans for term in split_terms(example_block.value(span))]
    return [term for term in found if _fits(term, demand) and not _PLACEHOLDER.search(term)]


def _fits(term: str, demand: Demand) -> bool:
    return len(term) <= 40 and (demand.language is None or fits(term, demand.language))


def _other(demand: Demand, samples: Sequence[Sample], pairs: Sequence[Pair], timezone_known: bool) -> LearnedField:
    """A constant where the document has one value for most posts; else what the posts say, or the author."""
    value = demand.shown if demand.shown is not None else _declared(demand)
    seen = any(demand.name in s.filled for s in samples)
    learned = learn_field(demand.name, samples, pairs, timezone_known) if seen else None
    if value is not None and is_sound(value) and _is_constant(demand, value):
        when = _when(demand, samples, learned)
        need = "optional" if when is not None else demand.need or "recommended"
        rule: FieldRule = ConstantRule(type="constant", value=value, when=when, need=need)
        remarks = (f"written into posts {described(when)}",) if when is not None else ()
        counted = learned.remarks if learned is not None else ()
        return LearnedField(demand.name, rule, (*remarks, *counted), deviations=_missing(demand, samples))
    if learned is not None and isinstance(learned.rule, ConstantRule | AuthorRule):
        return learned
    given = demand.shown if demand.shown is not None else demand.value
    kind = kind_of([given]) if given is not None else "any"
    need_of_author = "recommended" if demand.need in ("required", "recommended") else "optional"
    return LearnedField(demand.name, AuthorRule(type="author", kind=kind, need=need_of_author))  # type: ignore[arg-type]


def _is_constant(demand: Demand, value: YamlValue) -> bool:
    """Whether a value is what most posts are to have: it is required or in the example or said to be usual, and says
    something. A flag that is off says what its absence says."""
    if value is False or isinstance(value, list):
        return False
    if demand.name in ("permalink", "published", "author", "authors", "image", "thumbnail", "cover"):
        return False
    text = isinstance(value, str)
    if demand.need == "required":
        return True
    return demand.shown is not None or (phrases.usually(demand.text) and not text)


def _declared(demand: Demand) -> YamlValue:
    """The value a field is declared with, or the one its description shows in code."""
    if demand.value is not None and not _is_placeholder(demand.value):
        return demand.value
    return None


def _is_placeholder(value: YamlValue) -> bool:
    return isinstance(value, str) and any(c in value for c in " <>[]{}/")


def _when(demand: Demand, samples: Sequence[Sample], learned: LearnedField | None) -> When | None:
    """The condition of a value that follows from the body: learned if posts tell it, else the usual one."""
    if learned is not None and isinstance(learned.rule, ConstantRule) and learned.rule.when is not None:
        return learned.rule.when
    name = demand.name.lower()
    if name == "toc":
        having = [demand.name in s.filled for s in samples]
        found = explain(demand.name, samples, having) if len(samples) >= FEW else None
        return found.when if found is not None else When(headings=HEADINGS)
    if name in ("math", "mathjax", "katex"):
        return When(math=True)
    return When(fence="mermaid") if name == "mermaid" else None


def _need(demand: Demand, samples: Sequence[Sample]) -> phrases.Need:
    """What the document says, else what the posts do."""
    return demand.need or need(sum(has_terms(demand.name, s) for s in samples), len(samples))


def _missing(demand: Demand, samples: Sequence[Sample]) -> tuple[Deviation, ...]:
    if demand.need not in ("required", "recommended"):
        return ()
    paths = tuple(s.post.path for s in samples if not has_terms(demand.name, s))
    return (Deviation(f"'{demand.name}' is missing, and the guidance asks for it.", paths),) if paths else ()


def _strangers(demand: Demand, samples: Sequence[Sample]) -> tuple[Deviation, ...]:
    language = demand.language
    if language is None:
        return ()
    lines = [(s.post.path, line) for s in samples if (line := line_of(s.filled.get(demand.name)))]
    paths = tuple(path for path, line in lines if not is_in(line, language))
    return (Deviation(f"'{demand.name}' is not in the language the guidance asks for.", paths),) if paths else ()


def _cited(demand: Demand, guidance: Guidance) -> str:
    """What the document says, in a few words."""
    parts = [demand.need or "", {"en": "in English", "zh": "in Chinese"}.get(demand.language or "", "")]
    if demand.name in ALWAYS and phrases.lower(demand.text):
        parts.append("lower case")
    if demand.shown is not None:
        parts.append("in its example")
    said = ", ".join(part for part in parts if part) or "named"
    return f"{guidance.name}: {said}"
