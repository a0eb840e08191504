"""What holds for every rule and every series, tried on generated ones."""

import math
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.environment import CATALOG, NOW, compiled, scope, series
from tries import tries

from bot.model.series import FailureKind, FeedFailure, Sample
from bot.model.verdict import RuleOutcome
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.format import format_rule
from bot.rules.functions import FUNCTIONS
from bot.rules.parse import parse
from bot.rules.source import Fault, render
from bot.rules.syntax import (
    Before,
    Binary,
    Call,
    Grouping,
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

PATIENT = settings(max_examples=tries(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine makes no property false."""

NUMBERS = st.builds(
    Number,
    value=st.integers(0, 10**20).map(float) | st.floats(0, 1e6, allow_subnormal=False, width=32).map(abs),
    unit=st.sampled_from(["", "%", "d", "days", "min", "usd", "xyz_1", "per_day", "usd_per_week"]),
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
        st.builds(Before, operand=inner),
        st.builds(Call, function=st.sampled_from(["max", "f"]), arguments=st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)
LABELS = st.lists(st.sampled_from(["office", "of", "windows", "a.b"]).map(lambda text: Name(text=text)), min_size=1)
STATEMENTS = st.builds(
    Statement,
    condition=EXPRESSIONS,
    grouping=st.none() | st.builds(Grouping, labels=LABELS.map(tuple), every=st.booleans()),
    sustain=st.none() | st.builds(Hold, duration=NUMBERS) | st.builds(Quorum, needed=NUMBERS, windows=NUMBERS),
)

WORDS = """
wait_time error_rate queue metrics.visa.wait_time complaints.passport max mean p95 count rate
( ) , + - * / < <= > >= == != = and or not over for in of by before windows
7_days 5% 3 0 20_usd 1_000 1.5h 9m 6 12 # é processing office any every 20_per_day
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\t"])
TEXTS = (
    st.text(max_size=60) | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join)
)

FLOATS = st.floats() | st.floats(-10, 10) | st.sampled_from([0.0, -0.0, math.inf, math.nan, 1e308, -1e308, 5e-324])
MOMENTS = st.integers(-7200, 30).map(lambda minutes: NOW + timedelta(minutes=minutes))
OFFICES = st.sampled_from([("north",), ("south",), ("",), (), ("a\nb", "c")])
SAMPLES = st.lists(
    st.builds(Sample, at=MOMENTS, value=FLOATS, of=st.just(1.0) | FLOATS, labels=OFFICES), max_size=30
).flatmap(lambda found: st.permutations(found + found[:3]))


def compare(left, operator, right):
    return f"{left} {operator} {right}"


NUMERIC = st.one_of(
    st.sampled_from(["wait_time", "metrics.visa.wait_time", "-wait_time", "wait_time * 2", "wait_time - 1_day"]),
    st.sampled_from(["wait_time / 2", "wait_time + metrics.visa.wait_time", "wait_time over 3_days"]),
    st.sampled_from([name for name in FUNCTIONS if name not in {"count", "rate"}]).map(
        lambda name: f"{name}(wait_time over 36h)"
    ),
)
CONDITIONS = st.recursive(
    st.builds(compare, NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMERIC | st.just("3_days"))
    | st.just("error_rate > 5%")
    | st.just("count(error_rate) / count(queue) < 2")
    | st.just("rate(queue over 3h) > 1.5_per_hour")
    | st.just("rate(wait_time) > 2 or sum(queue) / 2_days < 9_per_week")
    | st.just("error_rate > 1.5 * before(error_rate over 2_days)")
    | st.just("before(p90(wait_time over 2_days)) > 1_day"),
    lambda inner: (
        st.builds(lambda left, word, right: f"({left} {word} {right})", inner, st.sampled_from(["and", "or"]), inner)
        | inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=4,
)
SUSTAINS = st.sampled_from(["", "", " for 2_days", " for 5h", " in 2 of 5 windows"])
PLAIN_RULES = st.builds(
    lambda condition, sustain: f"{condition}{sustain}",
    CONDITIONS.filter(lambda text: "before(p90" not in text) | CONDITIONS.map(lambda text: f"queue < 3 or ({text})"),
    SUSTAINS,
)
GROUPED = st.sampled_from(
    [
        "processing > 2_days",
        "last(processing) < before(max(processing over 2_days))",
        "rate(filed) > 3_per_day and processing < 1_week",
        "filed * 2 > before(filed) or not processing > 3_days",
        "scan_queue > 3",
    ]
)
RULES = PLAIN_RULES | st.builds(
    lambda condition, by, sustain: f"{condition} by {by}office{sustain}",
    GROUPED,
    st.sampled_from(["", "any ", "every "]),
    SUSTAINS,
)
FUNCTIONS_IN_UNIT = ("max({})", "last({})", "p75({})", "stddev({})", "sum({})", "{}", "{}")
PLAIN_POOLS = ((("wait_time", "metrics.visa.wait_time"), ("3_days", "0.5h")), (("queue",), ("20", "0", "1_000")))
GROUPED_POOLS = ((("processing",), ("3_days", "0.5h")), (("filed", "scan_queue"), ("20", "0")))


@st.composite
def compared(draw, pools):
    """A comparison whose sides nearly always have one unit."""
    names, numbers = draw(st.sampled_from(pools))
    measured = st.builds(
        lambda form, name, width: form.format(f"{name}{width}"),
        st.sampled_from(FUNCTIONS_IN_UNIT),
        st.sampled_from(names),
        st.sampled_from(["", "", " over 2_days", " over 90_min"]),
    )
    number = st.sampled_from(numbers)
    side = st.one_of(
        measured,
        measured.map(lambda text: f"2 * before({text})"),
        st.builds(lambda left, sign, right: f"({left} {sign} {right})", measured, st.sampled_from("+-*/"), number),
    )
    return compare(draw(measured), draw(st.sampled_from(["<", ">=", "!="])), draw(side | number))


def any_rules(pools, groupings):
    return st.builds(
        lambda conditions, word, by, sustain: f"{f' {word} '.join(conditions)}{by}{sustain}",
        st.lists(compared(pools), min_size=1, max_size=3),
        st.sampled_from(["and", "or", "and not"]),
        st.sampled_from(groupings),
        SUSTAINS,
    )


ANY_RULES = any_rules(PLAIN_POOLS, [""]) | any_rules(
    GROUPED_POOLS, [" by office", " by every office", " by any office"]
)
NEEDS = st.builds(
    Needs,
    min_samples=st.integers(0, 6),
    coverage=st.floats(0, 1),
    fresh_after=st.none() | MOMENTS,
    changed_at=st.none() | MOMENTS,
)
USED = ("passport.wait_time", "error_rate", "queue", "visa.wait_time", "processing", "filed")
READ = {metric.name: metric for metric in CATALOG if metric.name.endswith(USED)}


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
    assert measurement.sentence.replace(" ", "").isprintable()
    assert math.isfinite(measurement.samples)
    assert list(measurement.groups) == sorted(measurement.groups)


@PATIENT
@given(ANY_RULES, data(), NEEDS)
def test_whatever_the_checker_accepts_is_answered_and_whatever_else_is_told(text, found, needs):
    rule = compile_rule(text, scope())
    if isinstance(rule, Rule):
        assert evaluate(rule, found, now=NOW, needs=needs).sentence
        assert parse(format_rule(parsed := parse(text))) == parsed
    else:
        assert all(fault.message and 0 <= fault.offset < len(text) for fault in rule)


@PATIENT
@given(GROUPED, SUSTAINS, data(), NEEDS)
def test_groups_are_folded_as_by_or_and_by_and(condition, sustain, found, needs):
    anyone, everyone = (
        evaluate(compiled(f"{condition} by {word} office{sustain}"), found, now=NOW, needs=needs)
        for word in ("any", "every")
    )
    assert anyone.groups == everyone.groups
    assert (anyone.outcome is RuleOutcome.HOLDS) == bool(anyone.groups)
    if everyone.outcome is RuleOutcome.HOLDS:
        assert anyone.outcome is RuleOutcome.HOLDS
    if anyone.outcome is RuleOutcome.DOES_NOT_HOLD:
        assert everyone.outcome is RuleOutcome.DOES_NOT_HOLD


@PATIENT
@given(GROUPED, SUSTAINS, data(), NEEDS)
def test_one_group_is_what_the_rule_says_of_its_samples_alone(condition, sustain, found, needs):
    rule = compiled(f"{condition} by office{sustain}")
    for office in ("north", "south"):
        alone = {
            name: with_samples(reading, lambda samples: [s for s in samples if s.labels == (office,)])  # noqa: B023 - used at once
            for name, reading in found.items()
        }
        whole = evaluate(rule, found, now=NOW, needs=needs)
        single = evaluate(rule, alone, now=NOW, needs=needs)
        assert (office in whole.groups) == (office in single.groups)


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
    since, changed = (moment and moment + shift for moment in (needs.fresh_after, needs.changed_at))
    here = evaluate(compiled(rule), found, now=NOW, needs=needs)
    there = evaluate(
        compiled(rule), later, now=NOW + shift, needs=replace(needs, fresh_after=since, changed_at=changed)
    )
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
