"""When a file has stopped changing. Pure: what was seen before and what is seen now in, what has settled out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from blogmetad.intake.scan import Found


@dataclass(frozen=True, slots=True)
class Watched:
    """A file under observation. Times are monotonic seconds: when its name was first seen, and since when it has
    looked as it does now. ``settled`` once it was reported as such."""

    found: Found
    first_seen: float
    since: float
    settled: bool = False


def settle(
    previous: Mapping[str, Watched], found: Sequence[Found], now: float, quiet: float
) -> tuple[Mapping[str, Watched], tuple[Found, ...]]:
    """Take in one scan: the files to watch from now on, and those of them unchanged for ``quiet`` seconds.

    A settled file is reported with every scan until it changes; a file that has vanished is forgotten.
    """
    watched = {file.name: _observed(previous.get(file.name), file, now, quiet) for file in found}
    return watched, tuple(w.found for w in watched.values() if w.settled)


def next_due(watched: Mapping[str, Watched], now: float, quiet: float) -> float | None:
    """Seconds until a file that has not settled yet may have; None if there is none."""
    return min((max(0.0, w.since + quiet - now) for w in watched.values() if not w.settled), default=None)


def _observed(before: Watched | None, file: Found, now: float, quiet: float) -> Watched:
    if before is None:
        current = Watched(file, first_seen=now, since=now)
    elif before.found.stat != file.stat:
        current = Watched(file, before.first_seen, since=now)
    else:
        current = before
    return replace(current, settled=now - current.since >= quiet)
