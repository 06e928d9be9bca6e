"""The conventions of a Jekyll site that blogmetad needs to know: where it is, its time zone, the names of posts."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from tzlocal import get_localzone

from blogmetad.values import Problem

CONFIG = "_config.yml"
_POST_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)\.(?:md|markdown|mkd|mkdn|mkdown|html)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """What ``_config.yml`` says. ``timezone`` is the host's where it says none; ``problems``: what could not be read."""

    root: Path
    timezone: dt.tzinfo
    timezone_known: bool
    future: bool
    problems: tuple[Problem, ...]


def find_site(start: Path) -> Path | None:
    """``start`` or the nearest folder above it that is a Jekyll site; None if there is none."""
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file() or (folder / "_posts").is_dir():
            return folder
    return None


def read_site(root: Path) -> SiteConfig:
    """Read ``_config.yml``; what is missing or broken gets Jekyll's default and a problem, never an exception."""
    values, problems = _read(root / CONFIG)
    name = values.get("timezone")
    zone: dt.tzinfo | None = None
    if isinstance(name, str) and name.strip():
        try:
            zone = ZoneInfo(name.strip())
        except (KeyError, OSError, ValueError):
            message = f"{root / CONFIG}: the timezone '{name}' is unknown; write one such as Asia/Shanghai."
            problems = (*problems, Problem("site.timezone", message))
    return SiteConfig(
        root=root,
        timezone=zone or get_localzone(),
        timezone_known=zone is not None,
        future=values.get("future") is True,
        problems=problems,
    )


def _read(file: Path) -> tuple[dict[str, object], tuple[Problem, ...]]:
    try:
        values = yaml.safe_load(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        message = f"{file} is missing: is this the root of the site? The host's time zone is used."
        return {}, (Problem("site.config", message),)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        return {}, (Problem("site.config", f"{file} cannot be read ({reason}); the host's time zone is used."),)
    return (values if isinstance(values, dict) else {}), ()


def post_name(filename: str) -> tuple[dt.date, str] | None:
    """Date and slug of a file name Jekyll takes for a post; it passes over every other name in silence."""
    match = _POST_NAME.fullmatch(filename)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3])), match[4]
    except ValueError:
        return None
