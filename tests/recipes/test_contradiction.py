from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.series import SeriesKind
from bot.model.unit import DAY
from bot.recipes.contradiction import common_value
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.shape import Threshold, threshold_of

WAIT = Metric(name="metrics.passport.wait", unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1))
OTHER = Metric(name="metrics.passport.other", unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1))
SCOPE = Scope(watched=(WAIT.name,), metrics=(WAIT, OTHER))
OPERATORS = ["<", "<=", ">", ">=", "==", "!="]


def threshold(text: str) -> Threshold | None:
    rule = compile_rule(text, SCOPE)
    assert isinstance(rule, Rule), rule
    return threshold_of(rule)


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
        ("max(wait) < 7_days", "wait > 5_days", None),
        ("wait over 7_days < 7_days", "wait > 5_days", None),
        ("wait < 7_days", "other > 5_days", None),
        ("wait < 7_days and other < 5_days", "wait > 5_days", None),
        ("wait < 7_days", "wait > other", None),
    ],
)
def test_success_and_rollback_are_compared_where_that_means_something(success, rollback, both):
    found = common_value(threshold(success), threshold(rollback))

    assert (str(found) if found else None) == both


@given(st.sampled_from(OPERATORS), st.integers(0, 40), st.sampled_from(OPERATORS), st.integers(0, 40))
def test_a_common_value_is_found_exactly_where_there_is_one(left, low, right, high):
    success, rollback = threshold(f"wait {left} {low}_days"), threshold(f"wait {right} {high}_days")
    holds = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b}
    holds |= {">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b}
    grid = [step / 4 for step in range(-8, 200)]
    expected = any(holds[left](value, low) and holds[right](value, high) for value in grid)

    found = common_value(success, rollback)

    assert (found is not None) is expected
    if found is not None:
        assert holds[left](found.value, low)
        assert holds[right](found.value, high)
