"""How much memory a model takes (pure): its weights, what it holds in view, and the buffers it computes in."""

from __future__ import annotations

from dataclasses import dataclass

from blogmetad.model.catalog import Model

CONTEXT = 4096
"""Tokens in view that sizes are told for: the default of the configuration."""

BUFFERS = 450_000_000
"""Bytes beside weights and tokens: rows of logits, activations of a batch, the process itself. Measured, rounded up."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes, by what they are for."""

    weights: int
    view: int
    buffers: int = BUFFERS

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.view + self.buffers


def need(model: Model, context: int = CONTEXT) -> Need:
    """What a model takes with that many tokens in view."""
    return Need(model.size_bytes, model.kv_bytes * context)
