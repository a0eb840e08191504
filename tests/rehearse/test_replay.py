"""Replaying a rule over a past says at every look what evaluating it there says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearse.pasts import AGE, CLAIMS, ERRORS, MINUTE, QUEUE, START, WAIT, pasts, rule_of, series_of
from tries import tries

from bot.model.names import FeedName
from bot.model.series import Sample, Series
from bot.model.verdict import RuleOutcome
from bot.rehearse.reduce import sweep
from bot.rehearse.replay import Looks, is_even, is_plain, replay
from bot.rehearse.strand import Strand
from bot.rehearse.track import Track, micros_at, micros_of, moment_at
from bot.rules.evaluate import Needs, evaluate

REDUCED = (
    "wait_time",
    "max(wait_time)",
    "min(wait_time)",
    "last(wait_time)",
    "sum(wait_time)",
    "stddev(wait_time)",
    "median(wait_time)",
    "p90(wait_time)",
    "max(wait_time over 15_minutes)",
    "mean(wait_time over 5_hours)",
    "stddev(wait_time over 5_hours)",
    "age",
    "(wait_time - age)",
    "(0_days - age)",
    "-age",
    "wait_time * 2 + age / 3",
    "wait_time * (age / wait_time)",
)
CONDITIONS = (
    *(f"{reduced} > 5_days" for reduced in REDUCED),
    *(f"{reduced} <= 2_days" for reduced in REDUCED[:10]),
    "error_rate > 5%",
    "max(error_rate) >= 10%",
    "p75(error_rate) == 0%",
    "count(error_rate) >= 50",
    "sum(error_rate) != 7",
    "count(wait_time) < 3",
    "wait_time / age > 2",
    "5_days < wait_time",
    "wait_time > age",
    "late_time > 5_days",
    "last(late_time) > age",
    "late_time > 5_days and age < 2_days",
    "rate(claims) > 20_per_day",
    "wait_time > before(wait_time)",
    "age > 2 * before(max(late_time over 2_hours)) or error_rate > 5%",
    "not wait_time > 5_days",
    "wait_time > 5_days and error_rate > 5%",
    "wait_time > 5_days or not error_rate > 5%",
)
SUSTAINED = (
    "",
    "",
    " for 20_minutes",
    " for 3_hours",
    " for 50_minutes",
    " in 2 of 3 windows",
    " in 4 of 12 windows",
)


@st.composite
def rules(draw: st.DrawFn) -> str:
    condition, sustain = draw(st.sampled_from(CONDITIONS)), draw(st.sampled_from(SUSTAINED))
    return f"({condition}){sustain}" if sustain else condition


@st.composite
def needs(draw: st.DrawFn) -> Needs:
    fresh = draw(st.one_of(st.none(), st.integers(-60, 400)))
    changed = draw(st.one_of(st.none(), st.integers(-60, 400)))
    return Needs(
        min_samples=draw(st.sampled_from([1, 1, 3, 20])),
        coverage=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        fresh_after=None if fresh is None else START + fresh * MINUTE,
        changed_at=None if changed is None else START + changed * MINUTE,
    )


@settings(max_examples=tries(150), deadline=None)
@given(
    text=rules(), drawn=st.data(), demands=needs(), step=st.sampled_from([1, 5, 7, 60]), begin=st.integers(-30, 120)
)
def test_every_look_says_what_evaluate_says(text, drawn, demands, step, begin):
    rule = rule_of(text)
    data = drawn.draw(pasts(rule.feeds))
    looks = Looks(start=micros_at(START + begin * MINUTE), step=micros_of(step * MINUTE), count=25)
    found = replay(rule, {feed: Strand(reading) for feed, reading in data.items()}, looks, demands)
    wanted = [evaluate(rule, data, now=moment_at(look), needs=demands).outcome for look in looks.moments]
    assert found == wanted


PLAIN = Needs()

# One case for each way that a value can come


def year(count: int = 60, *, of: float = 1.0) -> list[Sample]:
    """Samples every five minutes whose values are no whole numbers, so that totals are rounded."""
    return [Sample(at=START + 5 * n * MINUTE, value=of * (n % 7) / 10, of=of) for n in range(count)]


def agree(text: str, data: dict[FeedName, Series], demands: Needs = PLAIN, *, count: int = 70) -> set[RuleOutcome]:
    """Replay a rule, hold every look against the evaluator, and return the outcomes."""
    rule = rule_of(text)
    looks = Looks(start=micros_at(START), step=micros_of(5 * MINUTE), count=count)
    found = replay(rule, {feed: Strand(reading) for feed, reading in data.items()}, looks, demands)
    assert found == [evaluate(rule, data, now=moment_at(look), needs=demands).outcome for look in looks.moments]
    return set(found)


WIDE = {WAIT: series_of(WAIT, year()), AGE: series_of(AGE, year()), ERRORS: series_of(ERRORS, year(of=0.1))}


@pytest.mark.parametrize(
    "text",
    [
        "mean(wait_time over 4_hours) > 0.3_days",
        "-(wait_time over 4_hours) < -0.3_days",
        "wait_time over 4_hours > age over 4_hours",
        "(wait_time over 4_hours) * 2 - age over 4_hours >= 0.3_days",
        "(wait_time over 4_hours) / (age over 3_hours) == 1",
        "stddev(wait_time over 4_hours) > 0.2_days",
        "sum(error_rate over 4_hours) > 10",
        "count(error_rate over 4_hours) > 3.9",
        "median(wait_time over 4_hours) > 0.3_days",
        "max(wait_time over 15_minutes) > 0.5_days",
        "min(wait_time over 15_minutes) < 0.1_days",
        "error_rate over 4_hours > 30%",
        "wait_time over 4_hours > 0.3_days or age > 0.5_days",
        "wait_time over 4_hours > 0.3_days and age > 0.5_days",
        "not (wait_time over 4_hours == 0.3_days)",
        "rate(claims over 4_hours) > 80_per_day",
    ],
)
def test_totals_that_are_rounded_are_decided_as_the_evaluator_decides(text):
    claims = series_of(CLAIMS, year())
    agree(text, {**WIDE, CLAIMS: claims}, Needs(min_samples=3))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("wait_time over 4_hours > 1_days", [1e308] * 60),
        ("sum(claims over 4_hours) > 1", [1e308] * 60),
        ("stddev(wait_time over 4_hours) > 1_days", [1e308, -1e308] * 30),
        ("claims * claims / claims > 1", [1e200] * 60),
        ("stddev(wait_time over 4_hours) > 0_days", [5.0] * 60),
        ("wait_time / (wait_time - wait_time) > 1", [5.0] * 60),
        ("claims * claims > 1", [1e200] * 60),
        ("(claims over 4_hours) / ((claims over 4_hours) - (claims over 4_hours)) > 1", [0.1, 0.7] * 30),
        ("sum(claims) > 1 for 2_hours", [1e308] * 12),
    ],
)
def test_numbers_without_end_are_left_to_the_evaluator(text, values):
    samples = [Sample(at=START + 5 * n * MINUTE, value=value) for n, value in enumerate(values)]
    rule = rule_of(text)
    agree(text, {feed: series_of(feed, samples) for feed in rule.feeds})


def test_samples_of_no_weight_and_of_one_time_are_decided_as_the_evaluator_decides():
    zeros = [Sample(at=START + 5 * n * MINUTE, value=0.0, of=float(n % 3)) for n in range(60)]
    agree("max(error_rate over 20_minutes) > 5%", {ERRORS: series_of(ERRORS, zeros)})
    agree("mean(error_rate) > 5%", {ERRORS: series_of(ERRORS, zeros)}, Needs(min_samples=0))
    twins = [Sample(at=START + 10 * (n // 2) * MINUTE, value=float(n)) for n in range(60)]
    outcomes = agree("last(age) > 20.5_days", {AGE: series_of(AGE, twins)})
    assert {RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD} <= outcomes


def test_a_weight_that_is_rounded_may_be_enough_or_not():
    thin = [Sample(at=START + 5 * n * MINUTE, value=0.0, of=0.1) for n in range(60)]
    data = {ERRORS: series_of(ERRORS, thin)}
    for least in (3, 4, 100):
        agree("error_rate over 3_hours < 5%", data, Needs(min_samples=least))


def test_sustained_rules_say_how_they_fail():
    missing = [s for s in year(200) if not 40 <= (s.at - START) // (5 * MINUTE) % 90 < 80]
    data = {AGE: series_of(AGE, missing), ERRORS: series_of(ERRORS, [])}
    for text in (
        "age >= 0_days for 2_hours",
        "age >= 0_days for 20_minutes",
        "age >= 0.3_days in 3 of 12 windows",
        "age > 9_days in 3 of 12 windows",
        "error_rate > 5% for 10_minutes",
        "error_rate > 5% in 2 of 3 windows",
        "(age >= 0_days and error_rate > 5%) for 20_minutes",
    ):
        for needs in (Needs(), Needs(min_samples=9), Needs(fresh_after=START + 63 * MINUTE)):
            agree(text, data, needs, count=150)


def test_the_time_before_a_change_may_hold_nothing_or_not_be_there():
    for changed in (None, START, START + 100 * MINUTE):
        agree("age > before(age)", WIDE, Needs(changed_at=changed))


def test_weights_without_end_and_unknown_functions_are_left_to_the_evaluator():
    heavy = [Sample(at=START + 5 * n * MINUTE, value=0.0, of=1e308) for n in range(20)]
    agree("error_rate over 20_minutes > 5%", {ERRORS: series_of(ERRORS, heavy)})
    assert sweep("mode", Track.of(heavy), [(0, 1)]) is None


def test_windows_that_fall_on_too_many_places_are_evaluated_look_by_look():
    rule = rule_of("wait_time over 0.7_milliseconds > 9_days for 7_milliseconds")
    assert not is_even(rule, Looks(start=0, step=micros_of(60 * MINUTE), count=10))
    looks = Looks(start=micros_at(START), step=micros_of(60 * MINUTE), count=10)
    data = {WAIT: series_of(WAIT, year())}
    wanted = [evaluate(rule, data, now=moment_at(look), needs=PLAIN).outcome for look in looks.moments]
    assert replay(rule, {WAIT: Strand(data[WAIT])}, looks, PLAIN) == wanted


def test_groups_are_evaluated_one_look_at_a_time():
    offices = [replace(sample, labels=(office,)) for sample in year(30) for office in ("north", "south")]
    series = replace(series_of(QUEUE, offices), labels=("office",))
    assert RuleOutcome.HOLDS in agree("queue > 0.2_days by office", {QUEUE: series}, count=30)
    grouped = rule_of("queue > before(queue) by office")
    assert not is_plain(grouped)
    looks = Looks(start=micros_at(START), step=micros_of(30 * MINUTE), count=3)
    demands = Needs(changed_at=START + 60 * MINUTE)
    found = replay(grouped, {QUEUE: Strand(series)}, looks, demands)
    assert found == [
        evaluate(grouped, {QUEUE: series}, now=moment_at(t), needs=demands).outcome for t in looks.moments
    ]
    assert replay(grouped, {}, Looks(start=0, step=1, count=0), Needs()) == []
