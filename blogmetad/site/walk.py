"""A pass over a posts folder: which files are posts, as Jekyll sees it, and what keeps others from being one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from blogmetad.site.jekyll import post_name
from blogmetad.values import Problem

SKIPPED = (".", "_", "#", "~")
"""Jekyll passes over names that begin like this."""

_MARKDOWN = (".md", ".markdown")


@dataclass(slots=True)
class Walk:
    """One pass over the folder. Posts below ``unseen`` may exist though they were not met; ``misnamed`` are Markdown
    files that Jekyll takes for no post."""

    unseen: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def posts(self, folder: Path, prefix: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Relative path and status of every post, nested folders included."""
        nested: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(SKIPPED):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        nested.append(entry.name)
                    elif post_name(entry.name) is not None:
                        status = self._status(entry, prefix)
                        if status is not None:
                            yield prefix + entry.name, status
                    elif entry.name.lower().endswith(_MARKDOWN):
                        self.misnamed.append(prefix + entry.name)
        except OSError as error:
            self.unseen.append(prefix)
            message = f"The posts folder {folder} cannot be read: {error.strerror}. Correct its path or permissions."
            self.problems.append(Problem("post.folder", message))
        for name in nested:
            yield from self.posts(folder / name, f"{prefix}{name}/")

    def _status(self, entry: os.DirEntry[str], prefix: str) -> os.stat_result | None:
        """The status of a post; None if it is no file, or gone, or its name cannot be kept."""
        try:
            status = entry.stat()
            (prefix + entry.name).encode("utf-8")
        except UnicodeEncodeError:
            shown = ascii(prefix + entry.name)[1:-1]
            message = f"The name of the post {shown} is not valid UTF-8. Rename it."
            self.problems.append(Problem("post.name", message, shown))
            return None
        except OSError:
            return None
        return status if stat.S_ISREG(status.st_mode) else None
