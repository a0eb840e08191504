import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import DAY, PLAIN_COUNT, PLAIN_RATIO, Unit
from bot.recipes.library import metrics_of
from bot.recipes.lints.bounds import common_value, follows, inverse_terms_of, shown, terms_of
from bot.recipes.lints.ranges import ANYTHING, Range, Ranges, decided
from bot.rules.catalog import Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.syntax import Operator
from bot.rules.typed import Compared, Logical

OPERATORS = ["<", "<=", ">", ">=", "==", "!="]
HOLDS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def feed(name: str, unit: Unit = DAY, **others: object) -> FeedSpec:
    values: dict[str, object] = {"columns": Columns(at="at", value="value"), "kind": SeriesKind.READINGS} | others
    return FeedSpec(
        name=FeedName(f"metrics.passport.{name}"),
        shape=FeedShape.METRIC,
        source=SourceKind.CSV,
        path="x.csv",
        unit=unit,
        window=timedelta(days=1),
        **values,
    )


FEEDS = (
    feed("wait"),
    feed("other"),
    feed("late", min_value=2.0, max_value=30.0),
    feed("floor", min_value=0.0),
    feed("roof", max_value=-1.0),
    feed("share", PLAIN_RATIO, kind=SeriesKind.RATIO, columns=Columns(at="at", value="hits", of="all")),
    feed("visits", PLAIN_RATIO, kind=SeriesKind.RATIO, min_value=0.0, max_value=9.0),
    feed("span", columns=Columns(start="start", end="end")),
    feed("passage", columns=Columns(case="c", activity="a", at="at"), hand_over=("A", "B"), min_value=3.0),
    feed("rows", PLAIN_COUNT, columns=Columns(at="at")),
    feed("signed", PLAIN_COUNT, min_value=-2.0, max_value=4.0),
    feed("zero", PLAIN_COUNT, min_value=0.0, max_value=0.0),
)
SCOPE = Scope(watched=tuple(each.name for each in FEEDS), metrics=metrics_of(FEEDS))
RANGES = Ranges(feeds={each.name: each for each in FEEDS})


def logic(text: str) -> Logical:
    rule = compile_rule(text, SCOPE)
    assert isinstance(rule, Rule), rule
    return rule.tree.logic


def meet(success: str, rollback: str) -> str | None:
    found = common_value(terms_of(logic(success), RANGES), terms_of(logic(rollback), RANGES))
    return shown(found.value, found.unit) if found else None


@pytest.mark.parametrize(
    ("success", "rollback", "both"),
    [
        ("wait < 7_days", "wait > 7_days", None),
        ("wait < 7_days for 3_days", "wait > 20_days", None),
        ("wait <= 7_days", "wait >= 7_days", "7 days"),
        ("wait < 7_days", "wait >= 7_days", None),
        ("wait < 7_days", "wait > 5_days", "6 days"),
        ("wait < 7_days", "wait < 20_days", "5 days"),
        ("wait > 7_days", "wait > 20_days", "22 days"),
        ("7_days > wait", "5_days < wait", "6 days"),
        ("wait < 1_week", "wait > 120_hours", "6 days"),
        ("wait == 7_days", "wait == 7_days", "7 days"),
        ("wait == 7_days", "wait != 7_days", None),
        ("wait == 7_days", "wait == 8_days", None),
        ("wait != 7_days", "wait == 8_days", "8 days"),
        # not the same quantity
        ("max(wait) < 7_days", "wait > 5_days", None),
        ("wait over 7_days < 7_days", "wait > 5_days", None),
        ("wait < 7_days", "other > 5_days", None),
        ("wait < 7_days", "wait > other", None),
        # a bare metric is its mean, the median is the 50th percentile
        ("wait < 7_days", "mean(wait) > 5_days", "6 days"),
        ("median(wait) < 7_days", "p50(wait) > 5_days", "6 days"),
        # parts
        ("wait < 7_days and share < 5%", "share > 3%", "4%"),
        ("wait < 7_days and share < 5%", "share > 6%", None),
        ("wait < 7_days", "share > 5% or wait > 10_days", None),
        ("wait < 7_days", "share > 5% or wait > 6_days", "6.5 days"),
        ("wait < 7_days and share < 5%", "share > 5% and wait > 3_days", None),
        ("not wait > 7_days", "not wait < 7_days", "7 days"),
        ("not (wait > 7_days or share > 5%)", "wait == 7_days", "7 days"),
        ("wait < 7_days and wait > 8_days", "wait > 3_days", None),
        # quotients, differences and negatives are quantities of their own
        ("count(rows) / count(wait) < 5%", "count(rows) / count(wait) > 3%", "0.04"),
        ("wait > other", "wait > other", "0.1 days"),
        ("wait > other", "other > wait", None),
        ("-wait > 7_days", "-wait < 8_days", "7.5 days"),
        ("wait + 1_day < 7_days", "wait + 1_day > 6_days", "6.5 days"),
        # what the feed cannot say does not count
        ("late < 5_days", "late < 3_days", "2.5 days"),
        ("late < 5_days", "late < 2_days", None),
        ("share > 99.5%", "share > 99.9%", "100%"),
    ],
)
def test_two_rules_meet_only_where_the_same_quantity_may_have_one_value(success, rollback, both):
    assert meet(success, rollback) == both


@given(st.sampled_from(OPERATORS), st.integers(0, 40), st.sampled_from(OPERATORS), st.integers(0, 40))
def test_a_common_value_is_found_exactly_where_there_is_one(left, low, right, high):
    grid = [step / 4 for step in range(-8, 200)]
    expected = any(HOLDS[left](value, low) and HOLDS[right](value, high) for value in grid)
    success, rollback = (
        terms_of(logic(f"wait {sign} {limit}_days"), RANGES) for sign, limit in ((left, low), (right, high))
    )

    found = common_value(success, rollback)

    assert (found is not None) is expected
    if found is not None:
        assert HOLDS[left](found.value, low * 86_400)
        assert HOLDS[right](found.value, high * 86_400)


NAMES = st.sampled_from(["wait", "late", "share"])
COMPARISON = st.builds(
    lambda name, sign, limit: f"{name} {sign} {limit}{'%' if name == 'share' else '_days'}",
    NAMES,
    st.sampled_from(OPERATORS),
    st.integers(0, 12),
)
RULES = st.recursive(
    COMPARISON,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a} and {b})", inner, inner),
        st.builds(lambda a, b: f"({a} or {b})", inner, inner),
        st.builds(lambda a: f"not {a}", inner),
    ),
    max_leaves=5,
)


@given(
    RULES,
    st.fixed_dictionaries({"wait": st.integers(-4, 52), "late": st.integers(8, 52), "share": st.integers(0, 52)}),
)
def test_terms_say_what_the_rule_says_and_inverse_terms_the_opposite(text, quarters):
    tree = logic(text)
    values = {name: quarter / 4 for name, quarter in quarters.items()}
    expression = text.replace("_days", "").replace("%", "")
    expected = bool(eval(expression, {}, values))  # noqa: S307 -- a rule that this test wrote itself
    scale = {"wait": 86_400, "late": 86_400, "share": 0.01}

    def holds(terms) -> bool:
        return any(
            all(
                bound.admits(bound.value if math.isclose(bound.value, value) else value)
                for bound in term
                for name in [bound.reduced.metric.name.rpartition(".")[2]]
                for value in [values[name] * scale[name]]
            )
            for term in terms
        )

    assert holds(terms_of(tree, RANGES)) is expected
    assert holds(inverse_terms_of(tree, RANGES)) is not expected


def test_a_rule_with_too_many_alternatives_is_not_taken_apart():
    pairs = " and ".join(f"(wait > {n}_days or other > {n}_days)" for n in range(1, 9))

    assert terms_of(logic(pairs), RANGES) == ()
    assert meet(pairs, "wait > 3_days") is None


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("wait > 20_days", "wait > 10_days", True),
        ("wait > 10_days", "wait > 20_days", False),
        ("wait > 10_days", "wait >= 10_days", True),
        ("wait >= 10_days", "wait > 10_days", False),
        ("wait == 4_days", "wait < 5_days", True),
        ("wait > 20_days", "wait > 10_days and share > 5%", False),
        ("wait > 20_days and share > 6%", "wait > 10_days and share > 5%", True),
        ("wait > 20_days", "share > 5% or wait > 10_days", True),
        # statistics of one window have an order
        ("min(wait) > 20_days", "max(wait) > 20_days", True),
        ("min(wait) > 20_days", "wait > 20_days", True),
        ("wait > 20_days", "max(wait) > 20_days", True),
        ("p90(wait) > 20_days", "p99(wait) > 19_days", True),
        ("median(wait) > 20_days", "p90(wait) > 20_days", True),
        ("min(wait) >= 20_days", "max(wait) > 20_days", False),
        ("max(wait) < 7_days", "wait < 7_days", True),
        ("max(wait) <= 7_days", "min(wait) < 7_days", False),
        ("max(wait) < 7_days", "min(wait) < 7_days", True),
        ("p99(wait) < 7_days", "p90(wait) < 8_days", True),
        ("p90(wait) < 7_days", "p99(wait) < 8_days", False),
        ("wait > 20_days", "p90(wait) > 1_day", False),
        ("stddev(wait) > 20_days", "max(wait) > 1_day", False),
        ("max(wait) > 20_days", "min(wait) > 20_days", False),
        ("min(wait over 2_days) > 20_days", "max(wait) > 20_days", False),
        ("min(wait) > 20_days", "max(other) > 20_days", False),
        ("min(wait) > other", "max(wait) > 20_days", False),
        ("min(wait) > 20_days", "max(wait) < 30_days", False),
        # what cannot be follows from nothing
        ("late > 40_days", "late > 50_days", False),
    ],
)
def test_one_rule_follows_from_another_where_that_is_certain(own, other, expected):
    (term, *_), others = terms_of(logic(own), RANGES), terms_of(logic(other), RANGES)

    assert follows(term, others) is expected


INFINITE = math.inf


@pytest.mark.parametrize(
    ("text", "low", "high", "presumed"),
    [
        ("wait", -INFINITE, INFINITE, False),
        ("late", 2, 30, False),
        ("max(late)", 2, 30, False),
        ("p90(late)", 2, 30, False),
        ("stddev(late)", 0, 28 / math.sqrt(2), False),
        ("stddev(wait)", 0, INFINITE, False),
        ("sum(late)", 0, INFINITE, False),
        ("sum(wait)", -INFINITE, INFINITE, False),
        ("sum(roof)", -INFINITE, 0, False),
        ("floor", 0, INFINITE, False),
        ("span", 0, INFINITE, False),
        ("passage", 3, INFINITE, False),
        ("-late", -30, -2, False),
        ("late + late", 4, 60, False),
        ("late - late", -28, 28, False),
        ("late * 2", 4, 60, False),
        ("floor * 0", 0, 0, False),
        ("late / 2", 1, 15, False),
    ],
)
def test_the_range_of_a_time_follows_from_its_feed(text, low, high, presumed):
    check_range(f"{text} > 1_day", low * 86_400, high * 86_400, presumed=presumed)


@pytest.mark.parametrize(
    ("text", "low", "high", "presumed"),
    [
        ("share", 0, 1, True),
        ("max(share)", 0, 1, True),
        ("visits", 0, 9, False),
        ("stddev(share)", 0, 1 / math.sqrt(2), True),
        ("sum(share)", 0, INFINITE, True),
        ("count(share)", 0, INFINITE, False),
        ("count(wait)", 1, INFINITE, False),
        ("rows", 1, 1, False),
        ("sum(rows)", 0, INFINITE, False),
        ("late / late", 1 / 15, 15, False),
        ("floor / late", 0, INFINITE, False),
        ("late / floor", 0, INFINITE, False),
        ("wait / late", -INFINITE, INFINITE, False),
        ("late / wait", -INFINITE, INFINITE, False),
        ("late / roof", -30, 0, False),
        ("rows / signed", -INFINITE, INFINITE, False),
        ("rows / zero", -INFINITE, INFINITE, False),
        ("signed * signed", -8, 16, False),
        ("share * signed", -2, 4, True),
        ("count(share) / count(wait)", 0, INFINITE, False),
    ],
)
def test_the_range_of_a_number_follows_from_its_feed(text, low, high, presumed):
    is_share = text in {"share", "max(share)", "stddev(share)", "visits"}
    check_range(f"{text} > 1{'%' if is_share else ''}", low, high, presumed=presumed)


def check_range(rule: str, low: float, high: float, *, presumed: bool) -> None:
    compared = logic(rule)
    assert isinstance(compared, Compared)
    found = RANGES.of(compared.left)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.presumed is presumed


NUMBER = st.integers(-6, 6)
SPAN = st.tuples(NUMBER, NUMBER).map(lambda pair: Range(low=min(pair), high=max(pair)))


@given(SPAN, SPAN, st.floats(0, 1), st.floats(0, 1), st.sampled_from(list("+-*/")))
def test_no_value_lies_outside_its_range(one, other, here, there, sign):
    a, b = one.low + (one.high - one.low) * here, other.low + (other.high - other.low) * there
    if sign == "/" and b == 0:
        return
    combine = {"+": Range.plus, "-": Range.minus, "*": Range.times, "/": Range.over}[sign]
    value = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()
    found = combine(one, other)
    slack = 1e-9 * max(1.0, abs(value))

    assert found.low - slack <= value <= found.high + slack
    assert ANYTHING.holds(value)


@given(st.sampled_from(list(Operator)[2:8]), st.integers(-3, 3), SPAN)
def test_a_bound_that_none_or_all_values_keep_is_told(sign, limit, possible):
    (bound,), *_ = terms_of(logic(f"wait {sign} {limit + 9}_days"), RANGES)
    scaled = type(bound)(
        quantity=bound.quantity,
        operator=bound.operator,
        value=float(limit),
        unit=bound.unit,
        range=possible,
        reduced=None,
    )
    steps = [possible.low + (possible.high - possible.low) * step / 48 for step in range(49)]
    kept = [scaled.admits(value) for value in (*steps, *(float(n) for n in range(-6, 7) if possible.holds(n)))]

    assert decided(possible, bound.operator, float(limit)) is (all(kept) if all(kept) or not any(kept) else None)


TINY = Range(low=5e-324, high=5e-324)


def test_what_overflows_bounds_nothing():
    vast = Range(low=1, high=2).over(TINY)

    assert vast == Range(low=math.inf, high=math.inf)
    assert vast.minus(vast) == ANYTHING
    assert vast.minus(vast).times(vast.negated().plus(vast)) == ANYTHING
    assert Range(low=math.nan, high=1.0).times(TINY) == ANYTHING
