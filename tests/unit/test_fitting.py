"""Weights learned from what an author took, on data whose weights are known."""

from __future__ import annotations

import math
import random

from blogmetad.rules.fitting import Trial, fit
from blogmetad.rules.schema import Weights

TRUE = Weights(base=-1.0, nearest=4.0, mentions=-0.5)
START = Weights(base=-3.0, nearest=1.0, mentions=1.0)


def trials(count: int, seed: int = 1) -> list[Trial]:
    """What an author with the weights TRUE takes, by chance."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        numbers = {"base": 1.0, "nearest": dice.random(), "mentions": 3 * dice.random()}
        odds = sum(number * getattr(TRUE, name) for name, number in numbers.items())
        found.append(Trial(numbers, dice.random() < 1 / (1 + math.exp(-odds))))
    return found


def distance(one: Weights, other: Weights) -> float:
    return max(abs(getattr(one, name) - getattr(other, name)) for name in ("base", "nearest", "mentions"))


def test_the_weights_behind_many_choices_are_found() -> None:
    assert distance(fit(trials(20_000), START), TRUE) < 0.15


def test_without_a_choice_the_weights_stay_as_they_were() -> None:
    assert fit([], START) == START


def test_a_few_choices_move_the_weights_a_little_and_more_of_them_further() -> None:
    few, many = (distance(fit(trials(count), START), START) for count in (3, 300))
    assert 0 < few < 1 < many


def test_a_strong_pull_keeps_the_weights_at_their_start() -> None:
    assert distance(fit(trials(300), START, pull=1e9), START) == 0


def test_signs_that_no_trial_has_keep_their_weights() -> None:
    found = fit(trials(100), START)
    untouched = set(Weights.model_fields) - {"base", "nearest", "mentions"}
    assert all(getattr(found, name) == getattr(START, name) for name in untouched)


def test_the_same_choices_give_the_same_weights_in_any_order() -> None:
    taken = trials(200)
    assert fit(taken, START) == fit(list(taken), START) == fit(taken[::-1], START)


def test_choices_that_a_sign_decides_outright_give_finite_weights() -> None:
    sure = [Trial({"base": 1.0, "nearest": float(n % 2)}, n % 2 == 1) for n in range(500)]
    found = fit(sure, START)
    assert found.base + found.nearest > 3 > -3 > found.base
    assert abs(found.nearest) < 30
