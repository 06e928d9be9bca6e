"""The names of all posts, remembered from one draft to the next: only what has changed is looked at again.

So a post gets its name among thousands of others as fast as among a few.
"""

from __future__ import annotations

import os
from pathlib import Path

from blogmetad.changes import Changes
from blogmetad.publish.names import Taken, listed


class Listing:
    """Knows what ``Taken.of`` would read. Not thread-safe."""

    def __init__(self) -> None:
        self._folders: dict[Path, _Folder] = {}

    def taken(self, *folders: Path) -> Taken:
        """The names in some folders, as they are now. Raises OSError."""
        return Taken.among("".join(self._folders.setdefault(folder, _Folder(folder)).names() for folder in folders))

    def close(self) -> None:
        """Let go of the folders; they are listed again when somebody asks."""
        for folder in self._folders.values():
            folder.changes.stop()


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path, self._names = path, ""
        self.changes = Changes()

    def names(self) -> str:
        changed = self.changes.names()
        if changed is None:
            self._names = self._listed()
            return self._names
        for name in changed:
            known, there = f"/{name}/" in self._names, os.path.lexists(self._path / name)
            if there and not known:
                self._names += f"{name}/"
            elif known and not there:
                self._names = self._names.replace(f"/{name}/", "/")
        return self._names

    def _listed(self) -> str:
        self.changes.start(self._path)
        self.changes.watch(self._path, "")
        try:
            return listed(self._path)
        except OSError:
            self.changes.stop()  # they would tell of changes to a list that nobody has
            raise
