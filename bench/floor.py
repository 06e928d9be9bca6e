"""The floor under a proposal: its own llama_decode calls once more, and nothing between them.

The tape of one proposal holds every batch llama.cpp was given. Playing it again costs what the model itself costs on
this machine right now; the rest of a proposal's time is ours: tokenizing, masks, argmax, scoring, copies of logits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import llama_cpp as lib

from blogmetad.model.local.llama import Cell, Llama, LoadOptions, Logits, ModelError


@dataclass(frozen=True, slots=True)
class Decoded:
    """One batch given to llama_decode."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Branched:
    """Sequence ``target`` began as a copy of ``source``."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sequence was forgotten."""

    sequence: int


Operation: TypeAlias = "Decoded | Branched | Dropped"


@dataclass(frozen=True, slots=True)
class Tape:
    """Everything one warm proposal had llama.cpp do, in order."""

    operations: tuple[Operation, ...]

    @property
    def batches(self) -> tuple[tuple[Cell, ...], ...]:
        """The batches alone."""
        return tuple(o.cells for o in self.operations if isinstance(o, Decoded))

    @property
    def prefill_batches(self) -> int:
        """How many batches it takes until the first logits are wanted: the prompt and the first label."""
        for count, cells in enumerate(self.batches, start=1):
            if any(cell.wanted for cell in cells):
                return count
        return len(self.batches)

    @property
    def tokens(self) -> int:
        """Tokens evaluated, prompt, labels, answers and branches together."""
        return sum(map(len, self.batches))

    @property
    def prefill_tokens(self) -> int:
        """Those of the prefill's batches."""
        return sum(map(len, self.batches[: self.prefill_batches]))


class Recorder(Llama):
    """A Llama that writes its operations to a tape while ``record`` runs, and costs nothing otherwise."""

    def __init__(self, options: LoadOptions) -> None:
        super().__init__(options)
        self._operations: list[Operation] | None = None

    def record(self, work: Callable[[], object]) -> Tape:
        """Run ``work``; what it had this model do."""
        operations: list[Operation] = []
        self._operations = operations
        try:
            work()
        finally:
            self._operations = None
        return Tape(tuple(operations))

    def decode(self, cells: Sequence[Cell]) -> list[Logits]:
        """See Llama."""
        if self._operations is not None:
            self._operations += [Decoded(tuple(chunk)) for chunk in self._chunks(cells)]
        return super().decode(cells)

    def branch(self, source: int, target: int) -> None:
        """See Llama."""
        if self._operations is not None:
            self._operations.append(Branched(source, target))
        super().branch(source, target)

    def drop(self, sequence: int) -> None:
        """See Llama."""
        if self._operations is not None:
            self._operations.append(Dropped(sequence))
        super().drop(sequence)


@dataclass(frozen=True, slots=True)
class Played:
    """Seconds of wall time a tape took."""

    prefill: float
    decode: float

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.prefill + self.decode


class Player:
    """Plays a tape on the model it was recorded from. Its batches are filled beforehand, outside the clock."""

    def __init__(self, model: Recorder, tape: Tape) -> None:
        # The handles are not Llama's public interface; the floor is what is left without that interface.
        self._context, self._memory = model._context, model._memory
        self._operations = tape.operations
        self._batches = [_filled(cells) for cells in tape.batches]
        self._prefill_batches = tape.prefill_batches

    def play(self) -> Played:
        """Once through. Raises ModelError if llama.cpp refuses a batch."""
        batches = iter(self._batches)
        left = self._prefill_batches
        began = prefilled = time.perf_counter()
        for operation in self._operations:
            match operation:
                case Decoded():
                    if lib.llama_decode(self._context, next(batches)) != 0:
                        raise ModelError("llama.cpp refused a batch of the tape")
                    lib.llama_synchronize(self._context)
                    left -= 1
                    if left == 0:
                        prefilled = time.perf_counter()
                case Branched(source, target):
                    lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)
                case Dropped(sequence):
                    lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return Played(prefilled - began, time.perf_counter() - prefilled)

    def close(self) -> None:
        """Free the batches."""
        for batch in self._batches:
            lib.llama_batch_free(batch)
        self._batches = []


def _filled(cells: Sequence[Cell]) -> Any:
    """A batch of llama.cpp's own with these cells."""
    batch = lib.llama_batch_init(len(cells), 0, max(len(cell.sequences) for cell in cells))
    batch.n_tokens = len(cells)
    for i, cell in enumerate(cells):
        batch.token[i] = cell.token
        batch.pos[i] = cell.position
        batch.n_seq_id[i] = len(cell.sequences)
        for j, sequence in enumerate(cell.sequences):
            batch.seq_id[i][j] = sequence
        batch.logits[i] = cell.wanted
    return batch
