"""What ``init`` asks, if somebody is there to answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from blogmetad.cli.options import console
from blogmetad.errors import BlogmetadError


class InitError(BlogmetadError):
    """The site, the rules or the model named cannot be used, or nobody is there to name one."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Author:
    """Who is asked. With ``yes``, what was found is taken in place of an answer."""

    yes: bool

    @property
    def is_here(self) -> bool:
        """Whether somebody sits at a terminal and wants to be asked."""
        return not self.yes and sys.stdin.isatty() and sys.stdout.isatty()

    def chooses(self, question: str, found: str | None, choices: Mapping[str, str], option: str) -> str:
        """An answer; ``choices`` are possible ones, with a word on each. Raises InitError, naming the ``option`` that
        would have told, where nobody answers and nothing was found."""
        if found is not None and self.yes:
            return found
        if not self.is_here:
            take = "; or take what fits with --yes" if found is not None else ""
            raise InitError(f"nobody is there to be asked: {question}", f"say it with {option}{take}")
        width = max(map(len, choices), default=0)
        for choice, word in choices.items():
            console.print(f"  {choice:<{width}}  {word}", markup=False)
        return str(typer.prompt(question, default=found))

    def agrees(self, question: str, wanted: bool | None = None) -> bool:
        """Whether to do something: as the option said, else as the author says, else not."""
        if wanted is not None:
            return wanted
        return self.is_here and typer.confirm(question, default=True)
