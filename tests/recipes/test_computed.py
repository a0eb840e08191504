"""What a computed value comes to: exact, of the kind of the present one, within policy's range, and said in words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.impact import ValueRange
from bot.model.recipe import Computed, Operation, Setting
from bot.recipes.computed import NoStep, NoValue, Result, compute

RANGE = ValueRange(minimum=1, maximum=12)
WIDE = ValueRange(minimum=-1e15, maximum=1e15)


def rule(text: str) -> Computed:
    """Read `+ 50`, `- 10%` or `* 1.2`."""
    sign, number = text.split(" ")
    if sign == "*":
        return Computed(operation=Operation.MULTIPLY, operand=Decimal(number))
    amount = Decimal(number.removesuffix("%")) * (-1 if sign == "-" else 1)
    if number.endswith("%"):
        return Computed(operation=Operation.ADD_SHARE, operand=amount / 100)
    return Computed(operation=Operation.ADD, operand=amount)


# (what is asked, the present value, the range, the result, how it came about)
RESULTS: list[tuple[str, Setting, ValueRange, Setting, str]] = [
    ("+ 2", 2, RANGE, 4, "2 + 2 = 4"),
    ("- 3", 5, RANGE, 2, "5 - 3 = 2"),
    ("+ 50%", 4, RANGE, 6, "4 + 50% = 6"),
    ("- 25%", 8, RANGE, 6, "8 - 25% = 6"),
    ("* 1.5", 2, RANGE, 3, "2 \u00d7 1.5 = 3"),
    ("* 0.5", 8, RANGE, 4, "8 \u00d7 0.5 = 4"),
    # a whole number stays whole, a fraction a fraction
    ("* 1.5", 5, RANGE, 8, "5 \u00d7 1.5 = 7.5, rounded to 8"),
    ("* 1.2", 4, RANGE, 5, "4 \u00d7 1.2 = 4.8, rounded to 5"),
    ("+ 10%", 9, RANGE, 10, "9 + 10% = 9.9, rounded to 10"),
    ("+ 0.5", 2, RANGE, 3, "2 + 0.5 = 2.5, rounded to 3"),
    ("- 5.5", 2, WIDE, -4, "2 - 5.5 = -3.5, rounded to -4"),
    ("* 1.2", 2.0, RANGE, 2.4, "2 \u00d7 1.2 = 2.4"),
    ("+ 0.2", 0.1, WIDE, 0.3, "0.1 + 0.2 = 0.3"),
    ("* 1.1", 1.1, RANGE, 1.21, "1.1 \u00d7 1.1 = 1.21"),
    ("+ 1", 1.0, RANGE, 2.0, "1 + 1 = 2"),
    ("+ 33.333%", 3.0, RANGE, 3.99999, "3 + 33.333% = 3.99999"),
    (
        "* 1.001",
        1.23456789012345,
        RANGE,
        1.23580245801357,
        "1.23456789012345 \u00d7 1.001 = 1.23580245801357",
    ),
    # the size of a negative number counts
    ("+ 10%", -10, WIDE, -9, "-10 + 10% = -9"),
    ("- 10%", -10, WIDE, -11, "-10 - 10% = -11"),
    # what goes too far is held
    ("+ 50", 10, RANGE, 12, "10 + 50 = 60, held to 12, the most that policy allows"),
    (
        "- 50%",
        1.5,
        ValueRange(minimum=1, maximum=2),
        1.0,
        "1.5 - 50% = 0.75, held to 1, the least that policy allows",
    ),
    ("* 3", 3, ValueRange(minimum=1, maximum=7.5), 7, "3 \u00d7 3 = 9, held to 7, the most that policy allows"),
    ("- 3", 3, ValueRange(minimum=0.5, maximum=9), 1, "3 - 3 = 0, held to 1, the least that policy allows"),
    (
        "* 1.5",
        9,
        ValueRange(minimum=1, maximum=13),
        13,
        "9 \u00d7 1.5 = 13.5, rounded to 14, held to 13, the most that policy allows",
    ),
    # a present value outside may come in
    ("- 2", 20, RANGE, 12, "20 - 2 = 18, held to 12, the most that policy allows"),
    ("+ 2", -5, RANGE, 1, "-5 + 2 = -3, held to 1, the least that policy allows"),
]


@pytest.mark.parametrize(("asked", "present", "allowed", "value", "how"), RESULTS)
def test_a_value_is_computed_exactly(
    asked: str, present: Setting, allowed: ValueRange, value: Setting, how: str
) -> None:
    result = compute("k", rule(asked), present, allowed)

    assert result == Result(value=value, how=how)
    assert isinstance(result, Result)
    assert type(result.value) is type(present)


NO_STEPS = [
    ("+ 2", 12, "k is 12 already, and the most that policy allows is 12"),
    ("+ 2", 15, "k is 15 already, and the most that policy allows is 12"),
    ("- 2", 1, "k is 1 already, and the least that policy allows is 1"),
    ("- 2", 0, "k is 0 already, and the least that policy allows is 1"),
    ("* 1.2", 12.0, "k is 12 already, and the most that policy allows is 12"),
    ("* 1.2", 2, "k stays 2: 2 \u00d7 1.2 = 2.4, rounded to 2"),
    ("+ 0", 2, "k stays 2: 2 + 0 = 2"),
    ("* 1", 2.5, "k stays 2.5: 2.5 \u00d7 1 = 2.5"),
    ("+ 10%", 0, "k stays 0: 0 + 10% = 0"),
]


@pytest.mark.parametrize(("asked", "present", "reason"), NO_STEPS)
def test_a_rule_that_leads_nowhere_says_why(asked: str, present: Setting, reason: str) -> None:
    assert compute("k", rule(asked), present, RANGE) == NoStep(reason=reason)


@pytest.mark.parametrize(("present", "reason"), [("slow", "k is text"), (True, "k is true or false")])
def test_nothing_is_computed_from_what_is_no_number(present: Setting, reason: str) -> None:
    result = compute("k", rule("+ 1"), present, RANGE)

    assert isinstance(result, NoValue)
    assert reason in result.reason


def test_without_a_range_nothing_bounds_a_computed_value() -> None:
    result = compute("k", rule("+ 1"), 2, None)

    assert isinstance(result, NoValue)
    assert "no range" in result.reason
    assert "pow/settings/policy.yml" in result.hint


rules = st.one_of(
    st.builds(
        Computed,
        operation=st.sampled_from([Operation.ADD, Operation.ADD_SHARE]),
        operand=st.decimals(min_value=-1000, max_value=1000, places=2),
    ),
    st.builds(
        Computed,
        operation=st.just(Operation.MULTIPLY),
        operand=st.decimals(min_value=Decimal("0.001"), max_value=1000, places=3),
    ),
)
presents = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6).map(lambda number: round(number, 4)))
ranges = st.tuples(st.integers(-500, 500), st.integers(0, 500)).map(
    lambda pair: ValueRange(minimum=pair[0], maximum=pair[0] + pair[1])
)


@given(rules, presents, ranges)
def test_a_result_is_another_value_of_the_same_kind_within_the_range(
    asked: Computed, present: float, allowed: ValueRange
) -> None:
    result = compute("k", asked, present, allowed)

    if isinstance(result, Result):
        assert isinstance(result.value, int | float)
        assert type(result.value) is type(present)
        assert allowed.minimum <= result.value <= allowed.maximum
        assert result.value != present
        assert float(f"{result.value:.15g}") == result.value


@given(rules, st.integers(1, 12))
def test_a_rule_that_is_followed_again_and_again_comes_to_an_end(asked: Computed, start: int) -> None:
    """Every firing takes one more step the same way, so the range is reached and nothing is proposed any more."""
    present: Setting = start
    seen = {present}
    while isinstance(result := compute("k", asked, present, RANGE), Result):
        present = result.value
        assert present not in seen
        seen.add(present)
