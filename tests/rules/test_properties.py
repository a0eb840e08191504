"""What holds for every rule and every series, tried on generated ones."""

import math
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.environment import CATALOG, NOW, compiled, scope, series

from bot.model.series import FailureKind, FeedFailure, Sample
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.format import format_rule
from bot.rules.functions import FUNCTIONS
from bot.rules.parse import parse
from bot.rules.source import Fault, render
from bot.rules.syntax import (
    Binary,
    Call,
    Hold,
    Inversion,
    Name,
    Negation,
    Number,
    Operator,
    Over,
    Quorum,
    Statement,
)

PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine makes no property false."""

NUMBERS = st.builds(
    Number,
    value=st.integers(0, 10**20).map(float) | st.floats(0, 1e6, allow_subnormal=False, width=32).map(abs),
    unit=st.sampled_from(["", "%", "d", "days", "min", "usd", "xyz_1"]),
)
NAMES = st.builds(
    Name, text=st.sampled_from(["a", "wait_time", "metrics.passport.wait_time", "of", "windows", "Max2"])
)
EXPRESSIONS = st.recursive(
    NUMBERS | NAMES,
    lambda inner: st.one_of(
        st.builds(Binary, operator=st.sampled_from(Operator), left=inner, right=inner),
        st.builds(Negation, operand=inner),
        st.builds(Inversion, operand=inner),
        st.builds(Over, operand=inner, width=NUMBERS),
        st.builds(Call, function=st.sampled_from(["max", "f"]), arguments=st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)
STATEMENTS = st.builds(
    Statement,
    condition=EXPRESSIONS,
    sustain=st.none() | st.builds(Hold, duration=NUMBERS) | st.builds(Quorum, needed=NUMBERS, windows=NUMBERS),
)

WORDS = """
wait_time error_rate queue metrics.visa.wait_time complaints.passport max mean p95 count rate
( ) , + - * / < <= > >= == != = and or not over for in of by before windows
7_days 5% 3 0 20_usd 1_000 1.5h 9m 6 12 # é
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\t"])
TEXTS = (
    st.text(max_size=60) | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join)
)

TIME = [CATALOG[0], CATALOG[5]]
FLOATS = st.floats() | st.floats(-10, 10) | st.sampled_from([0.0, -0.0, math.inf, math.nan, 1e308, -1e308, 5e-324])
MOMENTS = st.integers(-7200, 30).map(lambda minutes: NOW + timedelta(minutes=minutes))
SAMPLES = st.lists(st.builds(Sample, at=MOMENTS, value=FLOATS, of=st.just(1.0) | FLOATS), max_size=30).flatmap(
    lambda found: st.permutations(found + found[:3])
)


def compare(left, operator, right):
    return f"{left} {operator} {right}"


NUMERIC = st.one_of(
    st.sampled_from(["wait_time", "metrics.visa.wait_time", "-wait_time", "wait_time * 2", "wait_time - 1_day"]),
    st.sampled_from(["wait_time / 2", "wait_time + metrics.visa.wait_time", "wait_time over 3_days"]),
    st.sampled_from([name for name in FUNCTIONS if name != "count"]).map(lambda name: f"{name}(wait_time over 36h)"),
)
CONDITIONS = st.recursive(
    st.builds(compare, NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMERIC | st.just("3_days"))
    | st.just("error_rate > 5%")
    | st.just("count(error_rate) / count(queue) < 2"),
    lambda inner: (
        st.builds(lambda left, word, right: f"({left} {word} {right})", inner, st.sampled_from(["and", "or"]), inner)
        | inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=4,
)
RULES = st.builds(
    lambda condition, sustain: f"{condition}{sustain}",
    CONDITIONS,
    st.sampled_from(["", "", " for 2_days", " for 5h", " in 2 of 5 windows"]),
)
NEEDS = st.builds(
    Needs,
    min_samples=st.integers(0, 6),
    coverage=st.floats(0, 1),
    fresh_after=st.none() | MOMENTS,
)
READ = {metric.name: metric for metric in CATALOG[:3] + CATALOG[5:6]}


@st.composite
def data(draw):
    found = {}
    for name, metric in READ.items():
        reading = draw(SAMPLES | st.sampled_from(["missing", "failing"]))
        if reading == "failing":
            found[name] = FeedFailure(feed=name, kind=FailureKind.TIMEOUT, message="no answer")
        elif reading != "missing":
            found[name] = series(metric, tuple(reading))
    return found


@PATIENT
@given(STATEMENTS)
def test_every_tree_is_written_so_that_it_reads_the_same(statement):
    assert parse(format_rule(statement)) == statement


@PATIENT
@given(TEXTS)
def test_every_text_is_a_rule_or_has_faults_inside_it(text):
    found = compile_rule(text, scope())
    if isinstance(found, Rule):
        assert found.feeds
        assert timedelta(0) < found.reach <= found.lookback
        return
    assert found
    for fault in found:
        assert 0 <= fault.offset <= len(text)
        assert fault.width >= 1
        assert fault.message in render(text, fault)


@PATIENT
@given(TEXTS)
def test_what_parses_is_written_and_read_again(text):
    statement = parse(text)
    if not isinstance(statement, Fault):
        assert parse(format_rule(statement)) == statement


@PATIENT
@given(RULES, data(), NEEDS)
def test_a_checked_rule_is_always_answered(rule, found, needs):
    measurement = evaluate(compiled(rule), found, now=NOW, needs=needs)
    assert measurement.sentence
    assert math.isfinite(measurement.samples)


def with_samples(reading, change):
    return reading if isinstance(reading, FeedFailure) else replace(reading, samples=tuple(change(reading.samples)))


@PATIENT
@given(RULES, data(), NEEDS, st.randoms(use_true_random=False))
def test_the_order_of_samples_makes_no_difference(rule, found, needs, random):
    mixed = {
        name: with_samples(reading, lambda samples: random.sample(samples, len(samples)))
        for name, reading in reversed(found.items())
    }
    one, other = (evaluate(compiled(rule), side, now=NOW, needs=needs) for side in (found, mixed))
    assert one == other


@PATIENT
@given(RULES, data(), NEEDS, st.integers(-(10**6), 10**6))
def test_moving_everything_in_time_changes_only_the_times(rule, found, needs, minutes):
    shift = timedelta(minutes=minutes)
    later = {
        name: with_samples(reading, lambda samples: [replace(sample, at=sample.at + shift) for sample in samples])
        for name, reading in found.items()
    }
    since = needs.fresh_after and needs.fresh_after + shift
    here = evaluate(compiled(rule), found, now=NOW, needs=needs)
    there = evaluate(compiled(rule), later, now=NOW + shift, needs=replace(needs, fresh_after=since))
    assert (here.outcome, here.observed, here.samples) == (there.outcome, there.observed, there.samples)


@PATIENT
@given(data(), NEEDS)
def test_for_over_and_is_and_over_for(found, needs):
    parts = ("wait_time < 3_days", "error_rate < 5%")
    whole = evaluate(compiled(f"{parts[0]} and {parts[1]} for 1_day"), found, now=NOW, needs=needs)
    each = {str(evaluate(compiled(f"{part} for 1_day"), found, now=NOW, needs=needs).outcome) for part in parts}
    assert whole.outcome in each


@PATIENT
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(50, 99))
def test_percentiles_agree_with_an_independent_count(values, percent):
    samples = [Sample(at=NOW, value=value) for value in values]
    found = FUNCTIONS[f"p{percent}"].compute(samples)
    assert found is not None
    below = sum(value < found - 1e-6 for value in values)
    above = sum(value > found + 1e-6 for value in values)
    assert below <= percent / 100 * (len(values) - 1) + 1
    assert above <= (1 - percent / 100) * (len(values) - 1) + 1
