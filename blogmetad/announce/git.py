"""Git, asked and told: one repository, as seen from one of its folders.

It is run as a program, so the author's own settings hold: identity, signing, line ends, hooks of the repository.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from blogmetad.announce import process
from blogmetad.announce.process import Ran

PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between two tries while another Git is at work in the repository."""

SECONDS = 60.0
"""What one call may take, with the repository's hooks and a server at the other end."""

_LOCKED = re.compile(r"Unable to create '([^'\n]{1,4096}\.lock)': File exists|cannot lock ref")
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick or revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "BISECT_LOG": "bisect",
}
_TICK = 0.05


class Stopped(Exception):
    """Blogmetad was asked to stop while Git was at work; the next start tries again."""


class Failed(Exception):
    """Git did not do what it was asked for. ``str()`` is what it said, or how it ended; no whole sentence."""


class Repository:
    """The repository in which ``folder`` lies, if it lies in one. Methods raise Stopped, and Failed."""

    def __init__(self, folder: Path, environment: Mapping[str, str], keep_going: Callable[[], bool]) -> None:
        self.folder = folder
        self._environment, self._keep_going = environment, keep_going

    def run(self, *words: str, given: bytes = b"") -> Ran:
        """Call Git in the folder, whatever comes of it."""
        # Never a name that is guessed from the machine's: that commit would be nobody's.
        command = ("git", "-c", "user.useConfigOnly=true", *words)
        ran = process.run(
            command,
            folder=self.folder,
            environment=self._environment,
            timeout=SECONDS,
            keep_going=self._keep_going,
            given=given,
        )
        if ran.end == "stopped":
            raise Stopped
        return ran

    def ask(self, *words: str) -> str:
        """What Git answers."""
        return _well(self.run(*words)).answer.rstrip("\n")

    def is_so(self, *words: str) -> bool:
        """The answer of a command that says yes with 0 and no with 1."""
        ran = self.run(*words)
        if ran.end == "exited" and ran.code in (0, 1):
            return ran.code == 0
        raise Failed(_said(ran))

    def tell(self, *words: str, given: bytes = b"") -> None:
        """Have Git change something, and wait for others that are at work in the repository."""
        for pause in (*PATIENCE, None):
            ran = self.run(*words, given=given)
            locked = None if ran.well else _LOCKED.search(ran.output)
            if locked is None:
                _well(ran)
                return
            if pause is None:
                break
            self._wait(pause)
        file = f" ({locked[1]})" if locked and locked[1] else ""
        raise Failed(f"the repository is locked{file}; if no other Git is at work in it, remove that file")

    def obstacle(self) -> str | None:
        """Why nothing must be committed here now, as a whole sentence."""
        ran = self.run("rev-parse", "--is-inside-work-tree")
        if not ran.well:
            none = "not a git repository" in ran.output
            return f"{self.folder} is in no Git repository." if none else f"Git cannot be used here: {_said(ran)}."
        if ran.answer.strip() != "true":
            return f"{self.folder} is not in the working tree of a Git repository."
        under_way = self.under_way()
        if under_way is not None:
            return f"The repository is in the middle of a {under_way}."
        if self.branch() is None:
            # A commit that no branch leads to goes, and its files with it, when the next branch is checked out.
            return "No branch is checked out in the repository (its HEAD is detached)."
        return None

    def under_way(self) -> str | None:
        """What the author has begun in the repository and not finished."""
        words = [word for name in _UNDER_WAY for word in ("--git-path", name)]
        paths = self.ask("rev-parse", *words).split("\n")
        found = (what for path, what in zip(paths, _UNDER_WAY.values(), strict=True) if (self.folder / path).exists())
        return next(found, None)

    def branch(self) -> str | None:
        """The branch that is checked out, as ``refs/heads/NAME``."""
        ran = self.run("symbolic-ref", "--quiet", "HEAD")
        return ran.answer.strip() if ran.well else None

    def upstream(self) -> tuple[str, str] | None:
        """Where the branch that is checked out is pushed to: a remote and a branch there."""
        where = "%(upstream:remotename)%00%(upstream:remoteref)"
        remote, _, ref = self.ask("for-each-ref", f"--format={where}", self.branch() or "refs/none").partition("\0")
        return (remote, ref) if remote and ref and remote != "." else None

    def commit(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        ran = self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return ran.answer.strip() if ran.well else None

    def blob(self, commit: str, name: str) -> str | None:
        """The content of a file in a commit, as Git names it; None if it has no such file."""
        ran = self.run("rev-parse", "--verify", "--quiet", f"{commit}:./{name}")
        return ran.answer.strip() if ran.well else None

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self._keep_going():
                raise Stopped
            time.sleep(_TICK)


def literal(name: str) -> str:
    """A file's name as a pathspec, whatever stars, brackets or colons are in it."""
    return f":(literal){name}"


def _well(ran: Ran) -> Ran:
    if not ran.well:
        raise Failed(_said(ran))
    return ran


def _said(ran: Ran) -> str:
    """The line in which Git says what is wrong, or how it ended."""
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1] if lines else "")
    line = told.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
    return f"{line} ({ran.words})" if line and ran.end == "exited" else f"git: {ran.words}"
