"""Protections removed on purpose, one at a time: whatever does not notice one of them proves nothing about it.

Each is an edit of the source text that driver.py applies before the module is imported (``--mutant NAME``), and names
the proof in proofs.py that sees it. An edit that no longer fits the source is an error: the table grows stale loudly.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Mutant:
    """``name`` says what is broken, ``seen_by`` which proof sees it; in ``module``, ``old`` (once there) becomes
    ``new``."""

    name: str
    seen_by: str
    module: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The broken source. Raises LookupError where the edit does not fit."""
        if source.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.old!r} is {source.count(self.old)} times in {self.module}")
        return source.replace(self.old, self.new)


FILES, PLACE, RECOVER, DATABASE = (
    f"blogmetad.{module}" for module in ("files", "publish.place", "publish.recover", "journal.database")
)
MUTANTS = (
    # Every fsync, one by one.
    Mutant(
        "the bytes of a file are not synced",
        "run",
        FILES,
        "            rest = rest[os.write(fd, rest) :]\n        os.fsync(fd)\n",
        "            rest = rest[os.write(fd, rest) :]\n",
    ),
    Mutant(
        "the folder of a new file is not synced",
        "run",
        FILES,
        "        raise\n    fsync_dir(path.parent)\n",
        "        raise\n",
    ),
    Mutant(
        "the folder of a linked file is not synced",
        "undo",
        FILES,
        "    _take_name(source, target)\n    fsync_dir(target.parent)\n",
        "    _take_name(source, target)\n",
    ),
    Mutant(
        "the folder a file was moved to is not synced",
        "run",
        FILES,
        "    source.rename(target)\n    fsync_dir(target.parent)\n",
        "    source.rename(target)\n",
    ),
    Mutant(
        "the folder a file was moved from is not synced",
        "run",
        FILES,
        "        fsync_dir(source.parent)\n",
        "        pass\n",
    ),
    Mutant(
        "the folder of a removed file is not synced",
        "run",
        FILES,
        "    except FileNotFoundError:\n        return\n    fsync_dir(path.parent)\n",
        "    except FileNotFoundError:\n        return\n",
    ),
    Mutant(
        "the folder of a new folder is not synced",
        "run",
        FILES,
        "    folder.mkdir(mode, exist_ok=True)\n    fsync_dir(folder.parent)\n",
        "    folder.mkdir(mode, exist_ok=True)\n",
    ),
    Mutant(
        "no folder is ever synced",
        "run",
        FILES,
        "        with _named(folder):\n            os.fsync(fd)\n",
        "        pass\n",
    ),
    Mutant(
        "an original found after a crash is not synced",
        "order_through_kills",
        PLACE,
        "            files.fsync_dir(path.parent)  # it may have got its name a moment before a crash\n",
        "            pass\n",
    ),
    Mutant(
        "a post found after a crash is not synced",
        "order_through_kills",
        PLACE,
        "        files.fsync_dir(folders.destination)\n",
        "",
    ),
    Mutant(
        "a retired draft found after a crash is not synced",
        "order_through_kills",
        PLACE,
        "            files.fsync_dir(retired.parent)\n",
        "            pass\n",
    ),
    Mutant(
        "the folder of a draft found retired is not synced",
        "order_through_kills",
        PLACE,
        "                files.fsync_dir(source.parent)\n        return None\n",
        "                pass\n        return None\n",
    ),
    Mutant(
        "a draft found given back is not synced",
        "order_through_kills",
        PLACE,
        "        if files.same_file(source, retired):\n            files.fsync_dir(source.parent)\n",
        "        if files.same_file(source, retired):\n",
    ),
    Mutant(
        "a journal entry found after a crash is not synced",
        "order_through_kills",
        "blogmetad.journal.folder",
        "            files.fsync_dir(folder)  # it may have got its name a moment before a crash\n",
        "",
    ),
    Mutant(
        "a failed fsync is tried once more",
        "failing_syncs",
        FILES,
        "            rest = rest[os.write(fd, rest) :]\n        os.fsync(fd)\n",
        "            rest = rest[os.write(fd, rest) :]\n"
        "        try:\n            os.fsync(fd)\n        except OSError:\n            os.fsync(fd)\n",
    ),
    Mutant(
        "a failed fsync is passed over",
        "failing_syncs",
        FILES,
        "            rest = rest[os.write(fd, rest) :]\n        os.fsync(fd)\n",
        "            rest = rest[os.write(fd, rest) :]\n        with suppress(OSError):\n            os.fsync(fd)\n",
    ),
    # SQLite.
    Mutant("SQLite syncs at checkpoints only", "run", DATABASE, "'FULL' if mode == 'wal'", "'NORMAL' if mode == 'wal'"),
    Mutant("SQLite never syncs", "run", DATABASE, "'FULL' if mode == 'wal'", "'OFF' if mode == 'wal'"),
    # Names and drafts.
    Mutant(
        "a name is taken by replacing what has it",
        "run",
        FILES,
        "    try:\n        os.link(source, target, follow_symlinks=False)\n",
        "    try:\n        os.replace(source, target)\n",
    ),
    Mutant(
        "a retired draft is unlinked",
        "run",
        PLACE,
        "            files.move(source, retired)\n",
        "            files.remove(source)\n",
    ),
    Mutant(
        "a retired draft is not looked at again",
        "run",
        PLACE,
        "            files.move(source, retired)\n            if look(retired, job.sha256) is Found.OTHER:\n",
        "            files.move(source, retired)\n            if False:\n",
    ),
    Mutant(
        "a draft is not looked at again before its post is linked",
        "run",
        PLACE,
        "            if self.left(job):\n                return self.supersede(job)\n",
        "",
    ),
    # What the ledger knows, and when.
    Mutant(
        "a post is linked before the ledger knows of it",
        "kills",
        PLACE,
        "        target = next(self._free(names, post.sha256, taken, self.folders.destination))\n",
        "        target = next(self._free(names, post.sha256, taken, self.folders.destination))\n"
        "        with suppress(FileExistsError):\n            files.link_new(path, self.folders.posts / target)\n",
    ),
    Mutant(
        "the end and the last step are committed apart",
        "kills",
        PLACE,
        "        with self.ledger.transaction():\n            self.ledger.step(job.id, step_name, data, self.now())\n",
        "        if True:\n            self.ledger.step(job.id, step_name, data, self.now())\n",
    ),
    Mutant(
        "attempts are counted after the model was asked",
        "kills",
        "blogmetad.attempt",
        "                number = tools.ledger.attempt(job.id, tools.now()).attempts\n"
        "                return _ask(tools, job, ask)\n",
        "                number = 0\n"
        "                answer = _ask(tools, job, ask)\n"
        "                tools.ledger.attempt(job.id, tools.now())\n"
        "                return answer\n",
    ),
    Mutant(
        "no original is kept",
        "run",
        "blogmetad.attempt",
        "    tools.placer.keep_original(job.id, raw)\n    finished = ",
        "    finished = ",
    ),
    Mutant(
        "no original of a duplicate is kept",
        "run",
        "blogmetad.attempt",
        "        tools.placer.keep_original(job.id, raw)\n        tools.placer.retire(job)\n",
        "        tools.placer.retire(job)\n",
    ),
    # The rows of the recovery table.
    Mutant(
        "published jobs are not carried on",
        "kills",
        RECOVER,
        "jobs(ACCEPTED, STAGED, PUBLISHED, UNDONE,",
        "jobs(ACCEPTED, STAGED, UNDONE,",
    ),
    Mutant(
        "interrupted undos are not carried on",
        "killed_undo",
        RECOVER,
        "jobs(ACCEPTED, STAGED, PUBLISHED, UNDONE,",
        "jobs(ACCEPTED, STAGED, PUBLISHED,",
    ),
    Mutant(
        "unfinished files are not cleared",
        "kills",
        RECOVER,
        "            if files.is_temporary(path.name):\n                files.remove(path)\n",
        "            if files.is_temporary(path.name):\n",
    ),
    Mutant(
        "the stage of a finished job is not cleared",
        "kills",
        RECOVER,
        "                files.remove(path)  # the post has its name, or is made again from the original\n",
        "                pass\n",
    ),
    Mutant(
        "missing journal entries are not written",
        "kills",
        "blogmetad.upkeep",
        "        self._unwritten |= {job.id for job in tools.ledger.jobs(*ENDED) if job.entry is None}\n",
        "",
    ),
    Mutant(
        "two may work on one site",
        "company",
        "blogmetad.lock",
        "            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "        except BlockingIOError:\n            raise",
        "            pass\n        except BlockingIOError:\n            raise",
    ),
)


def install(name: str) -> None:
    """Have a mutant's module broken when it is imported. Raises StopIteration for an unknown name."""
    sys.meta_path.insert(0, _Breaker(next(mutant for mutant in MUTANTS if mutant.name == name)))


class _Breaker(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._mutant.module else None

    def exec_module(self, module: ModuleType) -> None:
        file = Path(__file__).parents[2].joinpath(*self._mutant.module.split(".")).with_suffix(".py")
        source = self._mutant.applied(file.read_text("utf-8"))
        exec(compile(source, str(file), "exec"), module.__dict__)
