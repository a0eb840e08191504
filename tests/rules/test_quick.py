from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.unit import DAY, PERCENT, PLAIN_COUNT
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.quick import RuleCompiler

OFFICES = ("passport", "visa", "permit", "licence")


def metrics_of(office: str) -> tuple[Metric, ...]:
    wait = Metric(
        name=FeedName(f"metrics.{office}.wait_time"),
        unit=DAY,
        kind=SeriesKind.READINGS,
        window=timedelta(days=1),
        min_value=0,
    )
    error = Metric(
        name=FeedName(f"metrics.{office}.error_rate"),
        unit=PERCENT,
        kind=SeriesKind.RATIO,
        window=timedelta(minutes=5),
    )
    filed = replace(wait, name=FeedName(f"metrics.{office}.filed"), unit=PLAIN_COUNT, labels=("counter",))
    return wait, error, filed


METRICS = (
    *(metric for office in OFFICES for metric in metrics_of(office)),
    replace(metrics_of("x")[0], name=FeedName("other.licence.wait_time"), window=timedelta(hours=1)),
    replace(metrics_of("x")[0], name=FeedName("other.tax.desk.only_here"), delay=timedelta(hours=2)),
)
RULES = (
    "max(wait_time) > {}_days",
    "wait_time < {}_days for {}_days",
    "wait_time < {} days",
    "error_rate > {}%",
    "error_rate >= {}% in 6 of 12 windows",
    "error_rate > {}% and wait_time > {}_days",
    "error_rate > {}% or not (p95(wait_time over 7_days) <= {}_h) for 3_days",
    "{}_days < wait_time",
    "wait_time >{}_days",
    "wait_time > -{}_days",
    "wait_time > {}_days + {}_hours",
    "wait_time / 2 > {}_days",
    "wait_time > {} * before(wait_time)",
    "before(wait_time) > {}_days",
    "sum(filed) > {}",
    "filed > {} by counter",
    "filed > {} by every counter for {}_days",
    "rate(filed) > {} / 1_day",
    "metrics.visa.wait_time > {}_days",
    "passport.error_rate > {}% and visa.error_rate > {}%",
    "wait_time > {}_days and passport.wait_time > {}_days",
    "only_here > {}_days",
    "nothing_here > {}_days",
    "wait_time > {}%",
    "wait_time > {}",
    "wait_time > {}_{}_days",
    "wait_time > {}.{}.{}_days",
    "wait_time > {}_moons",
    "wait_time == {}_days   ",
    "  wait_time   !=   {}_days",
    "wait_time > {}_days\nfor {}_days",
    "wait_time >",
    "",
)
NUMBERS = st.sampled_from(
    [
        "1",
        "2",
        "7",
        "07",
        "12",
        "1.5",
        "0",
        "0.0",
        "5.50",
        "1_000",
        "999999999",
        "9" * 30,
        "9" * 400,
        "0.000001",
        "1e5",
    ]
)
WATCHED = st.lists(
    st.sampled_from(
        [
            *(f"metrics.{office}.{metric}" for office in OFFICES for metric in ("wait_time", "error_rate", "filed")),
            *(f"complaints.{office}" for office in OFFICES),
            "other.licence.wait_time",
            "complaints.unknown",
            "metrics.unknown.wait_time",
        ]
    ),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)


@st.composite
def rules(draw):
    text = draw(st.sampled_from(RULES))
    return text.format(*(draw(NUMBERS) for _ in range(text.count("{}")))), draw(WATCHED), draw(st.booleans())


@given(st.lists(rules(), min_size=2, max_size=8))
@settings(max_examples=tries(300), deadline=None)
def test_whatever_came_before_a_rule_compiles_to_the_same(asked):
    compiler = RuleCompiler(METRICS)
    for text, watched, has_change in asked:
        scope = Scope(watched=watched, metrics=METRICS, has_change=has_change)
        assert compiler.compile(text, watched, has_change=has_change) == compile_rule(text, scope)


@pytest.mark.parametrize("text", [text for text in RULES if text])
def test_every_kind_is_the_same_in_every_office_and_with_every_number(text):
    compiler = RuleCompiler(METRICS)
    for numbers in (("3", "4", "5"), ("12", "1.5", "2"), ("100", "30", "7")):
        for office in OFFICES:
            watched = (FeedName(f"metrics.{office}.wait_time"), FeedName(f"complaints.{office}"))
            rule = text.format(*numbers)
            assert compiler.compile(rule, watched) == compile_rule(rule, Scope(watched=watched, metrics=METRICS))


def test_rules_of_one_kind_share_what_does_not_differ():
    compiler, watched = RuleCompiler(METRICS), (FeedName("metrics.visa.wait_time"),)
    one, other = (compiler.compile(f"max(wait_time) > {days}_days", watched) for days in (7, 20))
    assert isinstance(one, Rule)
    assert isinstance(other, Rule)
    assert one.tree.logic.left is other.tree.logic.left


def test_a_rule_that_is_too_long_is_refused_whatever_is_kept():
    compiler, watched = RuleCompiler(METRICS), (FeedName("metrics.visa.wait_time"),)
    rule = " and ".join(["wait_time > 1_days"] * 196)
    assert isinstance(compiler.compile(rule, watched), Rule) == isinstance(
        compile_rule(rule, Scope(watched=watched, metrics=METRICS)), Rule
    )
    longer = rule.replace("1_days", "100000000_days")
    assert compiler.compile(longer, watched) == compile_rule(longer, Scope(watched=watched, metrics=METRICS))


def test_what_is_kept_is_bounded():
    compiler, watched = RuleCompiler(METRICS, kinds_kept=2), (FeedName("metrics.visa.wait_time"),)
    texts = [f"wait_time > {days}_days for {hold}_days" for hold in range(3, 9) for days in range(3, 9)]
    for text in texts:
        assert compiler.compile(text, watched) == compile_rule(text, Scope(watched=watched, metrics=METRICS))
    one, other = (compiler.compile(text, watched) for text in texts[-2:])
    assert one.tree.logic.left is not other.tree.logic.left
