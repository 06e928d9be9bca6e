"""Another name for a post's file, read off its author's words. Pure."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from blogmetad.values import Problem

_NEW = (
    r"(?:\"([^\"]{1,200})\"|“([^”]{1,200})”|「([^」]{1,200})」|'([^']{1,200})'"
    r"|([^\s,，;；。！!\"“”「」]{1,200}))"
)
_FILE = r"(?:it|this|(?:(?:the|its|this)\s{1,3})?(?:post|article|file(?:\s?name)?))"
_ENGLISH = (
    rf"\brename\s{{1,3}}(?:{_FILE}\s{{1,3}})?(?:to|as|into)\s{{1,3}}"
    r"|(?:\b(?:change|set)\s{1,3})?\b(?:(?:the|its)\s{1,3})?file\s?name\s{1,3}(?:should\s{1,3}be|is|to)\s{1,3}"
)
_CHINESE = (
    r"把?(?:它|这篇(?:文章)?|文章|文件)?(?:重命名|改名|更名)(?:为|成|叫)\s{0,3}"
    r"|把?(?:这篇(?:文章)?的?|它的?|文章的?)?文件名(?:应该?)?(?:改|换|设)?(?:成|为|叫|是)\s{0,3}"
)
_ASKED = re.compile(f"(?:{_ENGLISH}|{_CHINESE}){_NEW}", re.IGNORECASE)
_JOIN = r"[,，;；。.!！\n]|\band\b|\bthen\b|\balso\b|\bplease\b|并且?|然后|再|同时|请"
_BEGINS = re.compile(rf"(?:^|{_JOIN})\s{{0,9}}$", re.IGNORECASE)
_JOINS = re.compile(rf"^(?:\s|{_JOIN}){{1,9}}|(?:\s|{_JOIN}){{1,9}}$", re.IGNORECASE)
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}-")
_SLUG = re.compile(r"[\w+~](?:[\w.+~-]*[\w+~])?")
_LONGEST = 200


def asked(words: str) -> tuple[str | None, str]:
    """The name that the author's ``words`` ask for, if they do, and what else they say."""
    for found in _ASKED.finditer(words):
        before, behind = words[: found.start()], words[found.end() :]
        if _BEGINS.search(before):
            said = next(part for part in found.groups() if part is not None)
            rest = (_JOINS.sub("", part).strip() for part in (before, behind))
            return said.strip().rstrip("."), ", ".join(part for part in rest if part)
    return None, words


def new_name(said: str, old: str) -> str | Problem:
    """The file name a post called ``old`` gets: with its date, unless another is said, and with its suffix."""
    path = PurePosixPath(old)
    stem = re.sub(r"\.(?:md|markdown)$", "", said, flags=re.IGNORECASE)
    stem = re.sub(r"\s+", "-", stem.strip())
    date = _DATED.match(stem)
    slug = stem[date.end() :] if date else stem
    if not _SLUG.fullmatch(slug) or len(os.fsencode(slug)) > _LONGEST:
        message = f"'{said}' cannot be the name of a post's file. Take letters, digits and hyphens, as in new-name."
        return Problem("revise.name", message)
    kept = _DATED.match(path.name)
    name = (date or kept)[0] + slug + path.suffix if (date or kept) else slug + path.suffix  # type: ignore[index]
    if name == path.name:
        return Problem("revise.name", f"The file is called {name} already.")
    return name
