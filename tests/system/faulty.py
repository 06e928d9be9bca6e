"""``blogmetad run`` with a part in it that dies once a file appears::

    python -m tests.system.faulty PART FILE run --config ...

With ``PART`` alone it dies once, and its successor lives; with ``PART!`` its successors die as well, if they are born.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler

from blogmetad import pipeline, runner
from blogmetad.cli.app import main
from blogmetad.intake import watch
from blogmetad.intake.watch import Watch

watches: list[Watch] = []


class Trigger:
    """Fires when its file is there: once, or from then on."""

    def __init__(self, file: Path, lasting: bool) -> None:
        self._file, self.lasting = file, lasting

    def __call__(self) -> bool:
        if not self._file.exists():
            return False
        if not self.lasting:
            self._file.unlink()
        return True


def loop(trigger: Trigger) -> None:
    """The main loop hangs, as on a network folder whose server is gone."""
    runner.scan = _hanging(trigger, runner.scan)  # type: ignore[attr-defined]


def draft(trigger: Trigger) -> None:
    """The thread of a draft hangs."""
    pipeline.accept = _hanging(trigger, pipeline.accept)


def handler(trigger: Trigger) -> None:
    """An exception in watchdog's thread ends it."""

    def fail(bell: object, event: object) -> None:  # noqa: ARG001
        if trigger():
            raise RuntimeError("坏了")

    watch._Bell.on_any_event = fail  # type: ignore[method-assign]


def emitter(trigger: Trigger) -> None:
    """The thread that reads from inotify ends, which its owner does not notice."""
    rearm = Watch.rearm

    def armed(self: Watch) -> None:
        if not (trigger.lasting and trigger()):
            rearm(self)
            watches[:] = [self]

    def kill() -> None:
        while not trigger():
            time.sleep(0.02)
        for one in watches:
            for reader in list(one._observer.emitters):  # type: ignore[union-attr]
                reader.stop()

    Watch.rearm = armed  # type: ignore[method-assign]
    threading.Thread(target=kill, daemon=True).start()


def scheduler(trigger: Trigger) -> None:
    """The scheduler's thread ends."""
    process = BlockingScheduler._process_jobs

    def dying(self: BlockingScheduler) -> Any:
        if trigger():
            raise SystemExit
        return process(self)

    BlockingScheduler._process_jobs = dying


def _hanging(trigger: Trigger, act: Callable[..., Any]) -> Callable[..., Any]:
    def hang(*words: Any, **named: Any) -> Any:
        if trigger():
            threading.Event().wait()
        return act(*words, **named)

    return hang


if __name__ == "__main__":
    part, file = sys.argv[1:3]
    PARTS = {act.__name__: act for act in (loop, draft, handler, emitter, scheduler)}
    PARTS[part.rstrip("!")](Trigger(Path(file), part.endswith("!")))
    sys.argv[1:3] = []
    main()
