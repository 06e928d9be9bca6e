"""The rule of a field that holds terms: how many, in which form and language, and what becomes of new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from blogmetad.matter import SINGULAR
from blogmetad.rules.learn.findings import Deviation, LearnedField
from blogmetad.rules.learn.languages import CLEAR, Spoken, spoken
from blogmetad.rules.learn.merging import Pair, merge
from blogmetad.rules.learn.sample import FEW, HALF, NEARLY_ALL, Sample, inner_range, of
from blogmetad.rules.learn.termlists import Form, TermList, read_lists
from blogmetad.rules.learn.texts import label
from blogmetad.rules.schema import Term, TermsRule
from blogmetad.rules.script import fits, has_han

MANY = 10
"""From this many posts on, terms that only one of them has say whether new ones are usual."""

OPEN, RARELY = 0.3, 0.05
"""Share of posts with a term of their own: above the first new terms are allowed, below the second forbidden."""

CHINESE = 0.5
"""Share of Chinese terms from which a list is Chinese, with names in it."""

_FEWEST, _MOST = 1, 6
_LARGEST = 50


def default_terms(name: str) -> TermsRule:
    """The rule of a field nobody has filled in yet."""
    if name == "categories":
        return TermsRule(
            type="terms", language="any", min=1, max=1, new="forbid", need="recommended", label=label(name)
        )
    return TermsRule(type="terms", language="body", case="lower", min=_FEWEST, max=_MOST, label=label(name))


def learn_terms(
    name: str,
    samples: Sequence[Sample],
    pairs: Sequence[Pair],
    *,
    language: Literal["en", "zh"] | None = None,
    lower: bool | None = None,
) -> LearnedField:
    """The rule of a terms field with its vocabulary; ``language`` and ``lower`` are given where a person asks for
    them."""
    lists = read_lists(name, samples)
    if not lists:
        return _unseen(name, language, lower)
    spoken_in = _asked(lists, language) if language else _language(lists)
    case, lowered = _case(lists) if lower is None else ("lower" if lower else "keep", "")
    form, formed = _form(lists)
    low, high, within = _counts(name, lists)
    usual = round(min(max(sum(len(each.terms) for each in lists) / len(lists), low), high), 1)
    new, own = _new(name, lists)
    merged = merge(lists, spoken_in.language, case == "lower", _fitted(pairs, form))
    rule = TermsRule(
        type="terms",
        language=spoken_in.language,
        label=label(name),
        case=case,
        min=low,
        max=high,
        usual=usual,
        form=form,
        new=new if merged.terms else "allow",
    )
    listed = tuple(Term(name=term.name, aliases=term.aliases) for term in merged.terms)
    rule = rule.model_copy(update={"vocabulary": listed})
    evidence = {
        "language": spoken_in.evidence,
        "case": lowered,
        "form": formed,
        "min": "",
        "max": f"{of(within, len(lists))} have that many",
        "usual": "the mean",
        "new": own,
        "vocabulary": f"{len(merged.terms)} terms, with the number of posts that carry them",
    }
    deviations = (*_deviations(name, lists, rule, spoken_in), *merged.deviations(name))
    remarks = (*_singular(name, samples), *merged.remarks)
    return LearnedField(name, rule, remarks, evidence, merged.terms, deviations)


def _unseen(name: str, language: Literal["en", "zh"] | None, lower: bool | None) -> LearnedField:
    """A field that no post has."""
    asked = {"language": language, "case": "lower" if lower else None}
    rule = default_terms(name).model_copy(update={key: value for key, value in asked.items() if value})
    return LearnedField(name, rule, evidence={"min": "nothing to learn from; the default", "max": ""})


def _asked(lists: Sequence[TermList], language: Literal["en", "zh"]) -> Spoken:
    """A language a person asks for, whatever the posts do."""
    strangers = [each for each in lists if not all(fits(term, language) for term in each.terms)]
    return Spoken(language, "", tuple(each.sample.post.path for each in strangers), asked=True)


def _language(lists: Sequence[TermList]) -> Spoken:
    """As for a line of text, but a Chinese list holds Latin names too; words of both, as it comes, are any."""
    found = spoken([(each.sample, each.terms) for each in lists])
    if found.language not in ("zh", "body"):
        return found
    terms = [term for each in lists if each.sample.body.language == "zh" for term in each.terms]
    chinese = sum(map(has_han, terms))
    if chinese < CHINESE * len(terms):
        return Spoken("any", f"{of(chinese, len(terms), 'terms')} of Chinese posts are Chinese")
    return found


def _case(lists: Sequence[TermList]) -> tuple[Literal["lower", "keep"], str]:
    lettered = [term for each in lists for term in each.terms if term.lower() != term.upper()]
    lower = sum(term == term.lower() for term in lettered)
    case: Literal["lower", "keep"] = "lower" if lettered and lower >= CLEAR * len(lettered) else "keep"
    return case, f"{of(lower, len(lettered), 'terms')} with Latin letters are in lower case"


def _form(lists: Sequence[TermList]) -> tuple[Form, str]:
    counts = Counter(each.form for each in lists)
    form: Form = max(("list", "lines", "words"), key=lambda each: counts[each])
    said = {"list": "a list in one line", "lines": "a term a line", "words": "words between spaces"}
    others = [f"{said[other]} in {count}" for other, count in counts.items() if other != form]
    return form, "; ".join([f"{said[form]} in {of(counts[form], len(lists))}", *others])


def _counts(name: str, lists: Sequence[TermList]) -> tuple[int, int, int]:
    """Least and greatest number of terms, and how many posts keep to them."""
    numbers = [len(each.terms) for each in lists]
    low, high = inner_range(numbers)
    if len(lists) < FEW and name not in ("categories",):
        low, high = min(low, _FEWEST), max(high, _MOST)
    low, high = min(low, _LARGEST), min(high, _LARGEST)
    return low, high, sum(low <= number <= high for number in numbers)


def _new(name: str, lists: Sequence[TermList]) -> tuple[Literal["allow", "queue", "forbid"], str]:
    """What becomes of new terms, from how many posts brought one that no other post has."""
    posts = Counter(key_ for each in lists for key_ in {term.casefold() for term in each.terms})
    own = sum(any(posts[term.casefold()] == 1 for term in each.terms) for each in lists)
    said = f"{of(own, len(lists))} have a term that no other has"
    share = own / len(lists)
    if name == "categories":
        return ("forbid" if share <= OPEN else "queue"), said
    if len(lists) < MANY or share >= OPEN:
        return "allow", said
    return ("queue" if share > RARELY else "forbid"), said


def need(having: int, posts: int) -> Literal["required", "recommended", "optional"]:
    """How much a field is needed that so many of the posts have; recommended, where there are none to tell."""
    if not posts:
        return "recommended"
    if having >= NEARLY_ALL * posts:
        return "required"
    return "recommended" if having >= HALF * posts else "optional"


def _fitted(pairs: Sequence[Pair], form: Form) -> Sequence[Pair]:
    """The pairs as a list of words can hold them: with hyphens for spaces."""
    return [replace(p, english=p.english.replace(" ", "-")) for p in pairs] if form == "words" else pairs


def _singular(name: str, samples: Sequence[Sample]) -> tuple[str, ...]:
    singular = SINGULAR.get(name, "")
    number = sum(singular in s.filled for s in samples)
    if not number:
        return ()
    return (f"{of(number, len(samples))} write '{singular}', which Jekyll reads as one term of '{name}'",)


def _deviations(name: str, lists: Sequence[TermList], rule: TermsRule, language: Spoken) -> list[Deviation]:
    found = [
        Deviation(
            f"'{name}' has commas where Jekyll reads none: it splits text at white space only.",
            tuple(each.sample.post.path for each in lists if each.commas),
        ),
        Deviation(
            f"'{name}' is written in another form.",
            tuple(each.sample.post.path for each in lists if each.form != rule.form),
        ),
        Deviation(
            f"'{name}' is not in the language {'the guidance asks for' if language.asked else 'the others keep to'}.",
            language.strangers,
        ),
    ]
    if rule.lower:
        raised = tuple(e.sample.post.path for e in lists if any(term != term.lower() for term in e.terms))
        found.append(Deviation(f"'{name}' has terms with capitals.", raised))
    return [each for each in found if each.paths]
