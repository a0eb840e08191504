"""Can a recipe's success and rollback hold at one and the same value? Decided for thresholds on one metric only."""

import operator
from collections.abc import Callable

from bot.model.unit import Quantity
from bot.rules.shape import Threshold
from bot.rules.syntax import Operator

_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}


def common_value(success: Threshold | None, rollback: Threshold | None) -> Quantity | None:
    """Return a value at which both hold; None where there is none, or where the rules are not of one kind.

    The same statistic of the same feed over the same window must be compared, or both could rightly hold at once.
    """
    if success is None or rollback is None:
        return None
    if (success.feed, success.reducer, success.window) != (rollback.feed, rollback.reducer, rollback.window):
        return None
    low, high = sorted((success.limit.value, rollback.limit.to(success.limit.unit).value))
    margin = max(abs(low), abs(high), 1.0) / 10
    # Between and beside the two limits each comparison keeps its answer, so these five stand for all values.
    for value in (low, (low + high) / 2, high, low - margin, high + margin):
        if _holds(success, value, success) and _holds(rollback, value, success):
            return Quantity(value=value, unit=success.limit.unit)
    return None


def _holds(threshold: Threshold, value: float, scale: Threshold) -> bool:
    return _COMPARE[threshold.op](value, threshold.limit.to(scale.limit.unit).value)
