"""A hook: a program of the author's that is told what became of a draft."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from blogmetad.announce import facts as told
from blogmetad.announce import process
from blogmetad.announce.facts import Facts
from blogmetad.announce.process import Ran
from blogmetad.audience import Hook


def call(hook: Hook, facts: Facts, environment: Mapping[str, str], keep_going: Callable[[], bool]) -> Ran:
    """Run it in the folder of the site, with the facts in its environment and as JSON on standard input."""
    return process.run(
        hook.command,
        folder=facts.site,
        environment={**environment, **told.variables(facts)},
        timeout=hook.timeout,
        keep_going=keep_going,
        given=told.as_json(facts),
    )


def line(hook: Hook) -> str:
    """The command as one would type it."""
    return shlex.join(hook.command)
