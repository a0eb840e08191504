"""The test `cusum`: evidence for twice the limit that sums up, and breaches that last."""

from dataclasses import replace
from datetime import timedelta
from math import comb, exp, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitor.test_breach import ERRORS, FIVE, NOW, a_ratio, a_rule
from monitor.test_breach import TEST as FIVE_MINUTES

from bot.model.proof import ShareTest
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import lookback, measure_breach
from bot.monitor.cusum import evidence_of, harmful, needed, strongest

TEST = replace(FIVE_MINUTES, share=ShareTest.CUSUM, breaches=6)
YES, NO, OPEN = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY


def measured(counts, *, rule="error_rate > 5%", test=TEST, since=None):
    return measure_breach(a_rule(rule), {ERRORS: a_ratio(counts)}, test, now=NOW, since=since)


def test_harm_is_twice_the_limit_as_long_as_that_is_a_share():
    assert (harmful(0.05), harmful(0.5), harmful(0.9)) == (0.1, 0.75, 0.95)


def test_evidence_is_the_logarithm_of_how_much_likelier_harm_makes_the_counts():
    ratio = (0.1 / 0.05) ** 3 * (0.9 / 0.95) ** 7
    assert isclose(evidence_of(3, 10, 0.05), log(ratio))
    assert evidence_of(0, 0, 0.05) == 0
    assert isclose(evidence_of(3, 10, 0.0), 3 * log(2)), "what has no right to occur speaks for itself"


@given(limit=st.floats(0, 0.99), trials=st.integers(1, 1000))
def test_more_hits_are_more_evidence_and_none_are_none(limit, trials):
    row = [evidence_of(hits, trials, limit) for hits in range(trials + 1)]
    assert row == sorted(row)
    assert row[0] <= 0 < row[-1]


@given(limit=st.floats(0.001, 0.99), trials=st.integers(1, 30))
def test_at_the_limit_the_likelihood_ratio_is_one_on_average(limit, trials):
    """Which is what makes the chance of a false alarm known."""
    chances = (comb(trials, k) * limit**k * (1 - limit) ** (trials - k) for k in range(trials + 1))
    mean = sum(chance * exp(evidence_of(k, trials, limit)) for k, chance in enumerate(chances))
    assert isclose(mean, 1, rel_tol=1e-9)


@given(st.lists(st.floats(-10, 10), max_size=30))
def test_the_strongest_sum_is_what_pages_recursion_has_in_the_end(oldest_first):
    total = 0.0
    for each in oldest_first:
        total = max(0.0, total + each)
    assert isclose(strongest(oldest_first[::-1]), total, abs_tol=1e-9)


def test_the_threshold_allows_for_every_look():
    assert isclose(needed(864, 0.05), 9.757, abs_tol=0.001)


CASES = [
    ("ten percent of few, for an hour", [(1, 10)] * 12, OPEN),
    ("ten percent of few, for five hours", [(1, 10)] * 60, YES),
    ("ten percent of many, for an hour", [(10, 100)] * 12, YES),
    ("two percent", [(2, 100)] * 12, NO),
    ("just above the limit, for three days", [(11, 200)] * 864, OPEN),
    ("one great burst", [(0, 10)] * 11 + [(40, 40)], OPEN),
    ("bad for hours, good for the last one", [(5, 10)] * 60 + [(0, 10)] * 12, NO),
    ("bad for an hour, long ago, and a little now", [(5, 10)] * 12 + [(0, 10)] * 400 + [(1, 10)] * 12, OPEN),
    ("five bad windows of twelve", [(0, 10)] * 7 + [(9, 10)] * 5, OPEN),
    ("too few counted in the last hour", [(1, 4)] * 864, RuleOutcome.INSUFFICIENT),
]


@pytest.mark.parametrize(("counts", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_ratio_must_have_evidence_and_persistence(counts, expected):
    assert measured(counts).outcome is expected


def test_only_what_came_after_the_change_and_within_reach_is_summed_up():
    counts = [(1.0, 10.0)] * 120
    assert measured(counts).outcome is YES
    assert measured(counts, since=NOW - FIVE * 12).outcome is OPEN
    assert measured(counts, test=replace(TEST, reach=timedelta(hours=1))).outcome is OPEN
    short = replace(TEST, reach=timedelta(minutes=1), window=timedelta(hours=1), windows=1, breaches=1)
    assert measured(counts, test=short).outcome is OPEN, "one window is always summed up"


@pytest.mark.parametrize("op", ["<", "<="])
def test_a_lower_limit_asks_for_evidence_of_misses(op):
    assert measured([(8, 10)] * 60, rule=f"error_rate {op} 90%").outcome is YES
    assert measured([(9.5, 10)] * 60, rule=f"error_rate {op} 90%").outcome is NO
    told = measured([(8, 10)] * 60, rule=f"error_rate {op} 90%").sentence
    assert "evidence for 80.00% within 3 days" in told


def test_limits_at_both_ends():
    assert measured([(0.1, 10)] * 60, rule="error_rate > 0%", test=replace(TEST, alpha=0.9)).outcome is OPEN
    assert measured([(1, 10)] * 60, rule="error_rate > 0%").outcome is YES
    assert measured([(10, 10)] * 60, rule="error_rate >= 100%").outcome is OPEN, "nothing is beyond all of it"
    assert measured([(0, 10)] * 60, rule="error_rate <= 0%").outcome is OPEN


def test_the_sentence_says_how_much_evidence_there_is_and_how_much_it_takes():
    assert measured([(1, 10)] * 60).sentence == (
        "metrics.passport.error_rate is 10.00% (n=120), 12.4 of 9.8 evidence for 10.00% within 3 days, limit 5.00%; "
        "broken in 12 of 12 windows of 5 minutes since 2026-01-05T08:00:00Z, 6 needed"
    )
    assert measured([(1, 10)] * 12).sentence.startswith("beyond the limit and not proven: metrics")


def test_as_much_is_read_as_is_summed_up():
    share, readings = a_rule("error_rate > 5%"), a_rule("wait_time > 5_days")
    assert lookback(share, TEST) == timedelta(days=3)
    assert lookback(share, FIVE_MINUTES) < timedelta(days=1)
    assert lookback(readings, TEST) == lookback(readings, FIVE_MINUTES)
