"""Learning the weights of a blog by replaying its own posts: would these signs have found the terms the author chose?

A logistic regression whose weights are drawn to the defaults, so that a young blog keeps those and a large one finds
its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blogmetad.rules.schema import Weights

PULL = 1.0
"""How strongly each weight is drawn to its default: the precision of a normal distribution around it."""

_STEPS, _LONGEST, _DONE = 50, 2.0, 1e-6


@dataclass(frozen=True, slots=True)
class Trial:
    """One term of one replayed post: its signs as numbers (see ``ranking.vector``), and whether the author took it."""

    numbers: Mapping[str, float]
    taken: bool


def fit(trials: Sequence[Trial], start: Weights, pull: float = PULL) -> Weights:
    """The weights under which the author's choices are likeliest, by Newton's method. Without trials, ``start``."""
    # Imported here: only learning needs it, and the daemon's memory is better off without.
    import numpy as np

    names = sorted({name for trial in trials for name in trial.numbers})
    if not names:
        return start
    x = np.array([[trial.numbers.get(name, 0.0) for name in names] for trial in trials])
    y = np.array([float(trial.taken) for trial in trials])
    prior = np.array([getattr(start, name) for name in names])
    weights = prior.copy()
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30.0, 30.0)))
        slope = x.T @ (chance - y) + pull * (weights - prior)
        curve = (x * (chance * (1.0 - chance))[:, None]).T @ x + pull * np.eye(len(names))
        step = np.linalg.solve(curve, slope)
        longest = float(np.abs(step).max())
        weights = weights - step * min(1.0, _LONGEST / max(longest, _DONE))
        if longest < _DONE:
            break
    return start.model_copy(update={name: round(float(w), 2) for name, w in zip(names, weights, strict=True)})
