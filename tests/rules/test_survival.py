"""Durations with cases that are still open: the estimate against published figures, and what it never claims."""

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.names import FeedName
from bot.model.series import Sample, Series, SeriesKind, Window
from bot.model.unit import DAY
from bot.model.verdict import RuleOutcome
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.survival import Lasting, Step, bounds, cases_of, curve_of, quantile, share_lasting

FREIREICH = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
"""Weeks of remission under 6-MP (E. J. Freireich et al., Blood 21, 1963), the textbook example; + is still open."""
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def cases(text: str) -> list[Lasting]:
    return [Lasting(duration=float(each.rstrip("+")), ended=not each.endswith("+")) for each in text.split()]


def test_the_curve_is_the_published_one():
    curve = curve_of(cases(FREIREICH))
    assert {step.duration: round(step.share, 3) for step in curve} == PUBLISHED
    assert quantile(curve, 0.5) == 23
    assert quantile(curve, 0.25) == 13
    assert quantile(curve, 0.9) is None


def test_greenwoods_deviation_is_the_published_one():
    # Kalbfleisch and Prentice: standard error 0.0764 at week 6, 0.1346 at week 23
    curve = {step.duration: step.share * math.sqrt(step.spread) for step in curve_of(cases(FREIREICH))}
    assert round(curve[6], 4) == 0.0764
    assert round(curve[23], 4) == 0.1346


def test_the_bounds_lie_around_the_share_and_say_nothing_at_the_ends():
    step = share_lasting(curve_of(cases(FREIREICH)), 12.0)
    low, high = bounds(step, 0.975)
    # lifelines 0.30, confidence_interval_survival_function_ at week 10
    assert (round(low, 4), round(high, 4)) == (0.5032, 0.8894)
    nothing = share_lasting(curve_of(cases(FREIREICH)), 5.0)
    assert bounds(nothing, 0.975) == (0.0, 1.0)
    assert bounds(Step(duration=1.0, share=0.0, spread=math.inf), 0.975) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("weeks", "share"),
    [(0.0, 1.0), (5.9, 1.0), (6.0, 0.857), (9.0, 0.807), (22.9, 0.538), (99.0, 0.448)],
)
def test_between_two_ends_and_after_the_last_one_the_share_stands(weeks: float, share: float):
    assert round(share_lasting(curve_of(cases(FREIREICH)), weeks).share, 3) == share


CASES = st.lists(st.builds(Lasting, duration=st.integers(1, 30).map(float), ended=st.booleans()), max_size=30)


@settings(max_examples=30)
@given(given_cases=CASES, seed=st.integers(0, 9))
def test_the_order_of_cases_makes_no_difference(given_cases: list[Lasting], seed: int):
    shuffled = given_cases[:]
    Random(seed).shuffle(shuffled)
    assert curve_of(shuffled) == curve_of(given_cases)


@settings(max_examples=30)
@given(durations=st.lists(st.integers(1, 30), min_size=1, max_size=30), level=st.sampled_from([0.5, 0.75, 0.9]))
def test_without_open_cases_it_is_the_plain_quantile(durations: list[int], level: float):
    curve = curve_of(Lasting(duration=float(each), ended=True) for each in durations)
    place = math.ceil(level * len(durations) - 1e-9) - 1
    assert quantile(curve, level) == sorted(durations)[max(place, 0)]


@settings(max_examples=30)
@given(given_cases=CASES, more=st.integers(1, 20))
def test_open_cases_never_make_it_shorter(given_cases: list[Lasting], more: int):
    longer = [*given_cases, *[Lasting(duration=40.0, ended=False)] * more]
    before, after = (quantile(curve_of(each), 0.5) for each in (given_cases, longer))
    assert after is None or before is None or after >= before


# In a rule

NOW = datetime(2026, 2, 1, tzinfo=UTC)
AGE = FeedName("metrics.passport.age")
METRIC = Metric(name=AGE, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1), open_cases=True)


def outcome(text: str, samples: list[Sample], now: datetime = NOW, since: datetime | None = None) -> RuleOutcome:
    rule = compile_rule(text, Scope(watched=(AGE,), metrics=(METRIC,)))
    assert isinstance(rule, Rule), rule
    series = Series(
        feed=AGE,
        unit=DAY,
        kind=SeriesKind.READINGS,
        window=METRIC.window,
        span=Window(start=NOW - timedelta(days=60), end=NOW),
        samples=tuple(samples),
    )
    return evaluate(rule, {AGE: series}, now=now, needs=Needs(fresh_after=since)).outcome


def opened(days_ago: float, lasting: float | None) -> Sample:
    age = days_ago if lasting is None else lasting
    return Sample(at=NOW - timedelta(days=days_ago), value=age, ended=lasting is not None)


HALF = [opened(ago, 4.0) for ago in (5, 6, 7, 8, 9)] + [opened(ago, None) for ago in (0.5, 1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "samples", "expected"),
    [
        ("median(age over 30_days) < 7_days", HALF, RuleOutcome.HOLDS),
        ("median(age over 30_days) > 7_days", HALF, RuleOutcome.DOES_NOT_HOLD),
        ("p99(age over 30_days) < 7_days", [*HALF, opened(20, None)], RuleOutcome.INSUFFICIENT),
        ("median(age over 30_days) < 7_days", [opened(ago, None) for ago in (1, 2, 3)], RuleOutcome.INSUFFICIENT),
        ("count(age over 30_days) > 8", HALF, RuleOutcome.HOLDS),
        ("mean(age over 30_days) < 7_days", HALF, RuleOutcome.ERROR),
        ("age < 7_days", HALF, RuleOutcome.ERROR),
    ],
)
def test_a_rule_on_open_cases(text: str, samples: list[Sample], expected: RuleOutcome):
    assert outcome(text, samples) is expected


def test_what_ends_later_was_still_open_at_an_earlier_look():
    samples = [opened(10, 8.0), opened(10, 8.0), opened(10, 8.0), opened(1, None)]
    assert outcome("median(age over 30_days) < 9_days", samples) is RuleOutcome.HOLDS
    earlier = NOW - timedelta(days=4)
    fresh = Sample(at=earlier - timedelta(days=1), value=5.0, ended=False)
    assert outcome("median(age over 30_days) < 9_days", [fresh, *samples], now=earlier) is RuleOutcome.INSUFFICIENT
    found = cases_of(samples[:3], unit=86_400.0, end=earlier)
    assert [(round(case.duration), case.ended) for case in found] == [(6, False)] * 3


def test_without_any_improvement_there_is_no_early_success():
    """The simulation of docs: waits of 20 days in the median, 40 cases a day, `median < 7_days`, every day."""
    dice = Random(5)
    live = NOW - timedelta(days=30)
    began = [live + timedelta(minutes=36 * place) for place in range(40 * 30)]
    lasting = [dice.lognormvariate(math.log(20), 0.6) for _ in began]
    for day in range(1, 31):
        now = live + timedelta(days=day)
        samples = [Sample(at=at, value=days, ended=True) for at, days in zip(began, lasting, strict=True) if at < now]
        assert outcome("median(age over 30_days) < 7_days", samples, now=now, since=live) is not RuleOutcome.HOLDS
