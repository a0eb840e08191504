"""The difference of two shares, against the figures of the paper that it is from."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.monitor.newcombe import difference

# R. G. Newcombe, Statistics in Medicine 17 (1998), table II: 95% intervals of method 10
PUBLISHED = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
]


@pytest.mark.parametrize(("one", "other", "low", "high"), PUBLISHED)
def test_it_is_what_the_paper_has(one, other, low, high):
    found = difference(*one, other, confidence=0.975)
    assert round(found.low, 4) == low
    assert round(found.high, 4) == high
    assert found.seen == one[0] / one[1] - other[0] / other[1]


COUNTS = st.integers(1, 100_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@given(one=COUNTS, other=COUNTS, confidence=st.sampled_from([0.9, 0.975, 0.999]))
def test_swapping_the_arms_turns_it_around_and_it_never_leaves_its_bounds(one, other, confidence):
    found, turned = difference(*one, other, confidence=confidence), difference(*other, one, confidence=confidence)
    assert isclose(found.low, -turned.high, abs_tol=1e-9)
    assert isclose(found.high, -turned.low, abs_tol=1e-9)
    assert -1.0 - 1e-9 <= found.low <= found.seen <= found.high <= 1.0 + 1e-9


@given(one=COUNTS, other=COUNTS, times=st.integers(2, 50))
def test_more_counts_of_the_same_shares_make_it_surer(one, other, times):
    few = difference(*one, other, confidence=0.999)
    many = difference(one[0] * times, one[1] * times, (other[0] * times, other[1] * times), confidence=0.999)
    assert many.low >= few.low - 1e-9
    assert many.high <= few.high + 1e-9


def test_nothing_counted_says_nothing():
    for one, other in (((0, 0), (1, 10)), ((1, 10), (0, 0))):
        found = difference(*one, other, confidence=0.999)
        assert (found.low, found.seen, found.high) == (-1.0, 0.0, 1.0)
