from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import DAY, PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.breach import lookback, measure_breach, worse_of
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FIVE = timedelta(minutes=5)
ERRORS, WAIT = FeedName("metrics.passport.error_rate"), FeedName("metrics.passport.wait_time")
TEST = RollbackTest(window=FIVE, pool=timedelta(hours=1))
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
    return measure_breach(a_rule(rule), data, TEST, now=NOW, since=since).outcome


YES, NO, FEW = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.INSUFFICIENT
OPEN = RuleOutcome.GREY
"""Beyond the limit and not proven: no reason to revert, and none to call it a success."""
CASES = [
    ("ten percent of few, which five may explain", [(1, 10)] * 12, OPEN),
    ("ten percent of many", [(10, 100)] * 12, YES),
    ("twenty percent of few", [(2, 10)] * 12, YES),
    ("two percent", [(2, 100)] * 12, NO),
    ("a burst in one window, high over the hour", [(0, 10)] * 11 + [(40, 40)], OPEN),
    ("eight bad windows of twelve", [(0, 10)] * 4 + [(3, 10)] * 8, YES),
    ("seven bad windows of twelve", [(0, 10)] * 5 + [(3, 10)] * 7, OPEN),
    ("always just above, too little to be sure", [(1, 19)] * 12, OPEN),
    ("always just above, on very many", [(5_300, 100_000)] * 12, YES),
    ("too few counted", [(1, 4)] * 12, FEW),
    ("bad an hour ago, good since", [(5, 10)] * 24 + [(0, 10)] * 12, NO),
    ("no traffic", [(0, 0)] * 12, FEW),
    ("exactly at the limit", [(5, 100)] * 12, NO),
]


@pytest.mark.parametrize(("counts", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_ratio_must_break_its_limit_with_certainty_and_persistence(counts, expected):
    assert outcome(counts) is expected


def test_what_was_before_the_change_does_not_count():
    counts = [(5.0, 10.0)] * 6 + [(0.0, 10.0)] * 6
    assert outcome(counts, since=NOW - FIVE * 6) is NO
    assert outcome([(5.0, 10.0)] * 12, since=NOW - FIVE * 7) is OPEN, "seven windows cannot be eight"
    assert outcome([(5.0, 10.0)] * 12, since=NOW - FIVE * 8) is YES


def test_values_that_are_no_numbers_are_left_out():
    nan = float("nan")
    assert outcome([(nan, 10.0), (1.0, nan), (float("inf"), 10.0)] + [(3.0, 10.0)] * 9) is YES


def test_a_feed_without_samples_a_stale_one_and_a_failed_one_are_three_things():
    rule, test = a_rule("error_rate > 5%"), TEST
    cases = {
        RuleOutcome.NO_DATA: a_ratio([]),
        RuleOutcome.STALE: a_ratio([(9, 10)] * 12, end=NOW - timedelta(minutes=20)),
        RuleOutcome.ERROR: FeedFailure(feed=ERRORS, kind=FailureKind.TIMEOUT, message="no answer in 10 s"),
    }
    for expected, reading in cases.items():
        assert measure_breach(rule, {ERRORS: reading}, test, now=NOW, since=None).outcome is expected


LOWER = [
    ("far below", [(50, 100)] * 12, YES),
    ("far above", [(99, 100)] * 12, NO),
    ("one of five missed, as chance has it", [(4, 5)] + [(5, 5)] * 11, NO),
    ("below on few, which chance may explain", [(4, 5)] * 12, OPEN),
    ("below in one window only", [(10, 10)] * 11 + [(0, 40)], OPEN),
]


@pytest.mark.parametrize(("counts", "expected"), [c[1:] for c in LOWER], ids=[c[0] for c in LOWER])
@pytest.mark.parametrize("op", ["<", "<="])
def test_a_lower_limit_is_held_to_the_same_proof(counts, expected, op):
    assert outcome(counts, rule=f"error_rate {op} 90%") is expected


def test_a_lower_limit_says_how_high_the_share_may_still_be():
    data = {ERRORS: a_ratio([(50, 100)] * 12)}
    measured = measure_breach(a_rule("error_rate < 90%"), data, TEST, now=NOW, since=None)
    assert "is 50.00% (n=1200), at most 54." in measured.sentence


@pytest.mark.parametrize(("op", "expected"), [(">", NO), (">=", YES)])
def test_the_limit_itself_is_beyond_it_only_where_the_rule_says_so(op, expected):
    assert outcome([(0, 100)] * 12, rule=f"error_rate {op} 0%") is expected


@pytest.mark.parametrize("rule", ["error_rate > 150%", "max(error_rate) > 5%", "error_rate > 5% for 15_minutes"])
def test_what_is_no_limit_on_a_share_must_hold_in_separate_windows(rule):
    measured = measure_breach(
        a_rule(rule), {ERRORS: a_ratio([(20, 10)] * 36)}, TEST, now=NOW, since=None, min_samples=5
    )
    assert measured.outcome is YES
    assert "of the last 3 separate windows" in measured.sentence


def test_windows_may_reach_back_further_than_the_pool():
    test = replace(TEST, windows=24, breaches=16)
    rule, series = a_rule("error_rate > 5%"), a_ratio([(5, 10)] * 24)
    assert measure_breach(rule, {ERRORS: series}, test, now=NOW, since=None).outcome is YES


def test_what_comes_from_the_future_or_is_beyond_counting_is_left_out():
    late = a_ratio([(10, 10)] * 12, end=NOW + FIVE * 12)
    good = a_ratio([(0, 10)] * 12)
    both = replace(good, samples=good.samples + late.samples)
    rule, test = a_rule("error_rate > 5%"), TEST
    assert measure_breach(rule, {ERRORS: both}, test, now=NOW, since=None).outcome is NO
    huge = a_ratio([(1e308, 1e308)] * 12)
    assert measure_breach(rule, {ERRORS: huge}, test, now=NOW, since=None).outcome is FEW


def test_a_feed_that_nobody_read_is_an_error():
    measured = measure_breach(a_rule("error_rate > 5%"), {}, TEST, now=NOW, since=None)
    assert measured.outcome is RuleOutcome.ERROR


@pytest.mark.parametrize("since", [None, NOW - FIVE * 9, NOW + FIVE])
def test_a_measurement_never_has_a_window_that_ends_before_it_begins(since):
    data = {ERRORS: a_ratio([(5, 10)] * 12)}
    window = measure_breach(a_rule("error_rate > 5%"), data, TEST, now=NOW, since=since).window
    assert window is not None
    assert window.start <= window.end == NOW


COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=0, max_size=20)


@given(counts=COUNTS, shift=st.integers(-400_000, 400_000), windows=st.integers(0, 20))
def test_shifting_all_times_changes_no_outcome(counts, shift, windows):
    rule, test, by = a_rule("error_rate > 5%"), replace(TEST, min_samples=10), timedelta(minutes=shift)
    pairs = [(float(min(e, n)), float(n)) for e, n in counts]
    here = a_ratio(pairs)
    there = replace(here, samples=tuple(replace(sample, at=sample.at + by) for sample in here.samples))
    since = NOW - FIVE * windows
    one = measure_breach(rule, {ERRORS: here}, test, now=NOW, since=since)
    other = measure_breach(rule, {ERRORS: there}, test, now=NOW + by, since=since + by)
    assert (one.outcome, one.samples, one.observed) == (other.outcome, other.samples, other.observed)


@given(counts=COUNTS, worse=st.integers(1, 30))
def test_more_errors_never_turn_a_breach_into_none(counts, worse):
    rule, test = a_rule("error_rate > 5%"), replace(TEST, min_samples=10)
    pairs = [(float(min(e, n)), float(n)) for e, n in counts]
    more = [(min(e + worse, n), n) for e, n in pairs]
    before = measure_breach(rule, {ERRORS: a_ratio(pairs)}, test, now=NOW, since=None).outcome
    after = measure_breach(rule, {ERRORS: a_ratio(more)}, test, now=NOW, since=None).outcome
    assert not (before is YES and after is not YES)
    assert not (before is OPEN and after is NO)


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
    [([9, 9, 40], OPEN), ([9, 40, 40], YES), ([40, 9, 40], YES), ([40, 40, 9], NO), ([40, 40, 40], YES)],
)
def test_any_other_rule_must_hold_in_two_of_three_separate_windows(days, expected):
    rule = a_rule("mean(wait_time) > 30_days")
    measured = measure_breach(rule, {WAIT: waits(days)}, TEST, now=NOW, since=None, min_samples=5)
    assert measured.outcome is expected


def test_lookback_covers_what_is_measured():
    assert lookback(a_rule("error_rate > 5%"), TEST) >= timedelta(hours=1)
    assert lookback(a_rule("mean(wait_time) > 30_days"), TEST) >= timedelta(days=3)


@pytest.mark.parametrize("requests", [5, 20, 100])
def test_a_healthy_stream_is_never_taken_back_in_three_days(requests: int):
    random = Random(requests)
    counts = [(float(sum(random.random() < 0.02 for _ in range(requests))), float(requests)) for _ in range(864)]
    rule, test = a_rule("error_rate > 5%"), TEST
    start = NOW - FIVE * 864
    series = a_ratio(counts)
    held = [
        look
        for look in range(12, 865, 6)
        if measure_breach(rule, {ERRORS: series}, test, now=start + FIVE * look, since=None).outcome is YES
    ]
    assert held == []


WORSE = [
    ("as bad as before", (8, 100), (8, 100), OPEN),
    ("somewhat worse, which chance may be", (8, 100), (11, 100), OPEN),
    ("twice as bad", (8, 100), (20, 100), YES),
    ("better, and still beyond the limit", (20, 100), (8, 100), NO),
    ("better than the limit", (20, 100), (1, 100), NO),
    ("too few to tell", (8, 100), (4, 4), FEW),
    ("from nothing, which no ratio could compare", (0, 100), (20, 100), YES),
]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"), [case[1:] for case in WORSE], ids=[case[0] for case in WORSE]
)
def test_worse_than_before_is_a_difference_that_must_be_proven(earlier, later, expected):
    rule, test, live = a_rule("error_rate > 5%"), TEST, NOW - FIVE * 12
    before = measure_breach(rule, {ERRORS: a_ratio([earlier] * 12, end=live)}, test, now=live, since=None)
    assert before.value == earlier[0] / earlier[1]
    data = {ERRORS: a_ratio([earlier] * 12 + [later] * 12)}
    needs = Needs(fresh_after=live, changed_at=live)
    found = worse_of(rule, data, test, before, now=NOW, needs=needs)
    assert found is not None
    if expected is OPEN:
        assert found.outcome in {OPEN, NO}, "within what the earlier share may have been, or beyond it by chance"
    else:
        assert found.outcome is expected


def test_worse_works_for_a_limit_from_below_too():
    rule, test, live = a_rule("error_rate < 50%"), TEST, NOW - FIVE * 12
    before = measure_breach(rule, {ERRORS: a_ratio([(40, 100)] * 12, end=live)}, test, now=live, since=None)
    for hits, expected in ((40, NO), (20, YES)):
        data = {ERRORS: a_ratio([(hits, 100)] * 12)}
        needs = Needs(fresh_after=live, changed_at=live)
        found = worse_of(rule, data, test, before, now=NOW, needs=needs)
        assert found is not None
        assert found.outcome is expected


def test_what_is_no_share_or_was_not_measured_before_is_not_compared():
    rule, needs = a_rule("error_rate > 5%"), Needs()
    data = {ERRORS: a_ratio([(20, 100)] * 12)}
    unknown = Measurement(rule="", outcome=YES, sentence="")
    known = Measurement(rule="", outcome=YES, sentence="", samples=100, value=0.2)
    failed = {ERRORS: FeedFailure(feed=ERRORS, kind=FailureKind.TIMEOUT, message="slow")}
    assert worse_of(rule, data, TEST, unknown, now=NOW, needs=needs) is None
    assert worse_of(rule, failed, TEST, known, now=NOW, needs=needs) is None
    assert worse_of(a_rule("wait_time > 5_days"), data, TEST, known, now=NOW, needs=needs) is None
