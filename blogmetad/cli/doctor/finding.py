"""What a look at one thing yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from blogmetad.errors import BlogmetadError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do if it is not well."""

    check: str
    ok: bool
    seen: str
    fix: str = ""


def checked(check: str, look: Callable[[], str], fix: str) -> Finding:
    """What ``look`` says; or what it raises, with what to do about it, or ``fix`` where the error says nothing."""
    try:
        return Finding(check, True, look())
    except BlogmetadError as error:
        return Finding(check, False, str(error), error.hint or fix)
    except OSError as error:
        return Finding(check, False, str(error), fix)
