"""Rules as bounds on quantities: what can hold together, and what follows from what. Decided where it is provable.

A rule is a set of terms, one of which must hold; a term is a set of bounds, all of which must hold. A quantity is
whatever a comparison has on its one side when the other is a number: `mean(wait_time)` of one window, a quotient, or
the difference of two metrics that are compared with one another. Distinct quantities are taken for independent.
"""

import operator
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import assert_never

from bot.model.unit import PERCENT, RATIO, Unit
from bot.recipes.lints.ranges import INVERSE, Range, Ranges
from bot.rules.display import show_value
from bot.rules.shape import MIRROR
from bot.rules.syntax import Operator
from bot.rules.typed import Combined, Compared, Computed, Constant, Inverted, Logical, Negated, Numeric, Reduced

MAX_TERMS = 64
"""A rule with more alternatives than that is not taken apart."""
UPPER = frozenset({Operator.LESS, Operator.AT_MOST})
"""A bound from above."""
LOWER = frozenset({Operator.MORE, Operator.AT_LEAST})
"""A bound from below."""
_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}
_MEAN = "mean"
_SYNONYMS = {"median": "p50"}
_PERCENTILES = frozenset(f"p{percent}" for percent in range(50, 100))
_ORDERED = _PERCENTILES | {"min", "max", _MEAN, "last"}
"""Statistics that lie between the least and the largest sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`quantity operator value`; values are in base units, `unit` is the one to show them in."""

    quantity: Hashable
    operator: Operator
    value: float
    unit: Unit
    range: Range
    reduced: Reduced | None

    def admits(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        return _COMPARE[self.operator](value, self.value)

    @property
    def inverse(self) -> "Bound":
        """The bound that holds exactly where this one does not."""
        return replace(self, operator=INVERSE[self.operator])


Term = tuple[Bound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """A value of a quantity at which two terms hold together."""

    value: float
    unit: Unit


def terms_of(logic: Logical, ranges: Ranges) -> tuple[Term, ...]:
    """Take a condition apart; nothing for one with too many alternatives to be worth it."""
    if isinstance(logic, Compared):
        return ((bound_of(logic, ranges),),)
    return tuple(_terms(logic, ranges, holds=True))


def inverse_terms_of(logic: Logical, ranges: Ranges) -> tuple[Term, ...]:
    """Take apart what must be for a condition not to hold."""
    return tuple(_terms(logic, ranges, holds=False))


def _terms(logic: Logical, ranges: Ranges, *, holds: bool) -> list[Term]:
    match logic:
        case Compared():
            bound = bound_of(logic, ranges)
            return [(bound if holds else bound.inverse,)]
        case Inverted():
            return _terms(logic.operand, ranges, holds=not holds)
        case Combined():
            left = _terms(logic.left, ranges, holds=holds)
            right = _terms(logic.right, ranges, holds=holds)
            if not left or not right:
                return []
            if (logic.operator is Operator.OR) is holds:
                found = left + right
            else:
                found = [one + other for one in left for other in right]
            return found if len(found) <= MAX_TERMS else []
        case _:
            assert_never(logic)


def bound_of(node: Compared, ranges: Ranges) -> Bound:
    """Return the one bound of a comparison."""
    compared = node.operator
    left, right = node.left, node.right
    if isinstance(right, Constant):
        return _on(left, compared, right.value, ranges)
    if isinstance(left, Constant):
        return _on(right, MIRROR[compared], left.value, ranges)
    sides = quantity_of(left), quantity_of(right)
    difference = Range(low=0.0, high=0.0) if sides[0] == sides[1] else ranges.of(left).minus(ranges.of(right))
    return Bound(
        quantity=("difference", *sides), operator=compared, value=0.0, unit=left.unit, range=difference, reduced=None
    )


def _on(node: Numeric, compared: Operator, value: float, ranges: Ranges) -> Bound:
    return Bound(
        quantity=quantity_of(node),
        operator=compared,
        value=value,
        unit=node.unit,
        range=ranges.of(node),
        reduced=node if isinstance(node, Reduced) else None,
    )


def quantity_of(node: Numeric) -> Hashable:
    """Return what identifies a number of a rule; a bare metric and its mean are the same."""
    match node:
        case Reduced():
            return (node.metric.name, _statistic(node), node.window, node.before)
        case Constant():
            return node.value
        case Negated():
            return ("minus", quantity_of(node.operand))
        case Computed():
            return (node.operator, quantity_of(node.left), quantity_of(node.right))
        case _:
            assert_never(node)


def common_value(one: Iterable[Term], other: Iterable[Term]) -> Common | None:
    """Return a value at which a term of each side holds; None where they share no quantity, or never meet.

    Terms on distinct quantities may rightly hold together, so every pair of terms is looked at by itself.
    """
    others = tuple(other)
    for left in one:
        for right in others:
            found = _meeting(left, right)
            if found:
                return found
    return None


def _meeting(left: Term, right: Term) -> Common | None:
    shared = {bound.quantity for bound in left} & {bound.quantity for bound in right}
    if not shared or not can_hold(left + right):
        return None
    together = [bound for bound in left + right if bound.quantity in shared]
    value = witness([bound for bound in together if bound.quantity == together[0].quantity])
    return None if value is None else Common(value=value, unit=together[0].unit)


def can_hold(term: Term) -> bool:
    """Tell whether all bounds of a term can hold at once."""
    quantities: dict[Hashable, list[Bound]] = {}
    for bound in term:
        quantities.setdefault(bound.quantity, []).append(bound)
    return all(witness(bounds) is not None for bounds in quantities.values())


def witness(bounds: list[Bound]) -> float | None:
    """Return a value that keeps all bounds on one quantity, within its range; None where there is none.

    Between and beside the limits each bound keeps its answer, so a few values stand for all.
    """
    possible = bounds[0].range
    return next(
        (value for value in _candidates(bounds) if possible.holds(value) and all(b.admits(value) for b in bounds)),
        None,
    )


def _candidates(bounds: list[Bound]) -> Iterator[float]:
    limits = sorted({bound.value for bound in bounds})
    margin = max(abs(limits[0]), abs(limits[-1]), bounds[0].unit.factor) / 10
    yield from limits
    yield from ((low + high) / 2 for low, high in pairwise(limits))
    yield limits[0] - margin
    yield limits[-1] + margin
    yield from (edge for edge in (bounds[0].range.low, bounds[0].range.high) if isfinite(edge))


def follows(term: Term, alternatives: Iterable[Term]) -> bool:
    """Tell whether, whenever a term holds, one and the same of the alternatives holds: provably, not by chance."""
    return any(all(any(implies(own, bound) for own in term) for bound in other) for other in alternatives)


def implies(own: Bound, other: Bound) -> bool:
    """Tell whether one bound keeps another, on the same quantity or on statistics that are always in one order."""
    if own.quantity == other.quantity:
        return witness([own, other.inverse]) is None and witness([own]) is not None
    if own.operator in LOWER and other.operator in LOWER and is_never_above(own.reduced, other.reduced):
        return other.admits(own.value) or (own.value == other.value and own.operator is Operator.MORE)
    if own.operator in UPPER and other.operator in UPPER and is_never_above(other.reduced, own.reduced):
        return other.admits(own.value) or (own.value == other.value and own.operator is Operator.LESS)
    return False


def is_never_above(low: Reduced | None, high: Reduced | None) -> bool:
    """Tell whether a statistic of a metric is never above another of the same window: `min`, `p90`, `p99`, `max`."""
    if low is None or high is None or _samples_of(low) != _samples_of(high):
        return False
    below, above = _statistic(low), _statistic(high)
    if below not in _ORDERED or above not in _ORDERED:
        return False
    if below == "min" or above == "max":
        return True
    return below in _PERCENTILES and above in _PERCENTILES and below <= above


def _samples_of(reduced: Reduced) -> Hashable:
    return (reduced.metric.name, reduced.window, reduced.before)


def _statistic(reduced: Reduced) -> str:
    name = reduced.function.name if reduced.function else _MEAN
    return _SYNONYMS.get(name, name)


def shown(value: float, unit: Unit) -> str:
    """Write a value in base units as rules do: shares as percentages."""
    return show_value(value, PERCENT if unit.dimension == RATIO else unit)
