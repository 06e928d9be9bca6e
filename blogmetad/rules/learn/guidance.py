"""Guidance (stub)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a prose document says."""

    name: str


def read_guidance(text: str, name: str) -> Guidance:
    """Read."""
    return Guidance(name if text is not None else "")
