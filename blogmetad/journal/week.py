"""A week of the journal: which one, and its entry in Markdown. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from blogmetad import matter
from blogmetad.journal.account import Account
from blogmetad.journal.entry import MARK, inline
from blogmetad.journal.statistics import PUBLISHED, Statistics, count, week_of

TOLD = (*PUBLISHED, "waiting", "parked", "held", "duplicate", "undone")
"""What a week's entry tells of; a draft that was replaced or is under way is told of when it has come to its end."""

TERMS = 12
"""Terms named of each field."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week from Monday to Sunday, by its Monday."""

    monday: dt.date

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: ``2026-W47``."""
        return week_of(dt.datetime.combine(self.monday, dt.time(), dt.UTC), dt.UTC)

    @property
    def sunday(self) -> dt.date:
        """Its last day."""
        return self.monday + dt.timedelta(days=6)

    @property
    def mark(self) -> str:
        """What its entry carries instead of a draft's id."""
        return f"week-{self.name}"

    def next(self) -> Week:
        """The week behind it."""
        return Week(self.monday + dt.timedelta(weeks=1))

    def holds(self, moment: dt.datetime, zone: dt.tzinfo) -> bool:
        """Whether a moment lies in it, by the clocks of ``zone``."""
        return self.monday <= moment.astimezone(zone).date() <= self.sunday


def of(day: dt.date) -> Week:
    """The week of a day."""
    return Week(day - dt.timedelta(days=day.weekday()))


def named(name: str) -> Week:
    """The week of that name. Raises ValueError."""
    return of(dt.datetime.strptime(f"{name}-1", "%G-W%V-%u").date())  # noqa: DTZ007


def due(through: Week | None, today: dt.date) -> tuple[Week, ...]:
    """The weeks that are over and come behind ``through``. The last one alone, if nothing is known of any or the clock
    was set back from behind ``through``."""
    last = Week(of(today).monday - dt.timedelta(weeks=1))
    week = last if through is None or through > last else through.next()
    weeks: list[Week] = []
    while week <= last:
        weeks.append(week)
        week = week.next()
    return tuple(weeks)


def filename(week: Week) -> str:
    """``YYYY-MM-DD-blogmetad-week-YYYY-wNN.md``, with the week's last day."""
    return f"{week.sunday}-blogmetad-week-{week.name.lower()}.md"


def render(week: Week, accounts: Sequence[Account], zone: dt.tzinfo) -> bytes:
    """The entry about a week and the drafts that came to an end in it, the first one first; times in ``zone``."""
    counted = count(accounts, zone)
    published = [account for account in accounts if account.became_a_post]
    filled = [account for account in accounts if account.outcome in PUBLISHED and not account.became_a_post]
    waiting, parked, held, undone, twins = (
        [account for account in accounts if account.outcome == outcome]
        for outcome in ("waiting", "parked", "held", "undone", "duplicate")
    )
    sections = (
        ("Published", [f"{inline(each.title)}: `{each.post}`, from {_draft(each)}" for each in published]),
        ("Filled in", [f"{inline(each.title)}: `{each.post}`" for each in filled]),
        ("Waits for your approval", [f"{inline(each.title)}, from {_draft(each)}" for each in waiting]),
        ("Needs you", [f"{_draft(each)}: {inline(' '.join(each.reasons))}" for each in parked]),
        ("Held until its date", [f"{_draft(each)}, until {_day(each.until, zone)}" for each in held]),
        ("Undone", [_draft(each) for each in undone]),
        ("Already published", [f"{_draft(each)}: as `{each.post}`" for each in twins]),
        ("What the check changed", _changed(counted)),
        ("New terms the rules want you to decide on", _queued(accounts)),
        ("Terms", [f"{inline(field)}: {_terms(terms)}" for field, terms in counted.terms.items()]),
    )
    head = ["---\n", matter.render(MARK, week.mark), "---\n\n", f"# {_title(week, published, parked)}\n\n"]
    return "".join((*head, _summary(week, counted), *_sections(sections))).encode("utf-8", "replace")


def _title(week: Week, published: Sequence[Account], parked: Sequence[Account]) -> str:
    year, number = week.name.split("-W")
    posts = f"{len(published)} post{'s'[: len(published) != 1]}"
    needs = f", {len(parked)} draft{'s' if len(parked) != 1 else ''} need{'' if len(parked) != 1 else 's'} you"
    return f"Week {int(number)} of {year}: {posts}{needs if parked else ''}"


def _summary(week: Week, counted: Statistics) -> str:
    lines = [f"- **from:** {week.monday} to {week.sunday}\n", f"- **drafts:** {counted.drafts}\n"]
    if counted.seconds:
        took = counted.seconds
        lines.append(f"- **seconds a draft:** {took.median:.1f} (the median), {took.slowest:.1f} at most\n")
    if counted.models:
        lines.append(f"- **model:** {', '.join(inline(model) for model in counted.models)}\n")
    return "".join(lines)


def _sections(sections: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    return [f"\n## {title}\n\n" + "".join(f"- {line}\n" for line in lines) for title, lines in sections if lines]


def _changed(counted: Statistics) -> list[str]:
    return [
        f"{inline(field)}: {number} of {counted.proposed.get(field, number)}"
        for field, number in counted.changed.items()
    ]


def _queued(accounts: Sequence[Account]) -> list[str]:
    pairs = dict.fromkeys(pair for account in accounts for pair in account.queued)
    return [f"{inline(field)}: {inline(term)}" for field, term in pairs]


def _terms(terms: Mapping[str, int]) -> str:
    named = [f"{inline(term)} ({number})" for term, number in list(terms.items())[:TERMS]]
    more = f" and {len(terms) - TERMS} more" if len(terms) > TERMS else ""
    return ", ".join(named) + more


def _draft(account: Account) -> str:
    return f"{inline(account.draft)} (`{account.id}`)"


def _day(moment: dt.datetime | None, zone: dt.tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "its date"
