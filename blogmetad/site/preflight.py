"""Preflight: will Jekyll publish this, and as what it was meant to be? Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from blogmetad import liquid, matter
from blogmetad.site.jekyll import SiteConfig
from blogmetad.values import Finding, PublishedPost, YamlValue

STYLES: Mapping[str, str] = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""Jekyll's own names for patterns of addresses."""

UNKNOWN = "/:year/:title/"
"""The pattern assumed where no configuration tells: al-folio's, under which most posts can collide."""

SHOWN = ("title", "description", "excerpt")
"""Fields that templates show and in which Liquid is rendered."""

_LIQUID = re.compile(r"\{\{|\{%")
_PLACEHOLDER = re.compile(r":([a-z_]{1,20})")
_KNOWN = frozenset(
    re.findall(
        r"\w+",
        "categories year short_year month i_month day i_day y_day week short_day title slug output_ext",
    )
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOT_PRETTY = re.compile(r"[^\w.~!$&'()+,;=@]+")
_KEPT = ("L", "M", "Nd")


def preflight(post: PublishedPost, site: SiteConfig, moment: dt.datetime | None, now: dt.datetime) -> Iterator[Finding]:
    """What keeps one post from being published as it is meant. ``moment`` is its date where one is written."""
    where = (post.path,)
    if post.raw.startswith(matter.BOM):
        message = "It begins with a byte-order mark, which hides front matter from some programs. Save it without one."
        yield Finding("post.bom", "error", message, where)
    if post.head is None:
        message = "The post has no front matter between two '---' lines, so it has no title, layout or tags. Add one."
        yield Finding("post.front_matter", "error", message, where)
    if post.fields.get("published") is False:
        message = "It says 'published: false', so Jekyll does not show it. Take that out to publish it."
        yield Finding("post.hidden", "warning", message, where, "published")
    dated = moment or dt.datetime(post.date.year, post.date.month, post.date.day, tzinfo=site.timezone)
    if dated > now and not site.future:
        message = f"Its date, {dated:%Y-%m-%d %H:%M}, lies in the future, so Jekyll leaves it out until then."
        yield Finding("post.future", "warning", message, where, "date")
    if site.al_folio and post.fields.get("toc") is True:
        message = "al-folio shows nothing for 'toc: true'. Write 'toc: {beginning: true}' or 'toc: {sidebar: left}'."
        yield Finding("toc.bare", "warning", message, where, "toc")
    for name, value in post.fields.items():
        if any(_LIQUID.search(text) for text in _texts(value)):
            message = f"'{name}' contains Liquid ({{{{ or {{%), which Jekyll may run instead of showing it."
            yield Finding("post.liquid", "error" if name in SHOWN else "warning", message, where, name)
    if post.fields.get(liquid.SWITCH) is not False:
        above = post.raw[: len(post.raw) - len(post.body)].count(b"\n")
        for fault in liquid.read(post.text).faults:
            yield Finding("body.liquid", "error", f"Line {above + fault.line}: {fault.cause}. {liquid.ADVICE}", where)


def strange_tags(posts: Iterable[PublishedPost]) -> Iterator[Finding]:
    """Liquid tags that are none of Jekyll's own and that one post alone uses: no plugin seems to know them."""
    users: dict[str, list[tuple[PublishedPost, int]]] = {}
    for post in posts:
        if post.fields.get(liquid.SWITCH) is not False:
            for name, line in liquid.read(post.text).unknown:
                users.setdefault(name, []).append((post, line))
    for name, found in users.items():
        if len(found) == 1:
            post, line = found[0]
            above = post.raw[: len(post.raw) - len(post.body)].count(b"\n")
            message = (
                f"Line {above + line}: '{{% {name} %}}' is no tag of Jekyll's own, and no other post has it. Unless a "
                f"plugin knows it, see here: {liquid.ADVICE}"
            )
            yield Finding("body.tag", "warning", message, (post.path,))


def collisions(
    posts: Iterable[PublishedPost], site: SiteConfig, moments: Mapping[str, dt.datetime]
) -> tuple[Finding, ...]:
    """Posts that get one address, and terms that get one archive page. ``moments`` has the written dates by path."""
    posts = tuple(posts)
    return (*_one_address(posts, site, moments), *_one_page(posts))


def address(post: PublishedPost, pattern: str, date: dt.date) -> str:
    """The address Jekyll gives a post, the site's own left out."""
    pattern = _pattern(post, pattern)
    slug = post.fields.get("slug")
    title = _NOT_PRETTY.sub("-", str(slug) if slug not in (None, "") else post.slug).strip("-")
    parts = {
        "categories": "/".join(dict.fromkeys(term.lower() for term in post.terms.get("categories", ()))),
        "year": f"{date.year:04}",
        "month": f"{date.month:02}",
        "i_month": str(date.month),
        "day": f"{date.day:02}",
        "i_day": str(date.day),
        "short_year": f"{date.year % 100:02}",
        "y_day": f"{date:%j}",
        "week": f"{date.isocalendar().week:02}",
        "short_day": _DAYS[date.weekday()],
        "title": title,
        "slug": slugified(title),
        "output_ext": ".html",
    }
    # A part that is not known here (an hour) tells days apart at least.
    found = _PLACEHOLDER.sub(lambda match: parts.get(match[1], date.isoformat()), pattern)
    # Jekyll's own way to keep an address inside the site.
    return re.sub("/{2,}", "/", f"/{found}".replace("..", "/").replace("./", ""))


def is_exact(post: PublishedPost, pattern: str) -> bool:
    """Whether all parts are known of which the address of a post is made."""
    return set(_PLACEHOLDER.findall(_pattern(post, pattern))) <= _KNOWN


def _pattern(post: PublishedPost, pattern: str) -> str:
    own = post.fields.get("permalink")
    return own if isinstance(own, str) else STYLES.get(pattern, pattern)


def has_categories(site: SiteConfig) -> bool:
    """Whether a post's address changes with its categories; so it may, where no configuration tells."""
    return site.permalink is None or ":categories" in STYLES.get(site.permalink, site.permalink)


def slugified(text: str) -> str:
    """A term as Jekyll writes it into the address of its archive page: "AI" and "ai" become one."""
    kept = (c if unicodedata.category(c).startswith(_KEPT) else "-" for c in text)
    return re.sub("-+", "-", "".join(kept)).strip("-").lower()


def _one_address(
    posts: tuple[PublishedPost, ...], site: SiteConfig, moments: Mapping[str, dt.datetime]
) -> Iterator[Finding]:
    taken: dict[tuple[str, str], list[str]] = {}
    for post in posts:
        moment = moments.get(post.path)
        where = address(post, site.permalink or UNKNOWN, moment.date() if moment else post.date)
        # Translations share an address on purpose and say so.
        taken.setdefault((where, str(post.fields.get("lang"))), []).append(post.path)
    for (where, _), paths in taken.items():
        if len(paths) < 2:
            continue
        names = " and ".join(paths)
        if site.permalink is None:
            message = f"{names} have one title in one year: with addresses like {where} only one of them is reachable."
            yield Finding("post.address", "warning", message, tuple(paths))
        else:
            message = f"{names} get the same address {where}, so only one is shown. Give one a 'slug' of its own."
            yield Finding("post.address", "error", message, tuple(paths))


def _one_page(posts: tuple[PublishedPost, ...]) -> Iterator[Finding]:
    for field, page in (("tags", "tag"), ("categories", "category")):
        pages: dict[str, dict[str, list[str]]] = {}
        for post in posts:
            for term in post.terms.get(field, ()):
                pages.setdefault(slugified(term), {}).setdefault(term, []).append(post.path)
        for slug, spellings in pages.items():
            if len(spellings) < 2 or not slug:
                continue
            counted = sorted(spellings.items(), key=lambda pair: (-len(pair[1]), pair[0]))
            names = " and ".join(f"'{term}' ({len(paths)} post{'s'[: len(paths) > 1]})" for term, paths in counted)
            message = f"{names} have one archive page, .../{page}/{slug}/, which shows the posts of one of them only."
            paths = tuple(dict.fromkeys(path for _, each in counted[1:] for path in each))
            yield Finding(f"{field}.page", "warning", message, paths, field)


def _texts(value: YamlValue) -> Iterator[str]:
    """Every piece of text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
