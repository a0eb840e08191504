"""What values the numbers of a rule can take at all, from what feeds.yml says of each feed. Interval arithmetic.

Every range holds all values that can be; it may hold more.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import FeedSpec
from bot.rules.functions import Function, Result
from bot.rules.syntax import Operator
from bot.rules.typed import Computed, Constant, Negated, Numeric, Reduced

INVERSE = {
    Operator.LESS: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.MORE,
    Operator.MORE: Operator.AT_MOST,
    Operator.AT_LEAST: Operator.LESS,
    Operator.EQUAL: Operator.UNEQUAL,
    Operator.UNEQUAL: Operator.EQUAL,
}
"""The comparison that holds exactly where another does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """All values from `low` to `high`, in base units; `presumed` where no setting says so, only common sense."""

    low: float = -math.inf
    high: float = math.inf
    presumed: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a value is within."""
        return self.low <= value <= self.high

    def minus(self, other: "Range") -> "Range":
        """Return what differences can be."""
        return self.plus(other.negated())

    def plus(self, other: "Range") -> "Range":
        """Return what sums can be."""
        presumed = self.presumed or other.presumed
        return _spanning([self.low + other.low], [self.high + other.high], presumed=presumed)

    def negated(self) -> "Range":
        """Return the range with its sign turned."""
        return Range(low=-self.high, high=-self.low, presumed=self.presumed)

    def times(self, other: "Range") -> "Range":
        """Return what products can be."""
        edges = [_product(one, two) for one in (self.low, self.high) for two in (other.low, other.high)]
        return _spanning(edges, edges, presumed=self.presumed or other.presumed)

    def over(self, other: "Range") -> "Range":
        """Return what quotients can be; a rule that divides by zero is not measured, so that zero plays no part."""
        if other.high <= 0 and other.low < 0:
            return self.negated().over(other.negated())
        if other.low < 0 or other.high <= 0:
            return ANYTHING
        low = 1 / other.high
        high = 1 / other.low if other.low > 0 else math.inf
        return self.times(Range(low=low, high=high, presumed=other.presumed))


ANYTHING = Range()
_HOLDS_FOR_ALL: Mapping[Operator, Callable[[Range, float], bool]] = {
    Operator.LESS: lambda possible, value: possible.high < value,
    Operator.AT_MOST: lambda possible, value: possible.high <= value,
    Operator.MORE: lambda possible, value: possible.low > value,
    Operator.AT_LEAST: lambda possible, value: possible.low >= value,
    Operator.EQUAL: lambda possible, value: possible.low == value == possible.high,
    Operator.UNEQUAL: lambda possible, value: not possible.low <= value <= possible.high,
}
_NOT_NEGATIVE = Range(low=0)
_COMBINE = {
    Operator.ADD: Range.plus,
    Operator.SUBTRACT: Range.minus,
    Operator.MULTIPLY: Range.times,
    Operator.DIVIDE: Range.over,
}


def _spanning(lows: list[float], highs: list[float], *, presumed: bool) -> Range:
    """Return the range between edges; one that overflowed beyond telling bounds nothing."""
    low = -math.inf if any(map(math.isnan, lows)) else min(lows)
    high = math.inf if any(map(math.isnan, highs)) else max(highs)
    return Range(low=low, high=high, presumed=presumed)


def decided(possible: Range, compared: Operator, value: float) -> bool | None:
    """Give a comparison's answer where it is the same for all possible values; None where it is not."""
    if possible is ANYTHING:
        return None
    if _HOLDS_FOR_ALL[compared](possible, value):
        return True
    return False if _HOLDS_FOR_ALL[INVERSE[compared]](possible, value) else None


def _product(one: float, two: float) -> float:
    return 0.0 if 0.0 in {one, two} else one * two


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The ranges of all numbers over a set of feeds; what was found once is remembered."""

    feeds: Mapping[FeedName, FeedSpec]
    _known: dict[tuple[FeedName, str], Range] = field(default_factory=dict)

    def of(self, node: Numeric) -> Range:
        """Return all values that a number of a rule can have."""
        match node:
            case Reduced():
                return self._reduced(node)
            case Constant():
                return Range(low=node.value, high=node.value)
            case Negated():
                return self.of(node.operand).negated()
            case Computed():
                return _COMBINE[node.operator](self.of(node.left), self.of(node.right))
            case _:
                assert_never(node)

    def _reduced(self, node: Reduced) -> Range:
        key = (node.metric.name, node.function.name if node.function else "")
        if key not in self._known:
            self._known[key] = _range_of(self.feeds[node.metric.name], node.function)
        return self._known[key]


def _range_of(feed: FeedSpec, function: Function | None) -> Range:
    samples = samples_of(feed)
    if function is None or function.result is Result.UNIT:
        return samples if function is None or function.name != "stddev" else _deviation(samples)
    if function.result is Result.COUNT:
        # Where there is no sample a count is no zero but NO_DATA; a ratio's denominators may all be zero.
        return _NOT_NEGATIVE if feed.kind is SeriesKind.RATIO else Range(low=1)
    return Range(
        low=0 if samples.low >= 0 else -math.inf, high=0 if samples.high <= 0 else math.inf, presumed=samples.presumed
    )


def _deviation(samples: Range) -> Range:
    """Bound a standard deviation: two samples at the edges give the largest."""
    spread = samples.high - samples.low
    return Range(low=0, high=spread / math.sqrt(2), presumed=samples.presumed and math.isfinite(spread))


def samples_of(feed: FeedSpec) -> Range:
    """Return what a feed's single samples can be, in base units: what lies outside is dropped as it is read."""
    factor = feed.unit.factor
    low = None if feed.min_value is None else feed.min_value * factor
    high = None if feed.max_value is None else feed.max_value * factor
    if feed.kind is SeriesKind.RATIO:
        presumed = low is None or high is None
        return Range(low=0.0 if low is None else low, high=1.0 if high is None else high, presumed=presumed)
    columns = feed.columns
    if not columns.value:
        if feed.hand_over or columns.end:
            low = max(low or 0.0, 0.0)
        else:  # each row counts as one
            low = high = 1.0
    if low is None and high is None:
        return ANYTHING
    return Range(low=-math.inf if low is None else low, high=math.inf if high is None else high)
