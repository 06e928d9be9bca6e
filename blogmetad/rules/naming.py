"""What is computed and never asked for: the date of a post, its slug, the name of its file. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from slugify import slugify

from blogmetad.rules.document import Rules
from blogmetad.rules.schema import DateRule, SlugRule
from blogmetad.rules.script import is_latin
from blogmetad.values import Draft, Problem, YamlValue

LONGEST_SLUG = 80

_LEADING_ON = frozenset(
    re.findall(
        r"\S+",
        "a an and as at but by for from how in into is its of on or over that the to under vs via what when where which"
        " who why with without your",
    )
)
"""Words that want another one behind them: a slug that is cut short does not end in one."""

_WRITTEN = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
    r"\s*(?:(Z|UTC)|([+-])(\d{2}):?(\d{2}))?"
)
_NO_TITLE = re.compile(r"https?:|www\.|\.(?:com|org|net)\b|\byour[- ]|\bexample\b.*\btitle\b", re.IGNORECASE)
_NAMED = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})-(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PostDate:
    """When a post is dated (always with an offset), and in words where that was read."""

    moment: dt.datetime
    origin: str


def post_date(draft: Draft, arrived: dt.datetime) -> PostDate | Problem:
    """The author's date, else the one in the draft's file name, else the day it was held until, else the time it
    arrived.

    A date without an offset is in ``arrived``'s time zone, unless Jekyll reads it as UTC. A date by the author that
    cannot be read is a Problem.
    """
    value = draft.fields.get("date")
    if value not in (None, ""):
        moment = jekyll_date(value, arrived.tzinfo)
        if moment is None:
            message = (
                f"The date '{str(value)[:60]}' in the draft cannot be read; "
                "write it as 2025-04-29 or 2025-04-29 10:30:00 +0800."
            )
            return Problem("date.unreadable", message, "date")
        return PostDate(moment, "the author's date")
    named = _NAMED.fullmatch(PurePosixPath(draft.name).stem)
    moment = read_date(named[1], arrived.tzinfo) if named else None
    if moment is not None:
        return PostDate(moment, "the date in the draft's file name")
    held = hold(draft, arrived.tzinfo)
    if isinstance(held, Problem):
        return held
    return (
        PostDate(held, "the day the draft was held until") if held else PostDate(arrived, "the time the draft arrived")
    )


def hold(draft: Draft, zone: dt.tzinfo | None) -> dt.datetime | Problem | None:
    """The moment before which the author does not want the draft published, if there is one."""
    value = draft.directives.hold
    if value in (None, ""):
        return None
    message = f"The day '{value}' to hold the draft until cannot be read; write it as 2026-12-01 or 2026-12-01 08:00."
    return read_date(value, zone) or Problem("draft.directives", message, "blogmetad")


def local_to(rules: Rules, moment: dt.datetime) -> dt.datetime:
    """The moment in the offset the rules write dates with; as it is, where they leave that to the site."""
    rule = rules.fields["date"]
    offset = rule.offset.replace(":", "") if isinstance(rule, DateRule) and rule.offset else None
    return moment.astimezone(dt.datetime.strptime(offset, "%z").tzinfo) if offset else moment


def jekyll_date(value: YamlValue, zone: dt.tzinfo | None) -> dt.datetime | None:
    """``read_date`` as Jekyll has it: a time with seconds, without quotes and offset is one in UTC."""
    return read_date(value, dt.UTC if isinstance(value, dt.datetime) else zone)


def read_date(value: YamlValue, zone: dt.tzinfo | None) -> dt.datetime | None:
    """A front-matter date with its offset (``zone``'s, where it has none); None if it is no date."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=zone)
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    *numbers, utc, sign, hours, minutes = match.groups()
    try:
        if sign:
            offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
            zone = dt.timezone(-offset if sign == "-" else offset)
        elif utc:
            zone = dt.UTC
        year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
        if not 1 < year < dt.MAXYEAR:  # in another zone it may be no date at all
            return None
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:  # a 31st of February, an offset of 30 hours
        return None


def slug_of(text: str, limits: SlugRule | None = None) -> str:
    """``[a-z0-9-]`` from the Latin words and numbers of a text, cut at word borders; empty if there are none.

    Capitals stay where ``limits`` keep them.
    Chinese is left out and not spelt in pinyin: nobody recognises a title in it.
    """
    latin = "".join(
        " " if c.isalpha() and not is_latin(c) else c for c in unicodedata.normalize("NFKC", text.replace("_", " "))
    )
    longest = limits.max_length if limits else LONGEST_SLUG
    lower = limits is None or limits.case == "lower"
    slug = slugify(latin, max_length=LONGEST_SLUG * 8, replacements=(("'", ""), ("’", "")), lowercase=lower)
    words = slug.split("-")
    kept = words[: limits.max_words if limits else None]
    while len("-".join(kept)) > longest and len(kept) > 1:
        kept.pop()
    while kept != words and len(kept) > 1 and kept[-1].casefold() in _LEADING_ON:
        kept.pop()
    return "-".join(kept)[:longest].strip("-")


def is_telling(text: str) -> bool:
    """Whether the slug of a text says what the text says: not if all but a syllable of it is Chinese, nor if it is an
    address or a form's placeholder, which small models offer for a slug."""
    if _NO_TITLE.search(text):
        return False
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    latin = sum(map(is_latin, letters))
    return bool(slug_of(text)) and (latin == len(letters) or latin >= 3)


def author_slug(draft: Draft) -> str:
    """The slug from the author's ``slug`` field, made safe for a file name; empty if there is none."""
    value = draft.fields.get("slug")
    return slug_of(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def post_slug(draft: Draft, titles: Iterable[str], limits: SlugRule) -> str:
    """The author's slug, else the first telling one of ``titles`` and the draft's file name, else one by hash."""
    own = author_slug(draft)
    if own:
        return own
    stem = PurePosixPath(draft.name).stem
    named = _NAMED.fullmatch(stem)
    for text in (*titles, named[2] if named else stem):
        if is_telling(text):
            return slug_of(text, limits)
    return f"post-{draft.body_sha256[:8]}"


def filename(pattern: str, date: dt.datetime, slug: str) -> str:
    """The name of the post's file."""
    return pattern.replace("{date}", date.date().isoformat()).replace("{slug}", slug)
