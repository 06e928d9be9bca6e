"""A Jekyll site's conventions: where it is, its clock, and how it names posts."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from blogmetad.values import Problem

CONFIG = "_config.yml"
POSTS = "_posts"
AL_FOLIO_KEYS = {"enable_darkmode", "display_tags"}
LOCALTIME = Path("/etc/localtime")

_POST_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)\.[^.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """What ``_config.yml`` says that matters here.

    ``timezone`` is the site's if ``timezone_known``, else this machine's, which is what Jekyll takes too.
    ``future`` tells whether posts dated in the future are shown. ``permalink`` is the pattern of the posts' addresses,
    None where there is no configuration to tell; ``al_folio`` whether the theme seems to be that one; ``excluded``
    which names below the root are left out of the site; ``plugins`` those it names. ``comments`` is what giscus tells
    the comments of posts apart by (``pathname``, ``title``), None where there is no giscus.
    """

    root: Path
    title: str
    timezone: dt.tzinfo
    timezone_known: bool
    future: bool
    problems: tuple[Problem, ...] = ()
    permalink: str | None = None
    al_folio: bool = False
    excluded: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    comments: str | None = None


def read_site(root: Path) -> SiteConfig:
    """Read the site's configuration. What is missing or unusable gets Jekyll's default and a Problem."""
    settings, problems = _settings(root / CONFIG)
    zone, zone_problem = _zone(settings.get("timezone"))
    if zone_problem is not None:
        problems = (*problems, zone_problem)
    title, future = settings.get("title"), settings.get("future", False)
    if not isinstance(future, bool):
        message = f"The value of 'future' in {CONFIG} is '{_line(future)}', neither true nor false; taken as false."
        problems = (*problems, Problem("site.future", message, "future"))
    return SiteConfig(
        root=root,
        title=_line(title).strip() if title is not None else "",
        timezone=zone or host_zone(),
        timezone_known=zone is not None,
        future=future is True,
        problems=problems,
        permalink=_permalink(settings) if (root / CONFIG).is_file() else None,
        al_folio=settings.keys() >= AL_FOLIO_KEYS
        or any("al-folio" in text.lower().replace("_", "-") for text in _texts(settings)),
        excluded=_names(settings.get("exclude")),
        plugins=_names(settings.get("plugins")) | _names(settings.get("gems")),
        comments=_comments(settings.get("giscus")),
    )


def find_site(start: Path) -> Path | None:
    """The nearest folder at or above ``start`` that holds a ``_config.yml`` or a ``_posts`` folder, if any."""
    here = start.absolute()
    return next((f for f in (here, *here.parents) if (f / CONFIG).is_file() or (f / POSTS).is_dir()), None)


def post_name(filename: str) -> tuple[dt.date, str] | None:
    """The date and the slug of a post's file name; None for a name that Jekyll takes for no post."""
    match = _POST_NAME.fullmatch(filename)
    if match is None:
        return None
    year, month, day, slug = match.groups()
    try:
        return dt.date(int(year), int(month), int(day)), slug
    except ValueError:
        return None


def host_zone() -> dt.tzinfo:
    """This machine's time zone with its summer time; where that is not told, its present offset."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (LookupError, ValueError, OSError):
        present = dt.datetime.now(dt.UTC).astimezone().tzinfo
        return present if present is not None else dt.UTC


def _settings(file: Path) -> tuple[Mapping[str, object], tuple[Problem, ...]]:
    """The configuration's top level, as far as it can be read. PyYAML's own loader: the C one crashes when nested."""
    try:
        values = yaml.load(file.read_text("utf-8-sig"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        message = f"There is no {file}, so Jekyll's defaults are assumed. Check the site's folder."
    except OSError as error:
        message = f"The configuration {file} cannot be read: {error.strerror}. Correct its permissions."
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"The configuration {file} cannot be read: {first_line}. Correct it; Jekyll's defaults are assumed."
    else:
        if values is None:
            return {}, ()
        if isinstance(values, dict):
            return {str(key): value for key, value in values.items()}, ()
        message = f"The configuration {file} holds no settings. Write one 'key: value' a line."
    return {}, (Problem("site.config", message),)


def _names(value: object) -> frozenset[str]:
    """A list of names, without slashes at their ends."""
    return (
        frozenset(name.strip("/") for name in value if isinstance(name, str))
        if isinstance(value, list)
        else frozenset()
    )


def _permalink(settings: Mapping[str, object]) -> str:
    """The pattern for posts: a default of their front matter, else that of their collection, else the site's."""
    collections = settings.get("collections")
    posts = collections.get("posts") if isinstance(collections, dict) else None
    found = posts.get("permalink") if isinstance(posts, dict) else None
    defaults = settings.get("defaults")
    for each in defaults if isinstance(defaults, list) else ():
        scope, values = (each.get("scope"), each.get("values")) if isinstance(each, dict) else (None, None)
        kind = scope.get("type") if isinstance(scope, dict) else None
        if isinstance(values, dict) and values.get("permalink") and kind in (None, "", "posts"):
            found = values["permalink"]
    return _line(found or settings.get("permalink") or "date")


def _comments(giscus: object) -> str | None:
    """What al-folio takes where nothing is said is the title."""
    return _line(giscus.get("mapping") or "title") if isinstance(giscus, dict) else None


def _line(value: object) -> str:
    """A setting as text; of a list or a map only what it is, since aliases can make it endlessly long."""
    return type(value).__name__ if isinstance(value, dict | list) else str(value)


def _texts(settings: Mapping[str, object]) -> Iterator[str]:
    """Every piece of text in the settings, names included. What aliases repeat is met once."""
    todo: list[object] = [settings]
    met: set[int] = set()
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list | tuple) and id(value) not in met:
            met.add(id(value))
            todo += [*value.keys(), *value.values()] if isinstance(value, dict) else value


def _zone(name: object) -> tuple[dt.tzinfo | None, Problem | None]:
    if name is None or name == "":
        return None, None
    try:
        return ZoneInfo(_line(name)), None
    except (LookupError, ValueError, OSError):
        message = (
            f"The time zone '{_line(name)}' in {CONFIG} is not known here, so this machine's is used. "
            "Write a name like Asia/Shanghai, or install the tzdata package."
        )
        return None, Problem("site.timezone", message, "timezone")
