"""Thinking before answering, where the model can and the configuration wants it: within a budget of tokens.

Qwen's own advice for thinking is to draw from the likeliest tokens (temperature 0.6, top-p 0.95, top-k 20); greedy
decoding makes it go in circles. The seed is fixed, so the same draft gets the same thoughts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blogmetad.model.local.llama import Llama, Logits
from blogmetad.model.local.steps import Cursor, Step
from blogmetad.model.prompt import THOUGHT

TEMPERATURE, LIKELIEST, MASS = 0.6, 20, 0.95
SEED = 1


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model thinks: the most tokens it may take, the token that ends it and all those that end its turn, and
    what is written behind a thought before the answer."""

    budget: int
    close: int
    ends: frozenset[int]
    after: tuple[int, ...]


def thinking(model: Llama, budget: int) -> Thinking | None:
    """How this model thinks; None if it has no token to end a thought with."""
    close = model.tokenize(THOUGHT, special=True)
    if len(close) != 1:
        return None
    ends = frozenset(token for token in range(model.vocabulary_size) if model.ends(token))
    return Thinking(budget, close[0], ends, tuple(model.tokenize("\n\n")))


def think(cursor: Cursor, how: Thinking) -> Step[int]:
    """Let the model think, and close its thought for it when the budget is used up; the number of tokens it took."""
    chance = np.random.default_rng(SEED)
    count = 0
    while count < how.budget:
        token = draw((yield from cursor.look()), chance)
        if token == how.close or token in how.ends:
            break
        cursor.write([token])
        count += 1
    cursor.write([how.close, *how.after])
    return count


def draw(logits: Logits, chance: np.random.Generator) -> int:
    """One of the likeliest tokens, by chance."""
    near = np.argpartition(logits, -LIKELIEST)[-LIKELIEST:]
    near = near[np.argsort(-logits[near])]
    weights = np.exp((logits[near] - logits[near[0]]) / TEMPERATURE)
    weights /= weights.sum()
    kept = int(np.searchsorted(np.cumsum(weights), MASS)) + 1
    return int(chance.choice(near[:kept], p=weights[:kept] / weights[:kept].sum()))
