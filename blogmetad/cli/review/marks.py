"""Marks: a word to blogmetad in a waiting post's front matter, written there, obeyed, or taken out again."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from blogmetad import files, matter
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.daemon import assemble
from blogmetad.errors import BlogmetadError
from blogmetad.intake import draft as intake
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.publish.compose import exchanged
from blogmetad.reviewing import MARKS, exchange_if
from blogmetad.runner import UNFINISHED
from blogmetad.values import Draft, YamlValue, sha256

PATIENCE = 900.0
"""Seconds a running daemon is waited for: it may have drafts before this one."""


class ReviewError(BlogmetadError):
    """What was asked for a post cannot be done."""

    hint = "'blogmetad journal --outcome waiting' lists what waits for you"


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


def mark(settings: Config, job: Job, key: str, value: YamlValue) -> Marked:
    """Write what the author says into the front matter of the waiting post. Raises ReviewError."""
    path = settings.site.review / str(job.target)
    try:
        raw, _ = files.read_stable(path, settings.intake.max_bytes)
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}") from None
    post = intake.read(path.name, raw)
    if not isinstance(post, Draft):
        raise ReviewError(" ".join(problem.message for problem in post))
    line = matter.render(key, value).replace("\n", post.newline)
    after = exchanged(post, MARKS, {key: line}, (key,))
    if not rewrite(path, raw, after):
        raise ReviewError(f"{path} is being changed; save it, and say it again")
    return Marked(job, path, raw, after)


def rewrite(path: Path, before: bytes, after: bytes) -> bool:
    """Exchange the file's bytes, if they are what they were."""
    new = path.with_name(f".{path.name[:60]}.tmp-{secrets.token_hex(6)}")
    files.write_new(new, after)
    try:
        return exchange_if(path, sha256(before), new)
    finally:
        files.remove(new)


def see_to(settings: Config, marked: Sequence[Marked]) -> None:
    """Wait until a running daemon has obeyed, or do here what it would do. Raises ReviewError."""
    if daemon_pid(settings.site.state) is not None:
        deadline = time.monotonic() + PATIENCE
        while _in_hand(settings, marked):
            if time.monotonic() > deadline:
                raise ReviewError("the running blogmetad has not come to it yet; it will")
            time.sleep(0.1)
        return
    news = threading.Event()
    with assemble(settings, lambda: True, news.set) as parts:
        while _in_hand(settings, marked) or parts.runner.announcing:
            news.clear()
            again = parts.runner.review().again
            news.wait(0.05 if again is None else max(0.05, min(1.0, again)))


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
