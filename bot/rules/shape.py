"""The simple shape of most rules, one number against one limit, for those who test it in their own way."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from bot.model.names import FeedName
from bot.model.unit import Quantity
from bot.rules.compile import Rule
from bot.rules.functions import MEAN, PERCENT_OF
from bot.rules.syntax import Operator
from bot.rules.typed import Compared, Constant, InWindows, Logical, Reduced, present
from bot.rules.units import settle

MIRROR = {
    Operator.LESS: Operator.MORE,
    Operator.AT_MOST: Operator.AT_LEAST,
    Operator.MORE: Operator.LESS,
    Operator.AT_LEAST: Operator.AT_MOST,
    Operator.EQUAL: Operator.EQUAL,
    Operator.UNEQUAL: Operator.UNEQUAL,
}
"""What a comparison becomes when its sides change places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """`reducer(feed) op limit`; `reducer` is None for a bare metric.

    `limit` is in the feed's unit (in plain counts for `count`, and for `sum` of a ratio of counts), or per time for
    `rate`.
    """

    feed: FeedName
    reducer: str | None
    op: Operator
    limit: Quantity
    window: timedelta


@lru_cache(maxsize=4_096)
def threshold_of(rule: Rule) -> Threshold | None:
    """Read a rule as one threshold, with or without `for`; None for every other shape, and for groups."""
    logic = rule.tree.logic
    if not isinstance(logic, Compared) or isinstance(rule.tree.sustain, InWindows) or rule.tree.grouping:
        return None
    match logic.left, logic.right:
        case Reduced() as reduced, Constant() as limit:
            return _threshold(reduced, logic.operator, limit)
        case Constant() as limit, Reduced() as reduced:
            return _threshold(reduced, MIRROR[logic.operator], limit)
        case _:
            return None


def _threshold(reduced: Reduced, operator: Operator, limit: Constant) -> Threshold:
    return Threshold(
        feed=reduced.metric.name,
        reducer=reduced.function.name if reduced.function else None,
        op=operator,
        limit=Quantity(value=settle(limit.value / reduced.unit.factor), unit=reduced.unit),
        window=reduced.window,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One metric that a rule wants on one side of something; `percent` is that of its percentile, 50 for others."""

    feed: FeedName
    is_upper: bool
    percent: int


def level_of(rule: Rule) -> Level | None:
    """Read a rule as one metric beyond something without it: a number, or itself before the change."""
    logic = rule.tree.logic
    if not isinstance(logic, Compared) or rule.tree.sustain or rule.tree.grouping or len(present(logic)) != 1:
        return None
    for side, operator in ((logic.left, logic.operator), (logic.right, MIRROR[logic.operator])):
        if isinstance(side, Reduced) and not side.before and operator in _SIDES and len(rule.feeds) == 1:
            percent = PERCENT_OF.get(side.function.name, 50) if side.function else 50
            return Level(feed=side.metric.name, is_upper=_SIDES[operator], percent=percent)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLimit:
    """A mean that is to be below a value (or above it); `value` is in base units."""

    feed: FeedName
    value: float
    is_upper: bool
    delay: timedelta


def mean_limit_of(logic: Logical) -> MeanLimit | None:
    """Read a condition as a mean below or above a number."""
    if not isinstance(logic, Compared):
        return None
    sides = ((logic.left, logic.right, logic.operator), (logic.right, logic.left, MIRROR[logic.operator]))
    for node, limit, operator in sides:
        if not isinstance(node, Reduced) or not isinstance(limit, Constant) or operator not in _SIDES:
            continue
        if not node.before and (node.function is None or node.function is MEAN):
            upper = not _SIDES[operator]
            return MeanLimit(feed=node.metric.name, value=limit.value, is_upper=upper, delay=node.metric.delay)
    return None


_SIDES = {Operator.MORE: True, Operator.AT_LEAST: True, Operator.LESS: False, Operator.AT_MOST: False}
"""Whether a comparison looks for values above something."""
