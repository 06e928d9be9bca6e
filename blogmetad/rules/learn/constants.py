"""Fields the model has no part in: the same in every post, written under a condition, or left to the author."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

from blogmetad.matter import MatterError
from blogmetad.rules.learn import yaml_text
from blogmetad.rules.learn.conditions import explain
from blogmetad.rules.learn.findings import Deviation, LearnedField
from blogmetad.rules.learn.sample import FEW, HALF, MOST, NEARLY_ALL, Sample, of
from blogmetad.rules.schema import AuthorRule, ConstantRule
from blogmetad.values import YamlValue

Kind: TypeAlias = Literal["any", "text", "flag", "number", "date", "list", "map"]

LONGEST = 300
"""Characters of YAML a constant may take; what is longer is a post's own."""

CONDITIONAL = 0.6
"""Share of a value among the posts a condition is about that makes it the value to write."""


def learn_other(name: str, samples: Sequence[Sample]) -> LearnedField:
    """The rule of a field that is neither text nor terms nor the date."""
    having = [s for s in samples if name in s.filled]
    if not having:
        return LearnedField(name, AuthorRule(type="author"), ("always empty",))
    value, count = _dominant([s.filled[name] for s in having])
    deviations = _bare_toc(name, having)
    if value is not None:
        found = _under_condition(name, samples, value, count) or _everywhere(name, samples, value, count)
        if found is not None:
            return LearnedField(name, found.rule, found.remarks, deviations=(*found.deviations, *deviations))
    rule = AuthorRule(type="author", kind=kind_of([s.filled[name] for s in having]), need=_need(having, samples))
    shown = "" if value is None or count < max(HALF * len(having), 2) else f", {_shown(value)} in {count}"
    return LearnedField(name, rule, (f"in {of(len(having), len(samples))}{shown}",), deviations=deviations)


def kind_of(values: Sequence[YamlValue]) -> Kind:
    """The kind that all values of a field have, ``any`` if they differ."""
    kinds = {_kind(value) for value in values}
    return kinds.pop() if len(kinds) == 1 else "any"


def is_sound(value: YamlValue) -> bool:
    """Whether a value can stand in a rules document: short, and read again as what it is."""
    try:
        # Inside a map, as the document has it: some values read differently there.
        written = yaml_text.flow([value])
        return len(written) <= LONGEST and _key(yaml_text.read(written)) == _key([value])
    except (MatterError, ValueError, RecursionError):
        return False


def _dominant(values: Sequence[YamlValue]) -> tuple[YamlValue, int]:
    """The most frequent value and how often it occurs; None if it cannot be written into a document."""
    counts = Counter(map(_key, values))
    best, count = counts.most_common(1)[0]
    value = next(v for v in values if _key(v) == best)
    return (value, count) if is_sound(value) else (None, 0)


def _under_condition(name: str, samples: Sequence[Sample], value: YamlValue, count: int) -> LearnedField | None:
    having = [name in s.filled for s in samples]
    number = sum(having)
    if number >= NEARLY_ALL * len(samples) or len(samples) < FEW or count < CONDITIONAL * number:
        return None
    explained = explain(name, samples, having)
    if explained is None:
        return None
    rule = ConstantRule(type="constant", value=value, when=explained.when, need="optional")
    remarks = [explained.evidence]
    if count < number:
        remarks.append(f"{_shown(value)} in {of(count, number)} that have it")
    wrong = explained.wrong
    deviation = Deviation(f"'{name}' is there or missing against its condition.", wrong)
    return LearnedField(name, rule, tuple(remarks), deviations=(deviation,) if wrong else ())


def _everywhere(name: str, samples: Sequence[Sample], value: YamlValue, count: int) -> LearnedField | None:
    having = [s for s in samples if name in s.filled]
    # A flag says something by being there, so it takes more to put it everywhere than a name or a layout.
    least = MOST if isinstance(value, bool | dict) else HALF
    repeated = count >= 2 or isinstance(value, bool) or name == "layout"
    if count < MOST * len(having) or len(having) < least * len(samples) or not repeated:
        return None
    need: Literal["required", "recommended"] = "required" if len(having) >= NEARLY_ALL * len(samples) else "recommended"
    rule = ConstantRule(type="constant", value=value, need=need)
    remark = f"in {of(len(having), len(samples))}"
    if count < len(having):
        remark += f", {_shown(value)} in {count} of them"
    others = tuple(s.post.path for s in having if _key(s.filled[name]) != _key(value))
    deviation = Deviation(f"'{name}' is not {_shown(value)}.", others)
    return LearnedField(name, rule, (remark,), deviations=(deviation,) if others else ())


def _need(having: Sequence[Sample], samples: Sequence[Sample]) -> Literal["recommended", "optional"]:
    return "recommended" if len(having) >= MOST * len(samples) else "optional"


def _bare_toc(name: str, having: Sequence[Sample]) -> tuple[Deviation, ...]:
    """Posts whose table of contents al-folio does not show."""
    bare = tuple(s.post.path for s in having if name == "toc" and s.filled[name] is True)
    what = (
        "'toc: true' is kept as the posts have it; al-folio shows nothing for it and wants "
        "'toc: {beginning: true}' or 'toc: {sidebar: left}'."
    )
    return (Deviation(what, bare),) if bare else ()


def _kind(value: YamlValue) -> Kind:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dt.date):
        return "date"
    if isinstance(value, list):
        return "list"
    return "map" if isinstance(value, dict) else "text"


def _key(value: YamlValue) -> str:
    """What equal values have in common: ``1``, ``true`` and ``"1"`` are three."""
    return json.dumps(_typed(value), sort_keys=True)


def _typed(value: YamlValue) -> object:
    if isinstance(value, dict):
        return {str(name): _typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return [type(value).__name__, str(value)]


def _shown(value: YamlValue) -> str:
    written = yaml_text.flow(value)
    return written if len(written) <= 60 else f"{written[:57]}..."
