"""Who is told what becomes of drafts: the sections of the configuration about hooks, Git and the desktop."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from blogmetad.section import LISTED, SAID, Section

Event = Literal["published", "waiting", "held", "parked", "duplicate", "revised", "undone"]
"""What others can be told of: ends of a draft's story, pauses in it, and what its author did later."""


def _some(events: tuple[Event, ...]) -> tuple[Event, ...]:
    if not events:
        raise PydanticCustomError(SAID, f"must name at least one of {', '.join(get_args(Event))}")
    return events


def _program(command: tuple[str, ...]) -> tuple[str, ...]:
    """A program and its arguments. "~" is the home folder, as everywhere in this file."""
    if not command or not command[0].strip():
        raise PydanticCustomError(SAID, 'must be a program and its arguments, such as ["~/bin/deploy", "--quiet"]')
    if any("\0" in word for word in command):
        raise PydanticCustomError(SAID, "must hold no zero bytes")
    if not command[0].startswith("~"):
        return command
    try:
        return (str(Path(command[0]).expanduser()), *command[1:])
    except RuntimeError:
        raise PydanticCustomError(SAID, "begins with the ~name of an unknown user") from None


class Hook(Section):
    """A program that is run when a draft's story comes to one of these ends. No shell is between: ``command`` is the
    program and its arguments."""

    on: Annotated[tuple[Event, ...], LISTED, AfterValidator(_some)]
    command: Annotated[tuple[str, ...], LISTED, AfterValidator(_program)]
    timeout: float = Field(default=60.0, gt=0.0, le=3600.0)


def in_brackets(hooks: Any) -> Any:
    """What stands under ``hooks``, unless it is a single section."""
    if isinstance(hooks, dict):
        raise PydanticCustomError(SAID, "is written with two brackets, [[hooks]], once for each program")
    return hooks


PLACEHOLDERS = ("title", "post", "draft", "id")
"""What a commit's message may speak of."""


def _message(template: str) -> str:
    """The first line of a commit's message, with placeholders in braces."""
    try:
        named = [part[1:] for part in Formatter().parse(template) if part[1] is not None]
    except ValueError:
        named = [(None, None, None)]
    if not template.strip() or not {*named} <= {(name, "", None) for name in PLACEHOLDERS}:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise PydanticCustomError(SAID, f"must be text in which only these stand in braces: {known}")
    return template


class Git(Section):
    """Whether a post is committed to the repository its folder is in: its own file and nothing else."""

    commit: bool = False
    message: Annotated[str, AfterValidator(_message)] = "post: {title}"
    push: bool = False


class Notify(Section):
    """Who else is told what became of a draft."""

    desktop: bool = False
