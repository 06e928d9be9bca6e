"""The order in which things become durable, read from strace's log: what a power cut could undo must be on the disk
before anything is built on it.

A removed fsync costs nothing when a process is killed, since the kernel still has the data. But it shows in the order
of calls, every time:

1. A file gets its name (link, rename) only once its bytes are synced.
2. The ledger commits only once every changed name is synced with its folder: what it claims, the disk has.
3. A name changes only once the ledger's commit before it is synced.
4. A file loses its name only once its other name is synced.
5. A file whose fsync failed is never synced again and never named: the kernel may have dropped its bytes.
6. At the end nothing is left that a power cut could undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.faults.traced import Call

_LOG = "ledger.db-wal"
# A cache, a lock, what only SQLite deals with; and the author, who needs no protection from himself.
_NOT_OURS = ("index.db", "ledger.db", "lock", "undo.lock", "backfill.lock", "_author")


@dataclass(slots=True)
class Order:
    """What is not durable yet under ``root``, call after call; ``faults`` are breaches of the rules above, in words.

    One that goes on through a kill and the next start knows what that start has to make good: ``left`` are names that
    the dead process had changed and not synced.
    """

    root: PurePath
    bytes_of: set[str] = field(default_factory=set)
    names_in: dict[str, dict[str, bool]] = field(default_factory=dict)
    ledger: bool = False
    left: dict[str, dict[str, bool]] = field(default_factory=dict)
    other_name: dict[str, str] = field(default_factory=dict)
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

    def die(self) -> None:
        """Take in that the process was killed. A name that was being removed may come back, and an unfinished file may
        hold anything: that is always allowed for, since a process may as well die a moment earlier."""
        for folder, names in self.names_in.items():
            stay = {name: gone for name, gone in names.items() if not gone}
            if stay:
                self.left[folder] = stay
        self.names_in.clear()
        self.bytes_of.clear()
        self.ledger = False  # SQLite sees to its own

    def end(self) -> list[str]:
        """All faults, once everything has come to rest."""
        self.names_in |= self.left
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
            if path in self.other_name and ".tmp-" not in path:
                self.faults.append(
                    f"{self._short(path)} was removed before {self._short(self.other_name[path])} was synced"
                )
            self._changed(path, gone="mkdir" not in call.name)

    def _synced(self, path: str) -> None:
        self.bytes_of.discard(path)
        self.names_in.pop(path, None)
        self.left.pop(path, None)
        self.other_name = {old: new for old, new in self.other_name.items() if str(PurePath(new).parent) != path}
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
        else:
            self.other_name[old] = new
        self._changed(new)

    def _changed(self, path: str, *, gone: bool = False) -> None:
        if self.ledger:
            self.faults.append(f"{self._short(path)} changed before the ledger's commit was synced")
        if ".tmp-" not in path:  # an unfinished file may come and go as it likes
            self.names_in.setdefault(str(PurePath(path).parent), {})[self._short(path)] = gone

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
