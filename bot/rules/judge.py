"""A checked condition at one moment: numbers from samples, comparisons, their combination. Total: never raises."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from bot.model.names import FeedName
from bot.model.series import Sample, Window
from bot.model.verdict import RuleOutcome
from bot.rules.display import show_count, show_duration, show_time
from bot.rules.functions import COUNT, MEAN, PERCENT_OF, Function, Result
from bot.rules.grid import FRESH_WINDOWS
from bot.rules.survival import cases_of, curve_of, quantile
from bot.rules.syntax import Operator
from bot.rules.tape import Missing, Tape, weight_of
from bot.rules.truth import both, either, inverse, worst
from bot.rules.typed import (
    Combined,
    Compared,
    Computed,
    Constant,
    Inverted,
    Logical,
    Negated,
    Numeric,
    Reduced,
    reductions,
)
from bot.rules.units import settle

_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}
_COMPUTE: dict[Operator, Callable[[float, float], float]] = {
    Operator.ADD: operator.add,
    Operator.SUBTRACT: operator.sub,
    Operator.MULTIPLY: operator.mul,
    Operator.DIVIDE: operator.truediv,
}


_NO_CHANGE = Missing(
    outcome=RuleOutcome.ERROR, reason="compares with the time before a change, and there is none here"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a condition is judged on: windows that end at `end` and hold nothing from before `not_before`.

    Only windows that end at `now` can be stale; `sustained` says that they are one of many, so that one without data
    since `not_before` is merely empty. `past` is what `before` comes to, which is the same in every window.
    """

    tapes: Mapping[FeedName, Tape | Missing]
    now: datetime
    end: datetime
    not_before: datetime | None
    min_samples: int
    sustained: bool = False
    past: Mapping[Reduced, "Value | Missing"] = field(default_factory=dict)

    def one_of_many(self, end: datetime) -> "View":
        """Return the same view on the windows that end at another time."""
        return View(
            tapes=self.tapes,
            now=self.now,
            end=end,
            not_before=self.not_before,
            min_samples=self.min_samples,
            sustained=True,
            past=self.past,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A finite number in its base unit, and what it was computed from; a constant has no window."""

    value: float
    samples: float = math.inf
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A comparison and both its sides as they were."""

    node: Compared
    left: Value | Missing
    right: Value | Missing
    outcome: RuleOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A condition's outcome, and all its comparisons in the order of the text."""

    outcome: RuleOutcome
    seen: tuple[Seen, ...]


def judge(logic: Logical, view: View) -> Judged:
    """Judge a condition at one moment."""
    match logic:
        case Compared():
            return _compare(logic, view)
        case Inverted():
            judged = judge(logic.operand, view)
            return replace(judged, outcome=inverse(judged.outcome))
        case Combined():
            left, right = judge(logic.left, view), judge(logic.right, view)
            combine = both if logic.operator is Operator.AND else either
            return Judged(outcome=combine(left.outcome, right.outcome), seen=left.seen + right.seen)
        case _:
            assert_never(logic)


def _compare(node: Compared, view: View) -> Judged:
    left, right = _number(node.left, view), _number(node.right, view)
    if isinstance(left, Value) and isinstance(right, Value):
        meets = _COMPARE[node.operator](settle(left.value), settle(right.value))
        outcome = RuleOutcome.HOLDS if meets else RuleOutcome.DOES_NOT_HOLD
    else:
        outcome = worst(side.outcome for side in (left, right) if isinstance(side, Missing))
    return Judged(outcome=outcome, seen=(Seen(node=node, left=left, right=right, outcome=outcome),))


def _number(node: Numeric, view: View) -> Value | Missing:
    match node:
        case Constant():
            return Value(value=node.value)
        case Reduced():
            return view.past.get(node, _NO_CHANGE) if node.before else _reduce(node, view)
        case Negated():
            operand = _number(node.operand, view)
            return operand if isinstance(operand, Missing) else replace(operand, value=-operand.value)
        case Computed():
            return _compute(node, _number(node.left, view), _number(node.right, view))
        case _:
            assert_never(node)


def _compute(node: Computed, left: Value | Missing, right: Value | Missing) -> Value | Missing:
    samples = min(left.samples, right.samples)
    window = hull(left.window, right.window)
    if isinstance(left, Missing) or isinstance(right, Missing):
        missing = [side for side in (left, right) if isinstance(side, Missing)]
        outcome = worst(side.outcome for side in missing)
        return next(side for side in missing if side.outcome is outcome)
    if node.operator is Operator.DIVIDE and right.value == 0:
        return Missing(outcome=RuleOutcome.INSUFFICIENT, reason="divides by zero", samples=samples, window=window)
    return _finite(_COMPUTE[node.operator](left.value, right.value), samples, window)


def _reduce(node: Reduced, view: View) -> Value | Missing:
    """Reduce a metric over its window; the first reason why that is not possible is the one that is told."""
    tape = view.tapes[node.metric.name]
    if isinstance(tape, Missing):
        return tape
    end = view.end - node.metric.delay
    start = end - node.window
    if view.not_before is not None:
        start = min(max(start, view.not_before), end)
    window = Window(start=start, end=end)
    stale = _stale(node, tape, view) if view.end == view.now else None
    if stale:
        return replace(stale, window=window)
    return _reduce_window(node, tape, window, view.min_samples)


def look_back(
    logic: Logical, tapes: Mapping[FeedName, Tape | Missing], *, changed_at: datetime | None, min_samples: int
) -> dict[Reduced, Value | Missing]:
    """Reduce what `before` names over the windows that end at the change; without a change there is nothing."""
    if changed_at is None:
        return {}
    past: dict[Reduced, Value | Missing] = {}
    for node in reductions(logic):
        if node.before:
            tape = tapes[node.metric.name]
            window = Window(start=changed_at - node.window, end=changed_at)
            past[node] = tape if isinstance(tape, Missing) else _reduce_window(node, tape, window, min_samples)
    return past


def _reduce_window(node: Reduced, tape: Tape, window: Window, min_samples: int) -> Value | Missing:
    samples = tape.cut(window)
    if not samples:
        dropped = f" ({tape.dropped} unusable samples dropped)" if tape.dropped else ""
        return Missing(outcome=RuleOutcome.NO_DATA, reason=f"has no data{dropped}", window=window)
    weight = weight_of(samples)
    function = node.function or MEAN
    if weight < min_samples and function is not COUNT:
        return _too_few(f"has too few samples (n={show_count(weight)} of {min_samples})", weight, window)
    if node.metric.open_cases and function is not COUNT:
        return _lasting(node, samples, weight, window)
    value = _apply(function, samples)
    if value is None:
        return _too_few(f"is not defined on so few samples (n={show_count(weight)})", weight, window)
    if function.result is Result.RATE:
        value /= window.length.total_seconds()
    return _finite(value * node.factor, weight, window)


def _lasting(node: Reduced, samples: Sequence[Sample], weight: float, window: Window) -> Value | Missing:
    """Return a quantile of durations of which some have not ended by the end of the window, as far as it is known."""
    level = PERCENT_OF.get(node.function.name if node.function else MEAN.name)
    if level is None:
        return Missing(
            outcome=RuleOutcome.ERROR, reason="has open cases: only a median or percentile is defined on it"
        )
    cases = cases_of(samples, unit=node.metric.unit.factor, end=window.end)
    found = quantile(curve_of(cases), level / 100)
    if found is None:
        still = sum(not case.ended for case in cases)
        reason = f"is longer than what was seen: {still} of {len(cases)} cases are still open"
        return _too_few(reason, weight, window)
    return _finite(found * node.factor, weight, window)


def _stale(node: Reduced, tape: Tape, view: View) -> Missing | None:
    newest = tape.newest_before(view.now)
    if newest is None:
        return None
    width = node.metric.window
    delay = node.metric.delay
    if newest < view.now - delay - FRESH_WINDOWS * width:
        limit = f"more than {FRESH_WINDOWS} windows of {show_duration(width)} ago"
        if delay:
            limit = (
                f"more than {FRESH_WINDOWS} windows of {show_duration(width)} and {show_duration(delay)} of delay ago"
            )
        return Missing(
            outcome=RuleOutcome.STALE, reason=f"is stale: its newest sample, {show_time(newest)}, is {limit}"
        )
    if view.not_before is not None and newest < view.not_before and not view.sustained:
        since = f"none since {show_time(view.not_before)}"
        return Missing(
            outcome=RuleOutcome.STALE, reason=f"is stale: its newest sample is {show_time(newest)}, {since}"
        )
    return None


def _apply(function: Function, samples: Sequence[Sample]) -> float | None:
    try:
        return function.compute(samples)
    except (OverflowError, ValueError):  # fsum: a sum beyond the floats, or of both infinities
        return math.inf


def _finite(value: float, samples: float, window: Window | None) -> Value | Missing:
    if math.isfinite(value):
        return Value(value=value, samples=samples, window=window)
    return Missing(outcome=RuleOutcome.ERROR, reason="is too large to compute", samples=samples, window=window)


def _too_few(reason: str, weight: float, window: Window) -> Missing:
    return Missing(outcome=RuleOutcome.INSUFFICIENT, reason=reason, samples=weight, window=window)


def hull(left: Window | None, right: Window | None) -> Window | None:
    """Return the smallest window that holds both."""
    if left is None or right is None:
        return left or right
    return Window(start=min(left.start, right.start), end=max(left.end, right.end))
