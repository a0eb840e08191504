"""The simple shape of most rules, one number against one limit, for those who test it in their own way."""

from dataclasses import dataclass
from datetime import timedelta

from bot.model.names import FeedName
from bot.model.unit import Quantity
from bot.rules.compile import Rule
from bot.rules.syntax import Operator
from bot.rules.typed import Compared, Constant, InWindows, Reduced
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
