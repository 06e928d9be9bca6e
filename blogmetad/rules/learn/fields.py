"""Which fields a blog's posts have, in which order, and the rule of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from blogmetad.matter import SINGULAR
from blogmetad.rules.learn.constants import kind_of, learn_other
from blogmetad.rules.learn.dates import learn_date
from blogmetad.rules.learn.findings import Deviation, LearnedField
from blogmetad.rules.learn.merging import Pair
from blogmetad.rules.learn.order import merged
from blogmetad.rules.learn.sample import FEW, HALF, RECENT, Sample, of
from blogmetad.rules.learn.termlists import has_terms, is_term_field
from blogmetad.rules.learn.terms import default_terms, learn_terms, need
from blogmetad.rules.learn.texts import TEXT_FIELDS, default_text, learn_text, too_long
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, FieldRule

USUAL = ("layout", "title", "date", "description", "tags", "categories")
"""The fields of a blog that has no habits yet, in their order."""

LONGEST_NAME = 60
MOST_FIELDS = 60
RARE = 0.03
"""A field that fewer posts have is a slip or a post's own; posts may have it all the same."""

GIVEN_UP = 0.1
"""A field that fewer of the newest posts have is out of use, however many old ones have it."""

_PLURAL = {singular: plural for plural, singular in SINGULAR.items()}
_NEVER = frozenset({"slug"})


def default_field(name: str) -> LearnedField:
    """A usual field that the posts say nothing about."""
    rule: FieldRule
    if name == "layout":
        rule = ConstantRule(type="constant", value="post")
    elif name == "date":
        rule = DateRule(type="date", time=True)
    elif name in TEXT_FIELDS:
        rule = default_text(name)
    else:
        rule = default_terms(name)
    return LearnedField(name, rule, ("nothing to learn from; the default",))


def learn_field(name: str, samples: Sequence[Sample], pairs: Sequence[Pair], timezone_known: bool) -> LearnedField:
    """The rule of one field, from all posts."""
    if name == "date" and samples:
        return learn_date(samples, timezone_known)
    having = [s for s in samples if has_terms(name, s)]
    if not having:
        return default_field(name)
    terms = is_term_field(name, samples)
    text = name == "title" or (
        name in TEXT_FIELDS and len(having) >= HALF * len(samples) and not too_long(name, samples)
    )
    if name != "title" and (terms or text) and _given_up(name, samples):
        kind = kind_of([s.filled[name] for s in having if name in s.filled]) if not terms else "any"
        remark = f"in {of(len(having), len(samples))}, but in {_newest(name, samples)} of the newest {RECENT}"
        return LearnedField(name, AuthorRule(type="author", kind=kind), (remark,))
    if not terms and not text:
        return learn_other(name, samples)
    found = learn_terms(name, samples, pairs) if terms else learn_text(name, samples)
    needed = "required" if name == "title" else need(len(having), len(samples))
    missing = tuple(s.post.path for s in samples if not has_terms(name, s)) if needed != "optional" else ()
    return LearnedField(
        name,
        found.rule.model_copy(update={"need": needed}),
        (f"in {of(len(having), len(samples))}", *found.remarks, *_twin(name, samples)),
        found.evidence,
        found.terms,
        (*((Deviation(f"'{name}' is missing.", missing),) if missing else ()), *found.deviations),
    )


def names_in_order(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The fields worth a rule, in the order most posts have them; ``title`` and ``date`` are always among them."""
    counts = Counter(name for s in samples for name in {_PLURAL.get(name, name) for name in s.filled})
    for name in ("date", "title"):
        counts.setdefault(name, 0)
    if len(samples) < FEW:
        for name in USUAL:
            counts.setdefault(name, 0)
    ranked = sorted(counts, key=lambda name: (-counts[name], USUAL.index(name) if name in USUAL else 9, name))
    kept = [name for name in ranked if name in ("title", "date") or _is_worth_a_rule(name, counts[name], samples)]
    orders: Iterator[Sequence[str]] = (
        list(dict.fromkeys(_PLURAL.get(name, name) for name in s.post.fields)) for s in samples
    )
    return _usual_places(merged(orders, kept[:MOST_FIELDS]), counts)


def rare_names(samples: Sequence[Sample], names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The fields without a rule and how many posts have them, the most used first."""
    counts = Counter(_PLURAL.get(name, name) for s in samples for name in s.filled)
    return tuple((name, count) for name, count in counts.most_common() if name not in names)


def _usual_places(names: tuple[str, ...], counts: Counter[str]) -> tuple[str, ...]:
    """Fields that no post has stand where they usually do: behind the last of their predecessors."""
    found = [name for name in names if counts[name]]
    for name in USUAL:
        if name in names and not counts[name]:
            before = [found.index(each) for each in USUAL[: USUAL.index(name)] if each in found]
            found.insert(max(before) + 1 if before else 0, name)
    return tuple(found)


def _is_worth_a_rule(name: str, count: int, samples: Sequence[Sample]) -> bool:
    if name in _NEVER or len(name) > LONGEST_NAME or not name.isprintable() or not name.strip():
        return False
    return len(samples) < FEW or (count >= 2 and count >= RARE * len(samples))


def _given_up(name: str, samples: Sequence[Sample]) -> bool:
    return len(samples) >= 2 * RECENT and _newest(name, samples) < GIVEN_UP * RECENT


def _newest(name: str, samples: Sequence[Sample]) -> int:
    newest = sorted(samples, key=lambda s: s.post.date)[-RECENT:]
    return sum(has_terms(name, s) for s in newest)


def _twin(name: str, samples: Sequence[Sample]) -> tuple[str, ...]:
    """That a field mostly repeats another one."""
    for other in TEXT_FIELDS[: TEXT_FIELDS.index(name) if name in TEXT_FIELDS else 0]:
        both = [s for s in samples if name in s.filled and other in s.filled]
        same = sum(s.filled[name] == s.filled[other] for s in both)
        if same > HALF * len(both):
            return (f"the same as '{other}' in {of(same, len(both))} that have both",)
    return ()
