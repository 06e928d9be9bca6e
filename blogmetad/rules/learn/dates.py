"""How posts write their date: as a day, with the time, in which offset, or in the file's name alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from blogmetad.rules.learn.findings import Deviation, LearnedField
from blogmetad.rules.learn.sample import HALF, NEARLY_ALL, Sample, of
from blogmetad.rules.naming import read_date
from blogmetad.rules.schema import DateRule
from blogmetad.values import YamlValue

_FURTHEST = dt.timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class _Written:
    """A date as a post has it; ``offset`` is empty where there is none."""

    sample: Sample
    day: dt.date
    time: bool
    offset: str


def learn_date(samples: Sequence[Sample], timezone_known: bool) -> LearnedField:
    """The rule of the date. The offset is the rules' business only where the site does not say it."""
    having = [s for s in samples if "date" in s.filled]
    if len(having) < HALF * len(samples):
        remark = f"in {of(len(having), len(samples))}; the others have it in the file's name only"
        return LearnedField("date", DateRule(type="date", written=False, need="optional"), (remark,))
    written = [found for s in having if (found := _read(s)) is not None]
    timed = [each for each in written if each.time]
    time = len(timed) > HALF * len(written)
    offsets = Counter(each.offset for each in timed if each.offset)
    offset = offsets.most_common(1)[0][0] if time and offsets and not timezone_known else None
    need = "required" if len(having) >= NEARLY_ALL * len(samples) else "recommended"
    rule = DateRule(type="date", time=time, offset=offset, need=need)  # type: ignore[arg-type]
    remarks = [f"in {of(len(having), len(samples))}, with the time in {len(timed)}"]
    if offsets:
        shown = ", ".join(f"{each} in {count}" for each, count in offsets.most_common(3))
        remarks.append(f"offsets: {shown}")
    return LearnedField("date", rule, tuple(remarks), deviations=tuple(_deviations(having, written, rule)))


def _deviations(having: Sequence[Sample], written: Sequence[_Written], rule: DateRule) -> list[Deviation]:
    read = {each.sample.post.path for each in written}
    found = [
        Deviation("'date' cannot be read.", tuple(s.post.path for s in having if s.post.path not in read)),
        Deviation(
            "'date' is another day than the file's name; Jekyll takes 'date'.",
            tuple(each.sample.post.path for each in written if each.day != each.sample.post.date),
        ),
        Deviation(
            f"'date' is written {'without' if rule.time else 'with'} the time.",
            tuple(each.sample.post.path for each in written if each.time != rule.time),
        ),
        Deviation(
            "'date' has a time without an offset, which Jekyll reads as UTC.",
            tuple(each.sample.post.path for each in written if each.time and not each.offset),
        ),
    ]
    if rule.offset is not None:
        others = tuple(each.sample.post.path for each in written if each.offset not in ("", rule.offset))
        found.append(Deviation(f"'date' has another offset than {rule.offset}.", others))
    return [each for each in found if each.paths]


def _read(sample: Sample) -> _Written | None:
    value = sample.filled["date"]
    moment = read_date(value, None)
    if moment is None:
        return None
    return _Written(sample, moment.date(), _has_time(value), _offset(moment))


def _has_time(value: YamlValue) -> bool:
    return isinstance(value, dt.datetime) or (isinstance(value, str) and ":" in value)


def _offset(moment: dt.datetime) -> str:
    away = moment.utcoffset()
    if away is None or abs(away) > _FURTHEST or away.total_seconds() % 60:
        return ""
    return moment.strftime("%z")
