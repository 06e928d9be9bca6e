"""Where a post is on its site: the path of its address, as Jekyll makes it of permalink and file name. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from blogmetad.site.jekyll import post_name
from blogmetad.site.post import terms
from blogmetad.values import YamlValue

STYLES: Mapping[str, str] = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
_PLACE = re.compile(r":([a-z_]{1,20})")


def address(pattern: str | None, filename: str, fields: Mapping[str, YamlValue], date: dt.date | None) -> str | None:
    """The path of a post's address; None where it cannot be told. ``date`` is that of the front matter, in the time
    zone of the site, if there is one."""
    own, named = fields.get("permalink"), post_name(filename)
    wanted = str(own) if own else STYLES.get(pattern or "", pattern)
    if wanted is None or named is None:
        return None
    day = date or named[0]
    slug = str(fields.get("slug") or named[1])
    parts = {
        "categories": "/".join(dict.fromkeys(term.lower() for term in terms(fields).get("categories", ()))),
        "title": slug,
        "slug": slug.lower(),
        "output_ext": ".html",
        "year": f"{day:%Y}",
        "short_year": f"{day:%y}",
        "month": f"{day:%m}",
        "i_month": str(day.month),
        "day": f"{day:%d}",
        "i_day": str(day.day),
        "y_day": f"{day:%j}",
    }
    if not set(_PLACE.findall(wanted)) <= parts.keys():
        return None
    return re.sub("/{2,}", "/", "/" + _PLACE.sub(lambda place: parts[place[1]], wanted))
