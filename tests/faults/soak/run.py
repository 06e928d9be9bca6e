"""A soak from its beginning to its end: who acts when, when everything is checked, and what is measured."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.faults.soak.author import Author
from tests.faults.soak.chaos import Chaos
from tests.faults.soak.invariants import Auditor
from tests.system.blog import Blog

PACE = 0.8
"""Seconds between two things the author does, on average."""

AUDIT_EVERY = 20.0
SAMPLE_EVERY = 2.0
PATIENCE = 300.0
"""Seconds for everything to come to its end."""

FILLING = 4 * 2**20
"""Bytes that may be added between the first and the last third of the calm half by caches which fill up and then stay
as they are: SQLite's pages, terms taken apart. Threads, too, allocate at different times."""

A_POST = 8 * 2**10
"""Bytes that the daemon may need for each post more that there is: its name, that of its draft, and its terms, which
several vocabularies remember. Thousands of drafts through the runner took 3 KiB each where all became posts, 1 KiB
where the site stayed as large as it was."""

MORE_FILES = 3
"""File descriptors that may be added."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one instant: seconds since the calm half began, resident bytes, open file descriptors; and how many
    posts there were."""

    at: float
    pid: int
    rss: int
    fds: int
    posts: int


@dataclass(slots=True)
class Soak:
    """One run. ``wrong`` is every violation, in words."""

    blog: Blog
    chance: random.Random
    seconds: float
    say: Callable[[str], object]
    audits: int = 0
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: {"daemon": [], "model": []})
    author: Author = field(init=False)
    chaos: Chaos = field(init=False)
    _auditor: Auditor = field(init=False)
    _over: threading.Event = field(default_factory=threading.Event)
    _calm: float = 0.0

    def __post_init__(self) -> None:
        self.author = Author(self.blog, random.Random(self.chance.random()))
        self.chaos = Chaos(self.blog, random.Random(self.chance.random()))
        self._auditor = Auditor(self.blog, self.author)

    def run(self) -> None:
        """Rough half, calm half, rest; then everything has to be where it belongs."""
        self.chaos.start()
        threads = [self._thread(self._write), self._thread(self._read)]
        try:
            self._let_pass(self.seconds / 2, self.chaos.rough, 0.4, 4.0)
            self.chaos.start()
            self._calm = time.monotonic()
            self._let_pass(self.seconds / 2, self._sample, SAMPLE_EVERY, SAMPLE_EVERY)
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        self._come_to_rest()
        self.chaos.end()
        self._audit(self._auditor.violations_at_rest)
        self.wrong += [*self.chaos.wrong, *self._growth()]

    def report(self) -> Iterator[str]:
        """What was done and found, as a table."""
        states = Counter(str(job.state) for job in self.blog.jobs())
        yield f"drafts written    {len(self.author.known)} bodies   {_listed(self.author.did)}"
        yield f"befell it         {sum(self.chaos.did.values())}   {_listed(self.chaos.did)}"
        yield f"jobs              {sum(states.values())}   {_listed(states)}"
        yield f"posts             {len(self.blog.published())}"
        yield f"ledger read       {self.reads} times beside the daemon"
        yield f"checked           {self.audits} times"
        for who, samples in self.samples.items():
            yield from _measured(who, samples)
        yield f"violations        {len(self.wrong)}"
        yield from (f"  {sentence}" for sentence in self.wrong)

    def _thread(self, act: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                act()
            except BaseException as error:
                self.wrong.append(f"{act.__name__} failed: {type(error).__name__}: {error}")
                raise

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    def _write(self) -> None:
        next_undo = time.monotonic() + 20
        while not self._over.wait(self.author.chance.expovariate(1 / PACE)):
            self.author.act()
            if time.monotonic() > next_undo:
                self.author.undo()
                next_undo = time.monotonic() + 45

    def _read(self) -> None:
        """The ledger, as a status page would read it, all the time."""
        while not self._over.wait(0.25):
            self.blog.jobs()
            self.reads += 1

    def _let_pass(self, seconds: float, act: Callable[[], None], least: float, most: float) -> None:
        end, audit = time.monotonic() + seconds, time.monotonic() + AUDIT_EVERY
        while time.monotonic() < end and not self.wrong:
            time.sleep(self.chance.uniform(least, most))
            act()
            if time.monotonic() > audit:
                self._audit(self._auditor.violations)
                audit = time.monotonic() + AUDIT_EVERY

    def _audit(self, look: Callable[[], list[str]]) -> None:
        self.audits += 1
        found = look()
        self.wrong += found
        jobs = len(self.blog.jobs())
        self.say(f"{time.strftime('%H:%M:%S')} {jobs} jobs, {len(self.blog.published())} posts, wrong: {found or 0}\n")

    def _sample(self) -> None:
        daemon, posts = self.chaos.start().process, len(self.blog.published())
        for who, process in (("daemon", psutil.Process(daemon.pid)), *(("model", w) for w in self.chaos.workers())):
            with suppress(psutil.NoSuchProcess):
                at = time.monotonic() - self._calm
                sample = Sample(at, process.pid, process.memory_info().rss, process.num_fds(), posts)
                self.samples[who].append(sample)

    def _come_to_rest(self) -> None:
        """Until every draft has a job and every job has ended; a restart makes that quicker."""
        self.chaos.restart()
        end = time.monotonic() + PATIENCE
        while self._auditor.open_jobs() or self._auditor.unseen():
            if time.monotonic() > end:
                self.wrong.append(f"never at rest: {self._auditor.open_jobs()} {self._auditor.unseen()}")
                return
            self.chaos.start()
            time.sleep(0.5)

    def _growth(self) -> Iterator[str]:
        for who, samples in self.samples.items():
            first, last = _thirds(samples)
            if not first:
                continue
            before, after = (statistics.median(sample.rss for sample in part) for part in (first, last))
            posts = statistics.median(s.posts for s in last) - statistics.median(s.posts for s in first)
            if after > before + FILLING + A_POST * posts:
                grown = f"from {before / 2**20:.1f} to {after / 2**20:.1f} MiB, with {posts:.0f} posts more"
                yield f"the memory of the {who} grew {grown}"
            if statistics.median(s.fds for s in last) > statistics.median(s.fds for s in first) + MORE_FILES:
                yield f"the {who} leaks file descriptors: {first[0].fds} to {last[-1].fds}"


def _thirds(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The first and last third of what was measured once all had warmed up."""
    warm = samples[len(samples) // 10 :]
    third = len(warm) // 3
    return warm[:third], warm[-third:] if third else []


def _measured(who: str, samples: list[Sample]) -> Iterator[str]:
    if len(samples) < 4:
        return
    warm = samples[len(samples) // 10 :]
    slope = statistics.linear_regression([s.at for s in warm], [s.rss for s in warm]).slope
    fds = [s.fds for s in warm]
    yield (
        f"{who:8} memory   {warm[0].rss / 2**20:.1f} -> {warm[-1].rss / 2**20:.1f} MiB, at most "
        f"{max(s.rss for s in warm) / 2**20:.1f}, slope {slope * 3600 / 2**20:+.2f} MiB an hour, "
        f"{warm[0].posts} -> {warm[-1].posts} posts, {len({s.pid for s in warm})} process(es), {len(warm)} samples"
    )
    fd_slope = statistics.linear_regression([s.at for s in warm], fds).slope
    yield f"{who:8} files    {fds[0]} -> {fds[-1]}, at most {max(fds)}, slope {fd_slope * 3600:+.2f} an hour"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(counts.items()))
