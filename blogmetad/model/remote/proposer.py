"""A Proposer that asks a server elsewhere, from as many threads at once as there are drafts in flight."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from blogmetad.model.proposal import Withdrawn
from blogmetad.model.remote.session import RemoteOptions, Session
from blogmetad.values import Proposal, Request

T = TypeVar("T")

TICK = 0.25
"""Seconds between two looks at whether the answer is still wanted."""


class Remote:
    """The calls wait in their own threads, while one event loop in a thread of its own does all the talking: what is
    withdrawn there ends at once, and the server sees its connection closed and stops working on it. Thread-safe."""

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._talk: _Talk | None = None

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        """See whether the server is there. Raises ModelUnavailable or Withdrawn."""
        talk = self._talking()
        talk.wait(talk.session.prepare(), keep_going)

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        """Have the server fill in what is asked; see Proposer."""
        talk = self._talking()
        return talk.wait(talk.session.propose(request), keep_going)

    def unload(self) -> None:
        """Close the connections; what is in flight is withdrawn."""
        with self._lock:
            talk, self._talk = self._talk, None
        if talk is not None:
            talk.end()

    def _talking(self) -> _Talk:
        with self._lock:
            if self._talk is None:
                self._talk = _Talk(self._options)
            return self._talk


class _Talk:
    """An event loop in a thread, with a Session in it."""

    def __init__(self, options: RemoteOptions) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="server", daemon=True)
        self.session = Session(options)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T], keep_going: Callable[[], bool]) -> T:
        """The result of ``work``, which is cancelled when it is no longer wanted."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not concurrent.futures.wait([future], TICK).done:
                if not keep_going():
                    raise Withdrawn("the request was withdrawn")
            return future.result()
        except concurrent.futures.CancelledError:
            raise Withdrawn("the request was withdrawn") from None
        finally:
            future.cancel()

    def end(self) -> None:
        """Cancel what is under way, close the connections, and stop."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.session.close()
