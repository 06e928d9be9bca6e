"""The likelihood of many terms at once, on the trie of their tokens: a common beginning is computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from blogmetad.model.local.llama import Cell, Logits
from blogmetad.model.local.steps import Step

NEGLIGIBLE = 20.0
"""Nats below the likeliest token: what lies deeper does not change a sum of 150,000 exponentials by a thousandth."""

Path = tuple[int, ...]


def mean_log_probabilities(
    terms: Mapping[str, Sequence[int]], first: Logits, branches: Mapping[str, int], position: int
) -> Step[dict[str, float]]:
    """Mean log-probability per token of each term (its token ids), all nodes of their trie in one batch.

    ``first`` are the logits in front of the terms, ``branches`` a sequence for each that begins there, at ``position``.
    """
    nodes: dict[Path, list[int]] = {}
    for name, ids in terms.items():
        for depth in range(1, len(ids)):
            nodes.setdefault(tuple(ids[:depth]), []).append(branches[name])
    paths = sorted(nodes, key=lambda path: (len(path), path))
    cells = [Cell(path[-1], position + len(path) - 1, tuple(nodes[path]), wanted=True) for path in paths]
    rows = (yield cells) if cells else []
    after: dict[Path, tuple[Logits, float]] = {(): (first, _log_sum(first))}
    after |= {path: (row, _log_sum(row)) for path, row in zip(paths, rows, strict=True)}

    def mean(ids: Sequence[int]) -> float:
        found = [after[tuple(ids[:i])] for i in range(len(ids))]
        return float(np.mean([row[token] - total for (row, total), token in zip(found, ids, strict=True)]))

    return {name: mean(ids) for name, ids in terms.items()}


def log_probability(logits: Logits, token: int) -> float:
    """The log-probability of one token."""
    return float(logits[token]) - _log_sum(logits)


def _log_sum(logits: Logits) -> float:
    top = float(logits.max())
    near = logits[logits > top - NEGLIGIBLE]
    return top + float(np.log(np.exp(near - top).sum()))
