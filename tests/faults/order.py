"""The order in which things become durable, read from strace's log: what a power cut could undo must be on the disk
before anything is built on it.

A removed fsync costs nothing when a process is killed, since the kernel still has the data. But it shows in the order of
calls, every time:

1. A file gets its name (link, rename) only once its bytes are synced.
2. The ledger commits only once every changed name is synced with its folder: it never claims what the disk may not have.
3. A name changes only once the ledger's commit before it is synced.
4. A file whose fsync failed is never synced again and never named: the kernel may have dropped its bytes.
5. At the end nothing is left that a power cut could undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.faults.traced import Call

_LOG = "ledger.db-wal"
# A cache, a lock, what only SQLite deals with; and the author, who needs no protection from himself.
_NOT_OURS = ("index.db", "ledger.db", "lock", "_author")


@dataclass(slots=True)
class Order:
    """What is not durable yet under ``root``, call after call; ``faults`` are breaches of the rules above, in words.

    One that goes on through a kill and the next start knows what that start has to make good.
    """

    root: PurePath
    bytes_of: set[str] = field(default_factory=set)
    names_in: dict[str, list[str]] = field(default_factory=dict)
    ledger: bool = False
    given_up: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def follow(self, calls: Iterable[Call]) -> None:
        """Take in what a process did."""
        for call in calls:
            if not any(self._is_inside(path) for path in call.paths):
                continue
            if call.failed is None:
                self._take_in(call)
            elif call.name == "fsync" and call.paths[0] in self.bytes_of:
                self.given_up.add(call.paths[0])

    def end(self) -> list[str]:
        """All faults, once everything has come to rest."""
        self._nothing_pending("at the end")
        if self.ledger:
            self.faults.append("at the end the ledger's last commit is not synced")
        return self.faults

    def _take_in(self, call: Call) -> None:
        path = call.paths[0]
        if path in self.given_up and call.name != "unlink":
            self.faults.append(f"{call.name} of {self._short(path)}, whose fsync had failed")
        if call.name in ("fsync", "fdatasync"):
            self._synced(path)
        elif any(part.startswith(_NOT_OURS) for part in PurePath(path).relative_to(self.root).parts):
            self.ledger |= call.name == "pwrite64" and path.endswith(_LOG)
        elif call.name in ("write", "pwrite64", "ftruncate"):
            self.bytes_of.add(path)
        elif call.name in ("link", "linkat", "rename", "renameat", "renameat2"):
            self._named(path, call.paths[1], moved="rename" in call.name)
        elif call.name in ("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"):
            self.bytes_of.discard(path)
            self._changed(path)

    def _synced(self, path: str) -> None:
        self.bytes_of.discard(path)
        self.names_in.pop(path, None)
        if path.endswith(_LOG):
            if self.ledger:
                self._nothing_pending("when the ledger was committed")
            self.ledger = False

    def _named(self, old: str, new: str, *, moved: bool) -> None:
        if old in self.bytes_of:
            self.faults.append(f"{self._short(new)} got its name before its bytes were synced")
            self.bytes_of.remove(old)
        if moved:
            self._changed(old)
        self._changed(new)

    def _changed(self, path: str) -> None:
        if self.ledger:
            self.faults.append(f"{self._short(path)} changed before the ledger's commit was synced")
        if ".tmp-" not in path:  # an unfinished file may come and go as it likes
            self.names_in.setdefault(str(PurePath(path).parent), []).append(self._short(path))

    def _nothing_pending(self, when: str) -> None:
        for folder, names in self.names_in.items():
            self.faults.append(f"{when}, {self._short(folder)} was not synced, where {', '.join(names)} had changed")
        for path in self.bytes_of:
            self.faults.append(f"{when}, the bytes of {self._short(path)} were not synced")
        self.names_in.clear()
        self.bytes_of.clear()

    def _is_inside(self, path: str) -> bool:
        return PurePath(path).is_relative_to(self.root)

    def _short(self, path: str) -> str:
        return str(PurePath(path).relative_to(self.root))
