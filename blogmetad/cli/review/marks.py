"""Marks: a word to blogmetad in a waiting post's front matter, written there, obeyed, or taken out again."""

from __future__ import annotations

import errno
import secrets
import stat
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from blogmetad import files, matter
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.daemon import assemble
from blogmetad.errors import BlogmetadError
from blogmetad.intake import draft as intake
from blogmetad.intake.scan import being_written
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.lock import AlreadyRunning
from blogmetad.outcomes import Retry
from blogmetad.publish.compose import ComposeError, exchanged
from blogmetad.publish.exchange import exchange_if
from blogmetad.reviewing import MARKS
from blogmetad.runner import UNFINISHED
from blogmetad.values import Draft, YamlValue, sha256

WAITING = "'blogmetad journal --outcome waiting' lists what waits for you"
CORRECT = "correct the file in an editor, and say it again"
TRY_OUT = "'blogmetad doctor' tries the folders and the model out"
"""What helps where a post does not wait, where its front matter cannot be read, where disk or model fail."""

PATIENCE = 900.0
"""Seconds a running daemon is waited for: it may have drafts before this one."""


class ReviewError(BlogmetadError):
    """What was asked for a post cannot be done; ``hint`` is what helps, where the message does not say it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Marked:
    """A waiting post with a mark: its draft's job, and the file's bytes before and after."""

    job: Job
    path: Path
    before: bytes
    after: bytes

    def take_back(self) -> None:
        """Take the mark out again, if nobody changed the file since."""
        rewrite(self.path, self.after, self.before)


def mark(settings: Config, job: Job, key: str, value: YamlValue, seen: str | None = None) -> Marked:
    """Write what the author says into the front matter of the waiting post; ``seen`` is the hash of the version they
    speak of, if it must be that one. Raises ReviewError."""
    path = settings.site.review / str(job.target)
    raw = read(settings, path)
    if seen not in (None, sha256(raw)):
        raise ReviewError(f"{path.name} was changed meanwhile; look at it again")
    post = intake.read(path.name, raw)
    if not isinstance(post, Draft):
        raise ReviewError(" ".join(problem.message for problem in post), CORRECT)
    line = matter.render(key, value).replace("\n", post.newline)
    try:
        after = exchanged(post, MARKS, {key: line}, (key,))
    except ComposeError as error:
        raise ReviewError(error.reason, CORRECT) from None
    if not rewrite(path, raw, after):
        raise ReviewError(f"{path} is being changed; save it, and say it again")
    return Marked(job, path, raw, after)


def read(settings: Config, path: Path) -> bytes:
    """The bytes of a post. Raises ReviewError."""
    try:
        return files.read_stable(path, settings.intake.max_bytes)[0]
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}", _help(error)) from None


def rewrite(path: Path, before: bytes, after: bytes) -> bool:
    """Exchange the file's bytes, if they are what they were and no program has it open to write. Raises ReviewError."""
    new = path.with_name(f".{path.name[:60]}.tmp-{secrets.token_hex(6)}")
    try:
        files.write_new(new, after, mode=stat.S_IMODE(path.stat().st_mode))
        if being_written(path) or not exchange_if(path, sha256(before), new):
            return False
        if being_written(new):  # opened just before: what is still to be written there must not be lost
            exchange_if(path, sha256(after), new)
            return False
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        unable = "the file system there cannot exchange two files: change it in an editor"
        reason = unable if error.errno == errno.EOPNOTSUPP else error.strerror
        raise ReviewError(f"{path} cannot be written: {reason}", _help(error)) from None
    finally:
        files.remove(new)


def _help(error: OSError) -> str:
    """What helps where a post cannot be read or written."""
    if error.errno == errno.EOPNOTSUPP:
        return ""
    return WAITING if isinstance(error, FileNotFoundError) else TRY_OUT


def see_to(settings: Config, marked: Sequence[Marked], keep_going: Callable[[], bool] = lambda: True) -> None:
    """Wait until a running daemon has obeyed, or do here what it would do. Raises ReviewError."""
    deadline = time.monotonic() + PATIENCE
    while _in_hand(settings, marked):
        if not keep_going():
            raise ReviewError("blogmetad was stopped before it came to it; it will when it is started again")
        if daemon_pid(settings.site.state) is None:
            try:
                _obey(settings, marked, keep_going)
            except AlreadyRunning:
                if daemon_pid(settings.site.state) is None:  # it is not this site that another one works on
                    raise
        elif time.monotonic() > deadline:
            raise ReviewError(
                "the running blogmetad has not come to it yet; it will", "'blogmetad status' says what it is doing"
            )
        time.sleep(0.1)


def _obey(settings: Config, marked: Sequence[Marked], keep_going: Callable[[], bool]) -> None:
    """Do what a daemon would do with the marks. Raises ReviewError where the disk or the model does not let us."""
    news = threading.Event()
    with assemble(settings, keep_going, news.set) as parts:
        while keep_going() and (_in_hand(settings, marked) or parts.runner.announcing):
            news.clear()
            found = parts.runner.review()
            failed = next((done.outcome for done in found.done if isinstance(done.outcome, Retry)), None)
            if found.trouble or (failed is not None and failed.wait is None):
                reason = " ".join(problem.message for problem in found.trouble) or str(failed and failed.reason)
                raise ReviewError(f"this cannot be done now: {reason}", f"{TRY_OUT}; 'blogmetad once' tries it again")
            news.wait(0.05 if found.again is None else max(0.05, min(1.0, found.again)))


def why_not(settings: Config, marked: Marked) -> str:
    """Why a mark was not obeyed, in words; empty if it was, or will be."""
    job = _answer(settings, marked)
    return " ".join(problem.message for problem in job.problems) if job and job.state is State.PARKED else ""


def _in_hand(settings: Config, marked: Sequence[Marked]) -> bool:
    """Whether one of the marks is still to be seen to."""
    with closing(Ledger.open_readonly(settings.site.state / "ledger.db")) as ledger:
        return any(_is_in_hand(settings, each, ledger.get(each.job.id)) for each in marked)


def _is_in_hand(settings: Config, marked: Marked, job: Job | None) -> bool:
    answer = _answer(settings, marked)
    if answer is not None:
        told = job is None or job.state is not State.WAITING
        return answer.state in UNFINISHED or (answer.state is State.DONE and not told)
    try:
        return marked.path.read_bytes() == marked.after
    except FileNotFoundError:
        return False


def _answer(settings: Config, marked: Marked) -> Job | None:
    """The review's job for the post with exactly this mark."""
    file = settings.site.state / "review" / "ledger.db"
    if not file.exists():
        return None
    with closing(Ledger.open_readonly(file)) as ledger:
        return ledger.latest(marked.path.name, sha256(marked.after))
