"""What others are still to be told of a draft, read out of its steps: the ledger remembers what was promised, what was
begun and what is done. Pure.

The promise is written down together with the outcome, so none is forgotten; that a program is about to be called is
written down before it is, so none is called twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from blogmetad.audience import Event
from blogmetad.config import Config
from blogmetad.journal.ledger import Job, State, Step

PROMISED = "promised"
CALLING = "calling"
CALLED = "called"
COMMITTED = "committed"
NOT_COMMITTED = "not committed"
WITHDRAWN = "removal committed"
PUSHED = "pushed"
NOT_PUSHED = "not pushed"
ANNOUNCED = "announced"

_STATES: Mapping[Event, State] = {
    "published": State.DONE,
    "waiting": State.WAITING,
    "held": State.HELD,
    "parked": State.PARKED,
    "duplicate": State.DUPLICATE,
    "revised": State.DONE,
    "undone": State.UNDONE,
}
_UNDER_WAY = (State.ACCEPTED, State.STAGED, State.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Promise:
    """That others are told of this ``outcome``, and how far it is kept.

    ``calling`` are the hooks that were begun, as one would type them, and ``called`` those of them that came to an end;
    ``settled`` is whether the repository has been seen to, ``commit`` what came of it.
    """

    outcome: Event
    calling: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    settled: bool = False
    pushed: bool = False
    commit: str | None = None


def wanted(config: Config, event: Event) -> bool:
    """Whether anybody wants to be told of this."""
    in_git = config.git.commit and event in ("published", "revised", "undone")
    return in_git or on_desktop(config, event) or any(event in hook.on for hook in config.hooks)


def on_desktop(config: Config, event: Event) -> bool:
    """Whether the desktop is told. Who revises a post or takes a draft back sits there and has just been told."""
    return config.notify.desktop and event not in ("revised", "undone")


def standing(steps: Sequence[Step]) -> Promise | None:
    """The last promise, if it is not kept altogether."""
    places = [place for place, step in enumerate(steps) if step.name == PROMISED]
    if not places or steps[places[-1]].data.get("outcome") not in get_args(Event):
        return None
    since = steps[places[-1] :]
    if any(step.name == ANNOUNCED for step in since):
        return None
    commit = next((step.data.get("commit") for step in since if step.name in (COMMITTED, WITHDRAWN)), None)
    return Promise(
        outcome=since[0].data["outcome"],
        calling=frozenset(str(step.data.get("hook")) for step in since if step.name == CALLING),
        called=frozenset(str(step.data.get("hook")) for step in since if step.name == CALLED),
        settled=any(step.name in (COMMITTED, WITHDRAWN, NOT_COMMITTED) for step in since),
        pushed=any(step.name in (PUSHED, NOT_PUSHED) for step in since),
        commit=commit,
    )


def due(promise: Promise, job: Job) -> bool | None:
    """Whether the draft has come to the end that was promised to be told of; None while it may still."""
    if job.state is _STATES[promise.outcome]:
        return True
    return None if job.state in _UNDER_WAY else False


def committed_as(steps: Sequence[Step]) -> str | None:
    """The commit that brought the post, if blogmetad made one."""
    commit = next((step.data.get("commit") for step in reversed(steps) if step.name == COMMITTED), None)
    return commit if isinstance(commit, str) else None


def subject(steps: Sequence[Step]) -> str | None:
    """What the first commit of the post said, if blogmetad made one."""
    message = next((step.data.get("message") for step in steps if step.name == COMMITTED), None)
    return message if isinstance(message, str) else None
