"""Names of posts: the next ones where one is taken, and which are taken already, in whatever spelling."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

LONGEST_NAME = 255
"""Bytes of a file name at most."""


def numbered(name: str) -> Iterator[str]:
    """``post.md``, ``post-2.md``, ``post-3.md`` and so on; a folder in front stays."""
    path = PurePosixPath(name)
    yield name
    count = 2
    while True:
        ending = f"-{count}{path.suffix}"
        stem = os.fsencode(path.stem)[: LONGEST_NAME - len(os.fsencode(ending))]
        yield str(path.with_name(stem.decode("utf-8", "ignore") + ending))
        count += 1


@dataclass(frozen=True, slots=True)
class Taken:
    """The names of all posts as every file system would know them, since some cannot tell ``É.md`` from ``é.md``.

    They are kept in one text, a slash before and behind each: taken apart, thousands of them would be work.
    """

    names: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The names in a folder. Raises OSError."""
        return cls(_folded("/".join(["", *os.listdir(folder), ""])))  # noqa: PTH208 (thousands of names, of which no path is wanted)

    def __contains__(self, stem: str) -> bool:
        """Whether a post has this name, whatever its suffix: its address is made of the rest."""
        return re.search(rf"/{re.escape(_folded(stem))}(?:\.[^./]*)?/", self.names) is not None


def _folded(name: str) -> str:
    if name.isascii():  # mostly, and then a good deal faster for the names of thousands of posts
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
