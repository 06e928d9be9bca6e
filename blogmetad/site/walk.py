"""A pass over a posts folder: which files are posts, as Jekyll sees it, and what keeps others from being one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
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
    files that Jekyll takes for no post; ``elsewhere`` are posts that can be changed from outside the folder.
    ``on_folder`` is called with each folder and the beginning of its paths before it is listed."""

    on_folder: Callable[[Path, str], None] = lambda *_: None
    unseen: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def posts(self, folder: Path, prefix: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Relative path and status of every post, nested folders included."""
        nested: list[str] = []
        self.on_folder(folder, prefix)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(SKIPPED):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        nested.append(entry.name)
                    elif post_name(entry.name) is not None:
                        status = self._status(entry, prefix + entry.name)
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

    def look(self, folder: Path, path: str) -> os.stat_result | None:
        """The status of the one post with this relative path; None if there is none."""
        name = path.rpartition("/")[2]
        if name.startswith(SKIPPED) or post_name(name) is None:
            return None
        return self._status(folder / path, path)

    def _status(self, file: os.DirEntry[str] | Path, path: str) -> os.stat_result | None:
        """The status of a post; None if it is no file, or gone, or its name cannot be kept."""
        linked = False
        try:
            linked = file.is_symlink()
            status = file.stat()
            path.encode("utf-8")
        except UnicodeEncodeError:
            shown = ascii(path)[1:-1]
            message = f"The name of the post {shown} is not valid UTF-8. Rename it."
            self.problems.append(Problem("post.name", message, shown))
            return None
        except OSError as error:
            if linked or not isinstance(error, FileNotFoundError):
                self.elsewhere.add(path)
            return None
        if linked or status.st_nlink > 1:
            self.elsewhere.add(path)
        return status if stat.S_ISREG(status.st_mode) else None
