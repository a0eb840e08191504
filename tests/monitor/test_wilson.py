from math import isclose, sqrt
from statistics import NormalDist

from hypothesis import given
from hypothesis import strategies as st

from bot.monitor.wilson import lower_bound


@given(
    trials=st.integers(1, 100_000),
    share=st.floats(0, 1),
    confidence=st.sampled_from([0.9, 0.95, 0.99, 0.999]),
)
def test_the_bound_solves_the_score_equation(trials: int, share: float, confidence: float):
    hits = round(trials * share)
    bound = lower_bound(hits, trials, confidence)
    z = NormalDist().inv_cdf(confidence)
    # The bound is where the observed rate lies exactly z standard errors above it.
    assert isclose(hits / trials - bound, z * sqrt(bound * (1 - bound) / trials), abs_tol=1e-9)
    assert 0 <= bound <= hits / trials


def test_nothing_counted_says_nothing():
    assert lower_bound(0, 0, 0.999) == 0.0


@given(hits=st.integers(1, 50), confidence=st.sampled_from([0.9, 0.999]))
def test_the_same_rate_on_more_trials_is_surer(hits: int, confidence: float):
    assert lower_bound(hits, 100, confidence) < lower_bound(hits * 100, 10_000, confidence)
