"""Rollback rules that compare with the time before the change, that ask each group, or whose feeds come in late."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from monitor.watchtower import DAY, ERRORS, HOUR, RECIPE, a_watch

from bot.model.names import FeedName
from bot.model.record import Phase
from bot.model.series import Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.breach import breach_of, lookback, measure_breach
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FIVE = timedelta(minutes=5)
RATE = FeedName("metrics.passport.error_rate")
METRIC = Metric(name=RATE, unit=PERCENT, kind=SeriesKind.RATIO, window=FIVE)
TEST = RollbackTest(window=FIVE, pool=timedelta(hours=1))
YES, NO, OPEN = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY


def a_rule(text: str, metric: Metric = METRIC) -> Rule:
    rule = compile_rule(text, Scope(watched=(), metrics=(metric,)))
    assert isinstance(rule, Rule), rule
    return rule


def errors(shares: Mapping[str, list[int]], end: datetime = NOW) -> Series:
    """Windows of five minutes with so many errors of 100, the last one ending at `end`; by office."""
    samples = tuple(
        Sample(at=end - FIVE * (len(counts) - place), value=count, of=100.0, labels=(office,) if office else ())
        for office, counts in shares.items()
        for place, count in enumerate(counts)
    )
    return Series(
        feed=RATE,
        unit=PERCENT,
        kind=SeriesKind.RATIO,
        window=FIVE,
        span=Window(start=end - DAY, end=end),
        samples=samples,
        labels=("office",) if any(shares) else (),
    )


# Before the change

COMPARED = "error_rate > 2 * before(error_rate over 1h)"


def compared(counts: list[int], *, now: datetime = NOW, since: datetime | None, changed_at: datetime) -> Measurement:
    needs = Needs(min_samples=50, fresh_after=since, changed_at=changed_at)
    return breach_of(a_rule(COMPARED), {RATE: errors({"": counts})}, TEST, now=now, needs=needs)


@pytest.mark.parametrize(
    ("after", "expected"), [([5, 5, 5], YES), ([1, 5, 5], YES), ([5, 1, 1], NO), ([1, 1, 5], OPEN), ([4, 4, 4], NO)]
)
def test_more_than_before_must_last_for_two_of_three_windows(after, expected):
    live = NOW - FIVE * 3
    assert compared([2] * 12 + after, since=live, changed_at=live).outcome is expected


def test_without_a_moment_of_change_it_is_the_moment_that_is_looked_at():
    rule, data = a_rule(COMPARED), {RATE: errors({"": [2] * 10 + [9, 9, 9]})}
    before = measure_breach(rule, data, TEST, now=NOW - FIVE * 3, since=None)
    after = measure_breach(rule, data, TEST, now=NOW, since=NOW - FIVE * 3)
    assert (before.outcome, after.outcome) == (NO, YES)


def test_a_rollback_is_judged_against_the_time_before_the_change_that_it_takes_back():
    change, back = NOW - FIVE * 15, NOW - FIVE * 3
    counts = [2] * 12 + [9] * 12 + [2] * 3
    assert compared(counts, since=back, changed_at=change).outcome is NO
    still_bad = [2] * 12 + [9] * 15
    assert compared(still_bad, since=back, changed_at=change).outcome is YES
    assert compared(still_bad, since=back, changed_at=back).outcome is NO


def test_the_watch_reads_as_far_back_as_its_rules_compare():
    rule = b'rollback_on: "error_rate > 2 * before(error_rate over 7_days)"\n'
    tower, change = a_watch(blur=RECIPE.replace(b'rollback_on: "error_rate > 5%"\n', rule))
    live = tower.now
    tower.figures.lay(ERRORS, live - 7 * DAY, live, share=0.01)
    tower.go(DAY, errors=0.01)
    tower.monitor()
    starts = [window.start for feed, window in tower.figures.asked if feed == ERRORS]
    assert min(starts) == live - 7 * DAY
    (measured,) = tower.of(change, Phase.MEASURED)
    assert (measured.facts["rollback"]["outcome"], measured.facts["before"]["outcome"]) == (NO, NO)
    tower.go(HOUR, errors=0.5)
    tower.monitor()
    assert tower.of(change, Phase.MEASURED)[-1].facts["verdict"] == "ROLLBACK"


# By office

BY_OFFICE = replace(METRIC, labels=("office",))


@pytest.mark.parametrize(
    ("offices", "by", "expected"),
    [
        ({"n": [1, 9, 9], "s": [1, 1, 1]}, "office", YES),
        ({"n": [1, 1, 9], "s": [9, 9, 1]}, "office", OPEN),
        ({"n": [9, 1, 9], "s": [9, 9, 1]}, "office", YES),
        ({"n": [1, 1, 9], "s": [1, 1, 1]}, "office", OPEN),
        ({"n": [9, 9, 1], "s": [9, 9, 1]}, "office", NO),
        ({"n": [9, 9, 9], "s": [1, 9, 9]}, "every office", YES),
        ({"n": [9, 9, 9], "s": [1, 1, 9]}, "every office", OPEN),
        ({"n": [9, 9, 9], "s": [9, 9, 1]}, "every office", NO),
    ],
)
def test_a_breach_by_group_must_last_in_the_same_group(offices, by, expected):
    rule = a_rule(f"error_rate > 5% by {by}", BY_OFFICE)
    found = measure_breach(rule, {RATE: errors(offices)}, TEST, now=NOW, since=None)
    assert found.outcome is expected, found.sentence


# Samples that come in late


def test_the_newest_time_of_a_late_feed_is_not_judged():
    late = replace(METRIC, delay=FIVE * 5)
    counts = [1] * 4 + [20] * 12 + [0] * 5
    data = {RATE: errors({"": counts})}
    for metric, expected in ((late, YES), (METRIC, OPEN)):
        rule = a_rule("error_rate > 5%", metric)
        assert measure_breach(rule, data, TEST, now=NOW, since=None).outcome is expected
    assert lookback(a_rule("error_rate > 5%", late), TEST) == timedelta(hours=1) + FIVE * 5


def test_a_late_feed_is_not_stale_for_its_delay():
    rule = a_rule("error_rate > 5%", replace(METRIC, delay=FIVE * 4))
    data = {RATE: errors({"": [1] * 12}, end=NOW - FIVE * 4)}
    assert measure_breach(rule, data, TEST, now=NOW, since=None).outcome is NO
    assert measure_breach(rule, data, TEST, now=NOW + FIVE * 3, since=None).outcome is RuleOutcome.STALE
