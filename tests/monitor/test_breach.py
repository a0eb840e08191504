from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import DAY, PERCENT
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import lookback, measure_breach
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FIVE = timedelta(minutes=5)
ERRORS, WAIT = FeedName("metrics.passport.error_rate"), FeedName("metrics.passport.wait_time")
SCOPE = Scope(
    watched=(ERRORS, WAIT),
    metrics=(
        Metric(name=ERRORS, unit=PERCENT, kind=SeriesKind.RATIO, window=FIVE),
        Metric(name=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1)),
    ),
)


def a_rule(text: str) -> Rule:
    rule = compile_rule(text, SCOPE)
    assert isinstance(rule, Rule), rule
    return rule


def a_ratio(counts: list[tuple[float, float]], *, end: datetime = NOW) -> Series:
    """Five-minute windows of (errors, requests), the last one ending at `end`."""
    start = end - FIVE * len(counts)
    samples = tuple(Sample(at=start + FIVE * i, value=e, of=n) for i, (e, n) in enumerate(counts))
    return Series(
        feed=ERRORS,
        unit=PERCENT,
        kind=SeriesKind.RATIO,
        window=FIVE,
        span=Window(start=start, end=end),
        samples=samples,
    )


def outcome(counts: list[tuple[float, float]], *, since: datetime | None = None, rule: str = "error_rate > 5%"):
    data = {ERRORS: a_ratio(counts)}
    return measure_breach(a_rule(rule), data, RollbackTest(), now=NOW, since=since).outcome


YES, NO, FEW = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.INSUFFICIENT
CASES = [
    ("ten percent of few, which five may explain", [(1, 10)] * 12, NO),
    ("ten percent of many", [(10, 100)] * 12, YES),
    ("twenty percent of few", [(2, 10)] * 12, YES),
    ("two percent", [(2, 100)] * 12, NO),
    ("a burst in one window, high over the hour", [(0, 10)] * 11 + [(40, 40)], NO),
    ("eight bad windows of twelve", [(0, 10)] * 4 + [(3, 10)] * 8, YES),
    ("seven bad windows of twelve", [(0, 10)] * 5 + [(3, 10)] * 7, NO),
    ("always just above, too little to be sure", [(1, 19)] * 12, NO),
    ("always just above, on very many", [(5_300, 100_000)] * 12, YES),
    ("too few counted", [(1, 4)] * 12, FEW),
    ("bad an hour ago, good since", [(5, 10)] * 24 + [(0, 10)] * 12, NO),
    ("no traffic", [(0, 0)] * 12, FEW),
]


@pytest.mark.parametrize(("counts", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_ratio_must_break_its_limit_with_certainty_and_persistence(counts, expected):
    assert outcome(counts) is expected


def test_what_was_before_the_change_does_not_count():
    counts = [(5.0, 10.0)] * 6 + [(0.0, 10.0)] * 6
    assert outcome(counts, since=NOW - FIVE * 6) is NO
    assert outcome([(5.0, 10.0)] * 12, since=NOW - FIVE * 7) is NO, "seven windows cannot be eight"
    assert outcome([(5.0, 10.0)] * 12, since=NOW - FIVE * 8) is YES


def test_values_that_are_no_numbers_are_left_out():
    nan = float("nan")
    assert outcome([(nan, 10.0), (1.0, nan), (float("inf"), 10.0)] + [(3.0, 10.0)] * 9) is YES


def test_a_feed_without_samples_a_stale_one_and_a_failed_one_are_three_things():
    rule, test = a_rule("error_rate > 5%"), RollbackTest()
    cases = {
        RuleOutcome.NO_DATA: a_ratio([]),
        RuleOutcome.STALE: a_ratio([(9, 10)] * 12, end=NOW - timedelta(minutes=20)),
        RuleOutcome.ERROR: FeedFailure(feed=ERRORS, kind=FailureKind.TIMEOUT, message="no answer in 10 s"),
    }
    for expected, reading in cases.items():
        assert measure_breach(rule, {ERRORS: reading}, test, now=NOW, since=None).outcome is expected


def waits(days: list[float]) -> Series:
    start = NOW - timedelta(days=len(days))
    samples = tuple(
        Sample(at=start + timedelta(days=i, hours=h), value=value) for i, value in enumerate(days) for h in range(24)
    )
    return Series(
        feed=WAIT,
        unit=DAY,
        kind=SeriesKind.READINGS,
        window=timedelta(days=1),
        span=Window(start=start, end=NOW),
        samples=samples,
    )


@pytest.mark.parametrize(
    ("days", "expected"),
    [([9, 9, 40], NO), ([9, 40, 40], YES), ([40, 9, 40], YES), ([40, 40, 9], NO), ([40, 40, 40], YES)],
)
def test_any_other_rule_must_hold_in_two_of_three_separate_windows(days, expected):
    rule = a_rule("mean(wait_time) > 30_days")
    measured = measure_breach(rule, {WAIT: waits(days)}, RollbackTest(), now=NOW, since=None, min_samples=5)
    assert measured.outcome is expected


def test_lookback_covers_what_is_measured():
    assert lookback(a_rule("error_rate > 5%"), RollbackTest()) >= timedelta(hours=1)
    assert lookback(a_rule("mean(wait_time) > 30_days"), RollbackTest()) >= timedelta(days=3)


@pytest.mark.parametrize("requests", [5, 20, 100])
def test_a_healthy_stream_is_never_taken_back_in_three_days(requests: int):
    random = Random(requests)
    counts = [(float(sum(random.random() < 0.02 for _ in range(requests))), float(requests)) for _ in range(864)]
    rule, test = a_rule("error_rate > 5%"), RollbackTest()
    start = NOW - FIVE * 864
    series = a_ratio(counts)
    held = [
        look
        for look in range(12, 865, 6)
        if measure_breach(rule, {ERRORS: series}, test, now=start + FIVE * look, since=None).outcome is YES
    ]
    assert held == []
