"""What an author tells blogmetad in a draft's front matter, under a key of ours that never gets into the post. Pure.

::

    blogmetad:
      ready: true           # with [intake] ready = "marked"; false always makes the draft wait
      leave: [description]  # fields that are not to be added
      language: zh          # of the text, where it is too short or too mixed to tell
      hint: 重点是备份       # a word for the model
      hold: 2026-12-01      # not before that day
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator

from blogmetad import matter
from blogmetad.config import Ready
from blogmetad.matter import DIRECTIVES
from blogmetad.values import Directives, Problem, YamlValue

LONGEST_HINT = 500
"""Characters. What the model reads behind the text must not outweigh it."""

_KEYS = ("ready", "leave", "language", "hint", "hold")


def read(name: str, value: YamlValue) -> Directives | tuple[Problem, ...]:
    """The directives under our key in the draft ``name``, or all that is wrong with them."""
    if not isinstance(value, dict):
        known = ", ".join(_KEYS)
        return (_problem(name, f"has to hold keys of its own, one a line and further in: {known}"),)
    problems = tuple(_problem(name, reason) for reason in _faults(value))
    if problems:
        return problems
    leave = value.get("leave") or []
    ready, language = value.get("ready"), value.get("language")
    return Directives(
        ready=ready if isinstance(ready, bool) else None,
        leave=frozenset(map(str, leave if isinstance(leave, list) else [leave])),
        language="zh" if language == "zh" else "en" if language == "en" else None,
        hint=" ".join(str(value.get("hint") or "").split()),
        hold=value.get("hold"),
    )


def is_ready(raw: bytes, wanted: Ready) -> bool:
    """Whether the author lets a draft go: unless it says no, or only if it says yes (``marked``).

    One whose directives cannot be read is let go, so that its author is told.
    """
    try:
        head = matter.split(raw).head
        ours = (matter.parse(head) or {}).get(DIRECTIVES) if head is not None else None
    except matter.MatterError:
        return wanted == "settled" or DIRECTIVES.encode() in raw[: matter.MAX_HEAD]
    if ours is None:
        return wanted == "settled"
    told = read("", ours)
    if not isinstance(told, Directives):
        return True
    return wanted == "settled" if told.ready is None else told.ready


def _faults(value: dict[str, YamlValue]) -> Iterator[str]:
    for key in value:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            meant = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(_KEYS)}"
            yield f"has a key '{key}' that means nothing; {meant}"
    if not isinstance(value.get("ready"), bool | None):
        yield f"says ready: {value['ready']}; write true or false"
    if value.get("language") not in ("en", "zh", None):
        yield f"says language: {value['language']}; write en or zh"
    leave = value.get("leave")
    if not isinstance(leave, str | None) and not (isinstance(leave, list) and all(isinstance(f, str) for f in leave)):
        yield "says to leave what is no list of field names; write it as leave: [description, tags]"
    hint = value.get("hint")
    if not isinstance(hint, str | None):
        yield "has a hint that is no text; put it in quotes"
    elif hint and len(hint) > LONGEST_HINT:
        yield f"has a hint of {len(hint)} characters; {LONGEST_HINT} are allowed"
    if not isinstance(value.get("hold"), str | dt.date | None):
        yield f"says hold: {value['hold']}; write a date as 2026-12-01 or 2026-12-01 08:00:00 +0800"


def _problem(name: str, reason: str) -> Problem:
    return Problem(
        "draft.directives", f"{name}: '{DIRECTIVES}' in the front matter {reason}. Save the file again.", DIRECTIVES
    )
