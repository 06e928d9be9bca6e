"""Names of posts: the next ones where one is taken, and which are taken already, in whatever spelling."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Self

LONGEST_NAME = 255
"""Bytes of a file name at most."""


_NUMBER = re.compile(r"-([1-9][0-9]{0,8})\Z")


def numbered(name: str, first: int = 1) -> Iterator[str]:
    """``post.md``, ``post-2.md``, ``post-3.md`` and so on, from the ``first`` of them; a folder in front stays."""
    return (_numbered(name, number) for number in count(first))


def numbered_on(name: str, proposed: str) -> Iterator[str]:
    """``name`` and those behind it. ``post-2.md`` goes on with ``post-3.md`` if ``post.md`` was ``proposed``; with any
    other, its number belongs to the title."""
    found = _NUMBER.search(PurePosixPath(name).stem)
    number = int(found[1]) if found else 1
    return numbered(proposed, number) if _numbered(proposed, number) == name else numbered(name)


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    path = PurePosixPath(name)
    ending = f"-{number}{path.suffix}"
    stem = os.fsencode(path.stem)[: LONGEST_NAME - len(os.fsencode(ending))]
    return str(path.with_name(stem.decode("utf-8", "ignore") + ending))


@dataclass(frozen=True, slots=True)
class Taken:
    """The names of all posts as every file system would know them, since some cannot tell ``É.md`` from ``é.md``.

    They are kept in one text, a slash before and behind each: taken apart, thousands of them would be work.
    """

    names: str

    @classmethod
    def of(cls, *folders: Path) -> Self:
        """The names in some folders, which are read one after another. Raises OSError."""
        return cls.among("".join(map(listed, folders)))

    @classmethod
    def among(cls, names: str) -> Self:
        """The names in a text like that of ``listed``."""
        return cls(_folded(names))

    def __contains__(self, stem: str) -> bool:
        """Whether a post has this name, whatever its suffix: its address is made of the rest."""
        return re.search(rf"/{re.escape(_folded(stem))}(?:\.[^./]*)?/", self.names) is not None


def listed(folder: Path) -> str:
    """The names in a folder, a slash before and behind each. Raises OSError."""
    return "/".join(["", *os.listdir(folder), ""])  # noqa: PTH208 (thousands of names, of which no path is wanted)


def _folded(name: str) -> str:
    if name.isascii():  # mostly, and then a good deal faster for the names of thousands of posts
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
