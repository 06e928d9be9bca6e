"""One loaded model, any number of requests: those in flight share every batch llama.cpp is given.

An answer is written as steps (answer.py) that ask for tokens to be evaluated. Each ``step`` collects what all answers
in flight ask for into one batch; an answer that is finished makes room for the next request at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from blogmetad.model import prompt
from blogmetad.model.local import alphabet
from blogmetad.model.local.answer import Answer, Desk, Guide, Writer, question
from blogmetad.model.local.answer import room as room_for
from blogmetad.model.local.llama import Cell, Llama, Logits, ModelError
from blogmetad.model.local.saved import SavedStates
from blogmetad.model.local.steps import Step
from blogmetad.model.local.thinking import thinking as how_to_think
from blogmetad.values import Proposal, Request, Usage

GUIDANCE = 0
"""The sequence that holds the guidance; those behind it belong to the answers in flight."""

Result: TypeAlias = "tuple[int, Proposal | ModelError]"
"""What became of a request, under the key it was admitted with."""


class Stopped(Exception):
    """The caller withdrew the request between two steps."""


@dataclass(slots=True)
class _Waiting:
    """A request that is not in flight yet; ``question`` are the tokens it will be shown as, once they are counted."""

    key: int
    request: Request
    question: list[int] | None = None


@dataclass(slots=True)
class _Flight:
    """A request in flight: its steps, what they ask for now, how far that has got, and what it cost so far."""

    waited: _Waiting
    steps: Step[Answer]
    reserved: int
    fresh: int
    began: float
    cells: list[Cell]
    given: int = 0
    rows: list[Logits] = field(default_factory=list)
    evaluated: int = 0
    rounds: int = 0
    prefilled: float = 0.0

    @property
    def left(self) -> int:
        """Cells still to be evaluated before the steps can go on."""
        return len(self.cells) - self.given


class Engine:
    """Answers requests, always the same way for the same request. Not thread-safe.

    ``parallel`` is how many are in flight at most, ``thinking`` how many tokens a model that can may think (0: it must
    not), ``saved`` the folder where the guidance's state is kept for the next start (None: nowhere).
    """

    def __init__(
        self, model: Llama, name: str, mode: str, *, parallel: int = 1, thinking: int = 0, saved: Path | None = None
    ) -> None:
        self._model, self._name, self._mode = model, name, mode
        frame = prompt.frame(model.chat_template(), thinking > 0)
        how = how_to_think(model, thinking) if frame.thinks else None
        self._desk = Desk(model, alphabet.build(model), frame, how)
        self._saved = SavedStates(saved, model) if saved is not None else None
        self._guidance: list[int] = []
        self._guide = Guide(GUIDANCE, 0, {})
        self._known = 0
        self._waiting: deque[_Waiting] = deque()
        self._flights: dict[int, _Flight] = {}
        self._slots = parallel
        self._share = (model.sequences - 1) // parallel

    @property
    def busy(self) -> bool:
        """Whether any request is not answered yet."""
        return bool(self._waiting or self._flights)

    def admit(self, key: int, request: Request) -> None:
        """Take a request in; ``step`` gives its answer under ``key``."""
        self._waiting.append(_Waiting(key, request))

    def withdraw(self, key: int) -> None:
        """Forget a request, wherever it has got to."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.key != key)
        for slot in [slot for slot, flight in self._flights.items() if flight.waited.key == key]:
            self._land(slot)

    def propose(self, request: Request, stop: Callable[[], bool] = lambda: False) -> Proposal:
        """One answer, alone. Raises Stopped when ``stop()`` turns true, ModelError when llama.cpp fails."""
        self.admit(0, request)
        while not stop():
            for _, result in self.step():
                if isinstance(result, ModelError):
                    raise result
                return result
        self.withdraw(0)
        raise Stopped

    def step(self) -> list[Result]:
        """Have llama.cpp evaluate one batch for everything in flight; what has ended with it."""
        ended = self._board()
        shares: list[tuple[int, list[Cell]]] = []
        room, outputs = self._model.batch_size, self._model.outputs
        # Short ones first: a draft that writes its title does not wait for another's whole prompt.
        for slot in sorted(self._flights, key=lambda slot: self._flights[slot].left):
            cells = _fitting(self._flights[slot], room, outputs)
            room, outputs = room - len(cells), outputs - sum(cell.wanted for cell in cells)
            shares.append((slot, cells))
        if not shares:
            return ended
        try:
            rows = iter(self._model.decode([cell for _, cells in shares for cell in cells]))
        except ModelError as error:
            return ended + self._retreat(error)
        for slot, cells in shares:
            flight = self._flights[slot]
            flight.rows += [next(rows) for cell in cells if cell.wanted]
            flight.given += len(cells)
            flight.evaluated += len(cells)
            flight.rounds += bool(cells)
            if flight.left == 0:
                ended += self._resume(slot)
        return ended

    def _board(self) -> list[Result]:
        """Take in as many waiting requests as there is room for, in their order; those that cannot be answered."""
        refused: list[Result] = []
        while self._waiting and len(self._flights) < self._slots:
            waiting = self._waiting[0]
            try:
                if not self._take_off(waiting):
                    break
            except ModelError as error:
                refused.append((waiting.key, error))
            self._waiting.popleft()
        return refused

    def _take_off(self, waiting: _Waiting) -> bool:
        """Begin an answer, unless it has to wait for others to end: for their room, or because it needs other
        guidance than they do."""
        began = time.perf_counter()
        fresh = self._share_guidance(waiting.request)
        if fresh is None:
            return False
        answer = room_for(waiting.request.asks) + (self._desk.thinking.budget if self._desk.thinking else 0)
        room = self._model.context_size - self._guide.length
        if waiting.question is None:
            waiting.question = question(self._desk, waiting.request, room - answer)
        reserved = len(waiting.question) + answer
        if self._flights and reserved > room - sum(flight.reserved for flight in self._flights.values()):
            return False
        slot = next(n for n in range(self._slots) if n not in self._flights)
        first = GUIDANCE + 1 + slot * self._share
        writer = Writer(self._desk, self._guide, range(first, first + self._share), waiting.request, waiting.question)
        steps = writer.write()
        self._flights[slot] = _Flight(waiting, steps, reserved, fresh, began, next(steps))
        return True

    def _share_guidance(self, request: Request) -> int | None:
        """Bring the guidance's state into its sequence; how many tokens had to be evaluated for that (0 if it is there
        already). None while drafts with other guidance are in flight."""
        opening = self._model.tokenize(self._desk.frame.opening, special=True)
        tokens = opening + self._model.tokenize(prompt.system(request))
        if tokens == self._guidance:
            return 0
        if self._flights:
            return None
        limit = self._model.context_size // 2
        if len(tokens) > limit:
            raise ModelError(f"the guidance of the rules takes {len(tokens)} tokens, {limit} is the most")
        self._model.clear()
        self._guidance = []
        blank = self._saved.restore(tokens, GUIDANCE) if self._saved is not None else None
        if blank is None:
            self._model.decode([Cell(t, i, (GUIDANCE,)) for i, t in enumerate(tokens)])
        self._guidance = tokens
        self._guide = Guide(GUIDANCE, len(tokens), dict(blank or {}))
        self._known = len(blank) if blank is not None else -1
        return len(tokens) if blank is None else 0

    def _resume(self, slot: int) -> list[Result]:
        """Let an answer go on with its logits; its proposal, if that was the last of it."""
        flight = self._flights[slot]
        rows, flight.rows = flight.rows, []
        flight.prefilled = flight.prefilled or time.perf_counter()
        try:
            flight.cells, flight.given = flight.steps.send(rows), 0
        except StopIteration as end:
            self._land(slot)
            self._save()
            return [(flight.waited.key, self._proposal(flight, end.value))]
        return []

    def _retreat(self, error: ModelError) -> list[Result]:
        """A batch was refused. One answer alone has failed; several are begun again one by one, the first first."""
        flights = sorted(self._flights.items(), key=lambda entry: entry[1].began)
        for slot, _ in flights:
            self._land(slot)
        if len(flights) == 1:
            return [(flights[0][1].waited.key, error)]
        self._slots = 1
        self._waiting.extendleft(flight.waited for _, flight in reversed(flights))
        return []

    def _land(self, slot: int) -> None:
        """End a flight and forget its sequences."""
        self._flights.pop(slot).steps.close()
        for sequence in range(1 + slot * self._share, 1 + (slot + 1) * self._share):
            self._model.drop(sequence)

    def _save(self) -> None:
        """Keep what every start would have to compute again: the guidance's state, what is said without a post."""
        if self._saved is not None and len(self._guide.blank) > self._known:
            self._saved.keep(self._guidance, GUIDANCE, self._guide.blank)
            self._known = len(self._guide.blank)

    def _proposal(self, flight: _Flight, answer: Answer) -> Proposal:
        now = time.perf_counter()
        asked = len(flight.waited.question or ())
        usage = Usage(
            prompt_tokens=asked + flight.fresh,
            reused_tokens=self._guide.length - flight.fresh,
            output_tokens=flight.evaluated - asked,
            thinking_tokens=answer.thinking_tokens,
            steps=flight.rounds,
            prefill_seconds=flight.prefilled - flight.began,
            decode_seconds=now - flight.prefilled,
            seconds=now - flight.began,
        )
        return Proposal(answer.texts, answer.terms, self._name, self._mode, usage)


def _fitting(flight: _Flight, room: int, outputs: int) -> list[Cell]:
    """The next cells of a flight that still fit into a batch of so many tokens and rows of logits."""
    cells = flight.cells[flight.given : flight.given + room]
    for i, cell in enumerate(cells):
        outputs -= cell.wanted
        if outputs < 0:
            return cells[:i]
    return cells
