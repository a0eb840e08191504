"""A condition at many moments in one pass: the outcome of each where it is certain, and None where it is not.

What it leaves open is asked of the evaluator itself, so its answers are the evaluator's or none. It knows no `for`.
"""

import math
import operator as on
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from bot.model.names import FeedName
from bot.model.verdict import RuleOutcome
from bot.rehearse.reduce import Bounds, Reading, Spans, bounds_of, count, hull_of, quotient, sweep
from bot.rehearse.track import Track, micros_of
from bot.rules.functions import COUNT, MEAN, Function, Result
from bot.rules.grid import FRESH_WINDOWS
from bot.rules.judge import Value
from bot.rules.syntax import Operator
from bot.rules.tape import Missing
from bot.rules.truth import both, either, inverse, worst
from bot.rules.typed import Combined, Compared, Computed, Constant, Inverted, Logical, Negated, Numeric, Reduced
from bot.rules.units import settle

Estimate = float | Bounds | RuleOutcome | None
"""A number, bounds around it, why there is none, or nothing that is certain."""
Answer = RuleOutcome | None

_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: on.lt,
    Operator.AT_MOST: on.le,
    Operator.MORE: on.gt,
    Operator.AT_LEAST: on.ge,
    Operator.EQUAL: on.eq,
    Operator.UNEQUAL: on.ne,
}
_COMPUTE: Mapping[Operator, Callable[[float, float], float]] = {
    Operator.ADD: on.add,
    Operator.SUBTRACT: on.sub,
    Operator.MULTIPLY: on.mul,
}
_CLEAR = 2e-11
"""Numbers that differ by this share of the larger one still differ when they are rounded for a comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The ends of the windows that a condition is looked at in, ascending, and what is demanded of the data.

    `is_now` says that each end is the present of its look, so that a feed may be stale there; `sustained` that each
    window is one of many. `past` is what `before` comes to.
    """

    ends: Sequence[int]
    since: int | None
    min_samples: int
    is_now: bool = True
    sustained: bool = False
    past: Mapping[Reduced, Value | Missing] = field(default_factory=dict)


Tracks = Mapping[FeedName, Track | Missing]


def screen(logic: Logical, tracks: Tracks, frame: Frame) -> list[Answer]:
    """Judge a condition at the end of every window."""
    match logic:
        case Compared():
            left, other = numbers(logic.left, tracks, frame), logic.right
            right = other.value if isinstance(other, Constant) else numbers(other, tracks, frame)
            return _compared(logic.operator, left, right)
        case Inverted():
            return [answer and inverse(answer) for answer in screen(logic.operand, tracks, frame)]
        case Combined():
            pairs = zip(screen(logic.left, tracks, frame), screen(logic.right, tracks, frame), strict=True)
            return [_combined(logic.operator, left, right) for left, right in pairs]
        case _:
            assert_never(logic)


def _combined(operator: Operator, left: Answer, right: Answer) -> Answer:
    """Join two answers; one that decides by itself makes the other not matter."""
    if left is not None and right is not None:
        return both(left, right) if operator is Operator.AND else either(left, right)
    decisive = RuleOutcome.DOES_NOT_HOLD if operator is Operator.AND else RuleOutcome.HOLDS
    return decisive if decisive in {left, right} else None


def _compared(operator: Operator, left: Sequence[Estimate], right: Sequence[Estimate] | float) -> list[Answer]:
    """Compare at every look; `right` is one number where it is the same at all of them."""
    meets = _COMPARE[operator]
    if not isinstance(right, float):
        return [_met(meets, one, other) for one, other in zip(left, right, strict=True)]
    less, more = _answer(holds=meets(0.0, 1.0)), _answer(holds=meets(1.0, 0.0))
    room = 2 * _CLEAR * abs(right)
    low, high = right - room, right + room
    return [
        (less if one < low else more if one > high else _met(meets, one, right))
        if isinstance(one, float)
        else _met(meets, one, right)
        for one in left
    ]


def _met(meets: Callable[[float, float], bool], one: Estimate, other: Estimate) -> Answer:
    if one is None or other is None:
        return None
    if isinstance(one, RuleOutcome) or isinstance(other, RuleOutcome):
        return worst(side for side in (one, other) if isinstance(side, RuleOutcome))
    (low, high), (least, most) = bounds_of(one), bounds_of(other)
    room = _CLEAR * max(-low, high, -least, most)
    if high + room < least:
        return _answer(holds=meets(0.0, 1.0))
    if low - room > most:
        return _answer(holds=meets(1.0, 0.0))
    if isinstance(one, float) and isinstance(other, float):
        return _answer(holds=meets(settle(one), settle(other)))
    return None


def _answer(*, holds: bool) -> RuleOutcome:
    return RuleOutcome.HOLDS if holds else RuleOutcome.DOES_NOT_HOLD


def numbers(node: Numeric, tracks: Tracks, frame: Frame) -> list[Estimate]:
    """Estimate a number at the end of every window."""
    match node:
        case Constant():
            return [node.value] * len(frame.ends)
        case Reduced():
            return _reduced(node, tracks, frame)
        case Negated():
            return [_negated(number) for number in numbers(node.operand, tracks, frame)]
        case Computed():
            pairs = zip(numbers(node.left, tracks, frame), numbers(node.right, tracks, frame), strict=True)
            return [_computed(node.operator, left, right) for left, right in pairs]
        case _:
            assert_never(node)


def _negated(number: Estimate) -> Estimate:
    match number:
        case float():
            return -number
        case tuple():
            return -number[1], -number[0]
        case _:
            return number


def _computed(operator: Operator, left: Estimate, right: Estimate) -> Estimate:
    if left is None or right is None:
        return None
    if isinstance(left, RuleOutcome) or isinstance(right, RuleOutcome):
        return worst(side for side in (left, right) if isinstance(side, RuleOutcome))
    if operator is Operator.DIVIDE:
        return RuleOutcome.INSUFFICIENT if right == 0 else _finite(quotient(left, right))
    compute = _COMPUTE[operator]
    if isinstance(left, float) and isinstance(right, float):
        return _finite(compute(left, right))
    return _finite(hull_of(tuple(compute(one, other) for one in bounds_of(left) for other in bounds_of(right))))


def _finite(number: float | Bounds | None) -> Estimate:
    """Leave what is too large to the evaluator."""
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _reduced(node: Reduced, tracks: Tracks, frame: Frame) -> list[Estimate]:
    if node.before:
        return [_known(frame.past.get(node))] * len(frame.ends)
    track = tracks[node.metric.name]
    if isinstance(track, Missing):
        return [track.outcome] * len(frame.ends)
    windows = _windows(node, frame)
    times, factor, function = track.times, node.factor, node.function or MEAN
    spans = []
    for start, end in windows:
        last = bisect_left(times, end)
        spans.append((bisect_left(times, start, 0, last), last))
    readings = _readings(function, track, spans, windows)
    found: list[Estimate] = [None] * len(spans)
    if readings is not None:
        found = [_finite(r * factor) if isinstance(r, float) else _scaled(r, factor) for r in readings]
    found = _weighed(found, track, spans, 0 if function is COUNT else frame.min_samples)
    return _fresh(found, node, track, frame) if frame.is_now else found


def _known(past: Value | Missing | None) -> Estimate:
    """Return what `before` comes to; without a change there is nothing to compare with."""
    match past:
        case Value():
            return float(past.value)
        case Missing():
            return past.outcome
        case _:
            return RuleOutcome.ERROR


def _windows(node: Reduced, frame: Frame) -> list[tuple[int, int]]:
    """Return every window's start and end."""
    delay, reach, since = micros_of(node.metric.delay), micros_of(node.window), frame.since
    if since is None:
        return [(end - delay - reach, end - delay) for end in frame.ends]
    return [(min(max(end - delay - reach, since), end - delay), end - delay) for end in frame.ends]


def _readings(
    function: Function, track: Track, spans: Spans, windows: Sequence[tuple[int, int]]
) -> list[Reading] | None:
    if function.result is not Result.RATE:
        return sweep(function.name, track, spans)
    totals = sweep("sum", track, spans) or []
    return [
        quotient(total, (end - start) / 1_000_000) if end > start else None
        for total, (start, end) in zip(totals, windows, strict=True)
    ]


def _scaled(reading: Bounds | None, factor: float) -> Estimate:
    return None if reading is None else hull_of((reading[0] * factor, reading[1] * factor))


def _weighed(found: list[Estimate], track: Track, spans: Spans, least: int) -> list[Estimate]:
    """Put NO_DATA where a window is empty, and INSUFFICIENT where it weighs too little."""
    weights = count(track, spans)
    return [
        (RuleOutcome.NO_DATA if first >= last else _if_enough(each, weight, least))
        if first >= last or not isinstance(weight, float) or weight < least
        else each
        for each, weight, (first, last) in zip(found, weights, spans, strict=True)
    ]


def _if_enough(found: Estimate, weight: float | Bounds | None, least: int) -> Estimate:
    if weight is None:
        return None
    low, high = bounds_of(weight)
    return found if low >= least else RuleOutcome.INSUFFICIENT if high < least else None


def _fresh(found: list[Estimate], node: Reduced, track: Track, frame: Frame) -> list[Estimate]:
    """Put STALE at looks where the newest sample is too old."""
    limit = FRESH_WINDOWS * micros_of(node.metric.window) + micros_of(node.metric.delay)
    since = frame.since
    reset = None if frame.sustained else since
    if reset is None and track.longest_gap <= limit and track.times and frame.ends[-1] - track.times[-1] <= limit:
        return found
    return [
        RuleOutcome.STALE if _is_stale(track.times, end, limit, reset) else each
        for each, end in zip(found, frame.ends, strict=True)
    ]


def _is_stale(times: Sequence[int], end: int, limit: int, since: int | None) -> bool:
    last = bisect_left(times, end)
    if last == 0:
        return False
    newest = times[last - 1]
    return newest < end - limit or (since is not None and newest < since)
