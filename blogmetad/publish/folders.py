"""Where the pieces of a post lie, and whether these file systems can do what the protocol asks of them.

A post gets its name by a hard link (or, where there are none, by a rename that replaces nothing) and a draft
leaves by a rename, and neither crosses from one mount to another. So what is staged lies on the mount of the posts
and what is retired on the mount of the drafts: in the state folder if that is the same mount, else in a
``.blogmetad`` folder beside them, which scanners, Jekyll and Git pass over.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from blogmetad import files
from blogmetad.config import Config
from blogmetad.publish.records import WAITING
from blogmetad.values import Problem

_OWN = ".blogmetad"
_TRIAL = "blogmetad-trial.tmp-"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of the configuration, and what the protocol keeps beside them.

    Each property creates its folder when it is missing; they raise OSError if ``drafts`` or ``posts`` is
    missing.
    """

    drafts: Path
    posts: Path
    state: Path
    review: Path | None = None
    reviewed: bool = False

    @classmethod
    def of(cls, config: Config) -> Self:
        """Those of a site."""
        site = config.site
        return cls(site.drafts, site.posts, site.state, site.review, config.publish.mode == "review")

    @property
    def destination(self) -> Path:
        """Where a draft's post is put: among the posts, or, if it is to be reviewed, where it waits for its author."""
        return self.review if self.reviewed and self.review is not None else self.posts

    @property
    def named_in(self) -> tuple[Path, ...]:
        """Where a post's name must be free: among the posts, and in the folder of the review if it is to wait there.

        That one is first. Approved, a post is in both for a while, and whoever looks in this order misses none."""
        return tuple(dict.fromkeys((self.destination, self.posts)))

    def home(self, state: str) -> Path:
        """Where the post of a job in this state lies."""
        return self.review if state == WAITING and self.review is not None else self.posts

    @property
    def homes(self) -> tuple[Path, ...]:
        """Where posts lie: the posts folder, and that of the review if there is one."""
        review = () if self.review is None or not self.review.is_dir() else (self.review,)
        return (self.posts, *review)

    @property
    def kept(self) -> tuple[Path, ...]:
        """Every folder of copies that are kept for a while, none of them twice."""
        return tuple(dict.fromkeys((self.originals, self.retired, *map(self.withdrawn_from, self.homes))))

    @property
    def originals(self) -> Path:
        """One complete copy of every draft taken up, named after its job."""
        return _made(self.state / "originals")

    @property
    def stage(self) -> Path:
        """Finished posts that have no name yet, on the mount where they get it."""
        return self._beside(self.destination, "stage")

    @property
    def stages(self) -> tuple[Path, ...]:
        """Wherever finished posts without a name may lie, for the configuration may have said otherwise before."""
        return tuple(dict.fromkeys(self._beside(home, "stage") for home in self.homes))

    def withdrawn_from(self, home: Path) -> Path:
        """What was taken back out of ``home``, the folder of the posts or that of the review, on its mount."""
        return self._beside(home, "withdrawn")

    @property
    def retired(self) -> Path:
        """Drafts that have become posts, on the mount of the drafts."""
        return self._beside(self.drafts, "retired")

    def _beside(self, folder: Path, name: str) -> Path:
        if _mount(_made(self.state)) == _mount(folder):
            return _made(self.state / name)
        own = folder / _OWN
        if not own.is_dir():
            files.make_dir(own)
        with suppress(FileExistsError):  # a site is often a Git repository, and drafts are nobody's business
            files.write_new(own / ".gitignore", b"*\n")
        return _made(own / name)


def _made(folder: Path) -> Path:
    files.make_dir(folder)
    return folder


def _mount(folder: Path) -> tuple[int, str]:
    """What must be equal for two folders to be linked across. The device is not enough: a bind mount shares
    it."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        facts = Path(f"/proc/self/fdinfo/{fd}").read_text("ascii") if Path("/proc/self/fdinfo").is_dir() else ""
        mount = next((line for line in facts.splitlines() if line.startswith("mnt_id:")), "")
        return os.fstat(fd).st_dev, mount
    finally:
        os.close(fd)


def probe(folders: Folders) -> tuple[Problem, ...]:
    """Everything that would keep a post from being placed, found out by trying it with files of our own."""
    problems = _missing(folders)
    if problems:
        return problems
    trials: tuple[tuple[str, Path, Callable[[], None]], ...] = (
        ("state", folders.state, lambda: _try_keeping(folders.originals)),
        ("posts", folders.destination, lambda: _try_linking(folders.stage, folders.destination)),
        ("drafts", folders.drafts, lambda: _try_retiring(folders.drafts, folders.retired)),
    )
    return tuple(problem for name, folder, trial in trials if (problem := _tried(name, folder, trial)) is not None)


def at_a_glance(folders: Folders) -> tuple[Problem, ...]:
    """What can be seen to be wrong with the folders without trying anything: one is missing, or read-only."""
    missing = _missing(folders)
    named = (*_named(folders), ("state", folders.state))
    closed = (n for n in named if n[1].is_dir() and not os.access(n[1], os.W_OK | os.X_OK))
    return (*missing, *(_unwritable(name, folder, "it is read-only, or not ours") for name, folder in closed))


def _missing(folders: Folders) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            "folder.missing",
            f"The {name} folder {folder} does not exist or is not a folder; create it, mount it, or correct "
            "the path in the configuration.",
            name,
        )
        for name, folder in _named(folders)
        if not folder.is_dir()
    )


def _named(folders: Folders) -> tuple[tuple[str, Path], ...]:
    """The folders that an author has to do with, by the name they have in the configuration."""
    review = (("review", folders.destination),) if folders.reviewed else ()
    return (("drafts", folders.drafts), ("posts", folders.posts), *review)


def _tried(name: str, folder: Path, trial: Callable[[], None]) -> Problem | None:
    try:
        trial()
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in (errno.EOPNOTSUPP, errno.EXDEV, errno.ENOSYS):
            message = (
                f"The {name} folder {folder} is on a file system where a file cannot be given a name without the "
                f"danger of replacing another ({cause}); posts could be overwritten there, so use a folder on another "
                "one."
            )
            return Problem("folder.links", message, name)
        return _unwritable(name, folder, cause)
    return None


def _unwritable(name: str, folder: Path, cause: str) -> Problem:
    message = f"The {name} folder {folder} is not writable ({cause}); correct its permissions or free space."
    return Problem("folder.unwritable", message, name)


def _clear(folder: Path) -> None:
    """Remove what a trial left behind that was killed half-way."""
    for path in folder.glob(f"*{_TRIAL}*"):
        files.remove(path)


def _try_keeping(originals: Path) -> None:
    trial = originals / _trial_name()
    files.write_new(trial, b"")
    files.remove(trial)


def _try_linking(stage: Path, posts: Path) -> None:
    _clear(posts)
    name = _trial_name()
    try:
        files.write_new(stage / name, b"")
        files.link_new(stage / name, posts / name)
    finally:
        files.remove(posts / name)
        files.remove(stage / name)


def _try_retiring(drafts: Path, retired: Path) -> None:
    _clear(drafts)
    name = _trial_name()
    try:
        files.write_new(drafts / name, b"")
        files.move(drafts / name, retired / name)
        files.link_new(retired / name, drafts / name)
    finally:
        files.remove(drafts / name)
        files.remove(retired / name)


def _trial_name() -> str:
    return f".{_TRIAL}{secrets.token_hex(6)}"
