"""Success that must be proven at all looks at once: the formula, how often it errs, and what it asks of a rule."""

import math
from datetime import UTC, datetime, timedelta
from math import isclose, log, sqrt
from random import Random

import pytest

from bot.model.names import FeedName
from bot.model.proof import SequenceTest
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.unit import DAY, PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.sequence import Moments, margin, moments_of, moments_of_share, tuning
from bot.monitor.success import success_of, success_span
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

HOLDS, NO, GREY, FEW = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY, RuleOutcome.INSUFFICIENT


def test_the_margin_is_the_formula_written_out():
    moments, rho, alpha = Moments(count=400, mean=3.0, variance=4.0), 0.1, 0.05
    spread = 400 * 0.01
    expected = 2.0 * sqrt(2 * (spread + 1) / (400 * spread) * log(1 + sqrt(spread + 1) / 0.1))
    assert isclose(margin(moments, alpha=alpha, rho=rho), expected)
    assert margin(Moments(count=0, mean=0, variance=0), alpha=alpha, rho=rho) == math.inf


def test_rho_makes_the_margin_tight_where_it_is_asked_for():
    def width(count: float, rho: float) -> float:
        return margin(Moments(count=count, mean=0, variance=1), alpha=0.05, rho=rho)

    best = tuning(0.05, 1000)
    assert width(1000, best) <= 1.02 * min(width(1000, best * factor) for factor in (0.25, 0.5, 0.8, 1.25, 2, 4))
    assert tuning(0.9, 1000) > 0


def test_moments_do_not_depend_on_order_and_a_share_of_nothing_is_no_certainty():
    values = [Random(1).gauss(5, 2) for _ in range(100)]
    assert moments_of(values) == moments_of(values[::-1])
    assert moments_of([]).count == moments_of_share(0, 0).count == 0
    assert moments_of_share(0, 100).variance > 0


def test_over_all_looks_it_errs_less_often_than_alpha():
    """500 streams of 2,000 whose mean is the limit, looked at after every 20: the bound may fall below it in 5%."""
    dice, rho, wrong = Random(11), tuning(0.05, 1000), 0
    for _ in range(500):
        total = squares = 0.0
        for count in range(1, 2001):
            value = dice.expovariate(1.0)
            total += value
            squares += value * value
            if count >= 60 and not count % 20:
                mean = total / count
                moments = Moments(count=count, mean=mean, variance=squares / count - mean * mean)
                if mean + margin(moments, alpha=0.05, rho=rho) < 1.0:
                    wrong += 1
                    break
    assert wrong / 500 <= 0.05


# In the success rule

NOW = datetime(2026, 1, 5, tzinfo=UTC)
LIVE = NOW - timedelta(days=4)
HOUR = timedelta(hours=1)
WAIT, ERRORS = FeedName("metrics.passport.wait_time"), FeedName("metrics.passport.error_rate")
METRICS = (
    Metric(name=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1)),
    Metric(name=ERRORS, unit=PERCENT, kind=SeriesKind.RATIO, window=timedelta(days=1)),
)


def series(metric: Metric, value: float, of: float = 1.0, spread: float = 0.0) -> Series:
    dice = Random(3)
    samples = tuple(Sample(at=LIVE + HOUR * n, value=value + dice.gauss(0, spread), of=of) for n in range(96))
    return Series(
        feed=metric.name,
        unit=metric.unit,
        kind=metric.kind,
        window=metric.window,
        span=Window(start=LIVE, end=NOW),
        samples=samples,
    )


def measure(text: str, *, wait: float = 3.0, spread: float = 1.0, errors: float = 1.0, **test: float) -> Measurement:
    rule = compile_rule(text, Scope(watched=(WAIT, ERRORS), metrics=METRICS))
    assert isinstance(rule, Rule), rule
    data: dict[FeedName, Reading] = {
        WAIT: series(METRICS[0], wait, spread=spread),
        ERRORS: series(METRICS[1], errors, of=100.0),
    }
    needs = Needs(fresh_after=LIVE, changed_at=LIVE)
    return success_of(rule, data, SequenceTest(**test), now=NOW, needs=needs)  # type: ignore[arg-type]  # numbers


CASES = [
    ("wait_time < 7_days for 3_days", {}, HOLDS),
    ("7_days > wait_time", {}, HOLDS),
    ("wait_time < 7_days for 3_days", {"wait": 6.9}, GREY),
    ("wait_time > 2_days", {"wait": 3.0, "spread": 0.1}, HOLDS),
    ("wait_time > 2_days", {"wait": 2.1, "spread": 2.0}, GREY),
    ("error_rate < 2%", {}, HOLDS),
    ("error_rate < 1.1%", {}, GREY),
    ("wait_time < 7_days and error_rate < 2%", {}, HOLDS),
    ("wait_time < 7_days and error_rate < 1.1%", {}, GREY),
    ("wait_time < 2_days", {}, NO),
    ("wait_time < 7_days", {"min_samples": 97}, GREY),
    ("max(wait_time) < 90_days", {}, RuleOutcome.ERROR),
]


@pytest.mark.parametrize(("text", "given", "expected"), CASES)
def test_every_part_of_success_must_be_proven(text, given, expected):
    found = measure(text, **given)
    assert found.outcome is expected, found.sentence
    if expected is GREY:
        assert found.sentence.startswith("holds, and is not proven yet")


def test_the_sentence_says_how_it_was_proven():
    assert "metrics.passport.wait_time is below 3." in measure("wait_time < 7_days").sentence
    assert "(n=96), at all times with 95% confidence" in measure("wait_time < 7_days").sentence


def test_without_a_test_the_rule_is_all_and_a_feed_that_failed_stays_one():
    rule = compile_rule("wait_time < 7_days", Scope(watched=(), metrics=METRICS))
    assert isinstance(rule, Rule)
    needs = Needs(fresh_after=LIVE)
    data: dict[FeedName, Reading] = {WAIT: series(METRICS[0], 6.9, spread=1)}
    assert success_of(rule, data, None, now=NOW, needs=needs).outcome is HOLDS
    failed: dict[FeedName, Reading] = {WAIT: FeedFailure(feed=WAIT, kind=FailureKind.TIMEOUT, message="slow")}
    assert success_of(rule, failed, SequenceTest(), now=NOW, needs=needs).outcome is RuleOutcome.ERROR
    assert success_span(rule, None, now=NOW, since=LIVE) == rule.lookback
    assert success_span(rule, SequenceTest(), now=NOW, since=LIVE) == timedelta(days=4)
