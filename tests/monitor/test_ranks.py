"""Ranks: against SciPy's figures, and the laws that any comparison of two named arms must keep."""

from collections.abc import Sequence
from math import isclose
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.monitor.ranks import compare

SCIPY = [
    # seed, treated, control, shift, step; then the share of pairs and p of mannwhitneyu in SciPy 1.17.1, asymptotic
    ((1, 60, 50, 0, 1), 0.604, 0.029756397623005332),
    ((2, 80, 120, 1, 1), 0.45348958333333333, 0.8690196073737559),
    ((3, 50, 50, 2, 0.25), 0.6242, 0.016238507513693892),
    ((4, 200, 60, 0.5, 2), 0.5475416666666667, 0.12711617769853967),
    ((5, 50, 70, -1, 1), 0.3997142857142857, 0.9698901855189689),
]


def arms(seed: int, treated: int, control: int, shift: float, step: float) -> tuple[list[float], list[float]]:
    dice = Random(seed)
    first = [round(dice.gauss(10 + shift, 3) / step) * step for _ in range(treated)]
    return first, [round(dice.gauss(10, 3) / step) * step for _ in range(control)]


@pytest.mark.parametrize(("drawn", "above", "chance"), SCIPY)
def test_it_is_what_scipy_computes(drawn, above, chance):
    treated, control = arms(*drawn)
    found = compare(treated=treated, control=control)
    assert isclose(found.above, above, rel_tol=1e-12)
    assert isclose(found.chance, chance, rel_tol=1e-9)


NUMBERS = st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=30)


@settings(max_examples=40)
@given(treated=NUMBERS, control=NUMBERS)
def test_swapping_the_arms_turns_the_answer_around(treated: list[float], control: list[float]):
    found, swapped = compare(treated=treated, control=control), compare(treated=control, control=treated)
    assert isclose(found.above, 1 - swapped.above, abs_tol=1e-12)
    assert found.chance + swapped.chance >= 1 - 1e-9, "half a step for continuity is never in favour of harm"


@settings(max_examples=40)
@given(treated=NUMBERS, control=NUMBERS, shift=st.integers(-9, 9), seed=st.integers(0, 9))
def test_neither_order_nor_scale_nor_origin_matters(treated, control, shift, seed):
    def moved(numbers: Sequence[float]) -> list[float]:
        shuffled = [3 * each + shift for each in numbers]
        Random(seed).shuffle(shuffled)
        return shuffled

    assert compare(treated=moved(treated), control=moved(control)) == compare(treated=treated, control=control)


def test_numbers_that_are_all_equal_prove_nothing():
    found = compare(treated=[1.0] * 60, control=[1.0] * 60)
    assert (found.above, found.chance) == (0.5, 1.0)
