"""Several posts put to the model side by side; each answer is handed on as soon as it is there."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

from blogmetad import backfill
from blogmetad.backfill import Filled
from blogmetad.cli.backfill.choice import Lacking
from blogmetad.model.proposal import Withdrawn, WorkerLost
from blogmetad.pipeline import Desk
from blogmetad.publish.compose import ComposeError
from blogmetad.secret import masked_facts
from blogmetad.values import Problem

POLL = 0.2
"""Seconds between two looks at whether we are to stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for one post, the steps that led there, and how long it took."""

    of: Lacking
    found: Filled | tuple[Problem, ...]
    steps: tuple[tuple[str, Mapping[str, Any]], ...]
    seconds: float


def answers(
    lacking: Sequence[Lacking], desk: Desk, at_once: int, now: Callable[[], dt.datetime], stop: threading.Event
) -> Generator[Answer, None, None]:
    """The answers in the order they come; none for posts that were withdrawn because of ``stop``, by which
    ``desk.keep_going`` goes.

    A post over which the model's process was lost is asked about once more, alone: it may not have been the reason.
    Raises ModelUnavailable.
    """
    lost: list[Lacking] = []
    with ThreadPoolExecutor(at_once, thread_name_prefix="backfill") as pool:
        asked = {pool.submit(_ask, each, desk, now): each for each in lacking}
        try:
            for future in _as_they_come(asked):
                try:
                    yield future.result()
                except WorkerLost:
                    lost.append(asked[future])
                except Withdrawn:
                    pass
        except BaseException:
            stop.set()
            raise
    for each in lost:
        try:
            yield _ask(each, desk, now)
        except WorkerLost as error:
            message = f"The model's process was lost over {each.path} ({error}); 'blogmetad doctor' checks the model."
            yield Answer(each, (Problem("model.lost", message),), (), 0.0)
        except Withdrawn:
            return


def _as_they_come(asked: Collection[Future[Answer]]) -> Iterator[Future[Answer]]:
    """The futures as they are done. Never waits for long, so that Ctrl-C is heard whichever thread it reaches."""
    waiting = set(asked)
    while waiting:
        done, waiting = wait(waiting, POLL, FIRST_COMPLETED)
        yield from done


def _ask(item: Lacking, desk: Desk, now: Callable[[], dt.datetime]) -> Answer:
    if not desk.keep_going():
        raise Withdrawn("blogmetad was asked to stop")
    began, steps = time.perf_counter(), list[tuple[str, Mapping[str, Any]]]()

    def record(name: str, data: Mapping[str, object]) -> None:
        steps.append((name, masked_facts(data)))

    found: Filled | tuple[Problem, ...]
    try:
        found = backfill.fill(item.post, item.fields, replace(desk, record=record), arrived=now())
    except ComposeError as error:
        found = (Problem("post.matter", error.reason),)
    return Answer(item, found, tuple(steps), time.perf_counter() - began)
