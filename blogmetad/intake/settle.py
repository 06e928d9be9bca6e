"""Settle: which files have stopped changing. Pure; the clock is an argument, in monotonic seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blogmetad.intake.scan import Fingerprint, Found


@dataclass(frozen=True, slots=True)
class Watched:
    """A file on probation: its last state, since when it has it, and when the file was first seen."""

    stat: Fingerprint
    since: float
    first_seen: float


def settle(
    previous: Mapping[str, Watched], found: Sequence[Found], now: float, quiet: float
) -> tuple[dict[str, Watched], tuple[Found, ...]]:
    """Compare a scan with what was known before: what is on probation now, and the files that have not changed for
    ``quiet`` seconds. Files that are gone are forgotten; a changed file starts anew."""
    watched: dict[str, Watched] = {}
    settled: list[Found] = []
    for file in found:
        before = previous.get(file.name)
        if before is None:
            watched[file.name] = Watched(file.stat, now, now)
        elif before.stat != file.stat:
            watched[file.name] = Watched(file.stat, now, before.first_seen)
        else:
            watched[file.name] = before
        if now - watched[file.name].since >= quiet:
            settled.append(file)
    return watched, tuple(settled)


def next_due(watched: Mapping[str, Watched], now: float, quiet: float) -> float | None:
    """Seconds until the first file can have settled; None if none is on probation."""
    return min((max(0.0, file.since + quiet - now) for file in watched.values()), default=None)
