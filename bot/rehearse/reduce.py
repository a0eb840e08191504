"""Functions of the rule language over many windows that only move on, each from what the one before it had.

A reading is the number itself where it is found exactly as the evaluator finds it, bounds around it where sums were
rounded, and None where neither is known.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence

from bot.rehearse.track import Sums, Track, sums_of

Bounds = tuple[float, float]
Reading = float | Bounds | None
Spans = Sequence[tuple[int, int]]
"""The samples `[first, last)` of every window; neither number is ever less than before."""
Sweep = Callable[[Track, Spans], list[Reading]]
"""Reduce every window; what it says of one without samples means nothing."""

_EPSILON = 2.0**-53
_FEW = 24
"""So many samples are added up anew for every window: it costs no more, and nothing is rounded twice."""


def sweep(name: str, track: Track, spans: Spans) -> list[Reading] | None:
    """Apply a function to every window; None for one that is not known here, or not on such samples."""
    found = _TOTALS.get(name)
    if found is None and not track.has_blanks:
        found = _POINTS.get(name) or _percentile_of(name)
    return None if found is None else found(track, spans)


def totals_of(sums: Sums, column: Sequence[float], spans: Spans) -> list[Reading]:
    """Add every window up; `column` are the numbers themselves, for those that must be added anew."""
    totals, error = sums.totals, sums.error
    if error == 0:
        return [totals[last] - totals[first] for first, last in spans]
    return [
        _added(column[first:last])
        if last - first <= _FEW
        else (totals[last] - totals[first] - error, totals[last] - totals[first] + error)
        for first, last in spans
    ]


def _added(numbers: Sequence[float]) -> float | None:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return None


def _sum(track: Track, spans: Spans) -> list[Reading]:
    return totals_of(track.value_sums, track.values, spans)


def count(track: Track, spans: Spans) -> list[Reading]:
    """Weigh every window."""
    return totals_of(track.weight_sums, track.weights, spans)


def _mean(track: Track, spans: Spans) -> list[Reading]:
    values, weights = track.value_sums, track.weight_sums
    if values.error == 0 and weights.error == 0:
        above, below = values.totals, weights.totals
        return [
            (above[last] - above[first]) / weight if (weight := below[last] - below[first]) else None
            for first, last in spans
        ]
    return list(map(quotient, _sum(track, spans), count(track, spans)))


def quotient(left: Reading, right: Reading) -> Reading:
    """Divide; None where the divisor may be zero."""
    if isinstance(left, float) and isinstance(right, float):
        return left / right if right != 0 else None
    if left is None or right is None:
        return None
    (low, high), (least, most) = bounds_of(left), bounds_of(right)
    if least <= 0 <= most:
        return None
    return hull_of((low / least, low / most, high / least, high / most))


def bounds_of(reading: "float | Bounds") -> Bounds:
    """Return a number as bounds."""
    return (reading, reading) if isinstance(reading, float) else reading


def hull_of(numbers: tuple[float, ...]) -> Bounds | None:
    """Return bounds around numbers that were each rounded a little; None where one is not finite."""
    low, high = min(numbers), max(numbers)
    room = 1e-14 * max(abs(low), abs(high))
    return (low - room, high + room) if math.isfinite(low) and math.isfinite(high) else None


def _last(track: Track, spans: Spans) -> list[Reading]:
    times, points = track.times, track.points
    return [
        _newest(track, first, last)
        if last - first > 1 and times[last - 2] == times[last - 1]
        else (points[last - 1] if first < last else None)
        for first, last in spans
    ]


def _newest(track: Track, first: int, last: int) -> Reading:
    """Pool the samples of the newest time."""
    start = max(first, bisect_left(track.times, track.times[last - 1], 0, last))
    return quotient(_added(track.values[start:last]), _added(track.weights[start:last]))


def _largest(track: Track, spans: Spans) -> list[Reading]:
    return _extremes(track.points, spans)


def _smallest(track: Track, spans: Spans) -> list[Reading]:
    return [-found if isinstance(found, float) else None for found in _extremes([-p for p in track.points], spans)]


def _extremes(points: Sequence[float], spans: Spans) -> list[Reading]:
    """Keep the samples that can still be the largest of a window, the best first."""
    best: deque[int] = deque()
    taken = 0
    found: list[Reading] = []
    for first, last in spans:
        for place in range(max(taken, first), last):
            point = points[place]
            while best and points[best[-1]] <= point:
                best.pop()
            best.append(place)
        taken = max(taken, last)
        while best and best[0] < first:
            best.popleft()
        found.append(points[best[0]] if best else None)
    return found


def _percentile_of(name: str) -> Sweep | None:
    if name != "median" and not (name[:1] == "p" and name[1:].isdigit()):
        return None
    percent = 50 if name == "median" else int(name[1:])
    return lambda track, spans: _percentiles(track.points, spans, percent)


def _percentiles(points: Sequence[float], spans: Spans, percent: int) -> list[Reading]:
    """Keep the window's points sorted."""
    window: list[float] = []
    left = right = 0
    found: list[Reading] = []
    for first, last in spans:
        if first >= right:
            window = sorted(points[first:last])
        else:
            for place in range(left, first):
                del window[bisect_left(window, points[place])]
            for place in range(right, last):
                insort(window, points[place])
        left, right = first, last
        found.append(_interpolated(window, percent) if window else None)
    return found


def _interpolated(ordered: Sequence[float], percent: int) -> float:
    """Interpolate as `bot.rules.functions` does, to the last bit."""
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _deviations(track: Track, spans: Spans) -> list[Reading]:
    """Use sums of distances from one middle, so that squares stay small."""
    points = track.points
    middle = math.fsum(points) / len(points) if points else 0.0
    distances = [point - middle for point in points]
    furthest = max(map(abs, distances), default=0.0)
    off = 4 * len(points) * _EPSILON * (max(map(abs, points), default=0.0) + abs(middle))
    plain = _loosened(sums_of(distances), off)
    squares = _loosened(sums_of([distance * distance for distance in distances]), off * (2 * furthest + off))
    return [
        _deviation_of(points[first:last])
        if last - first <= _FEW
        else _spread(_bounds(plain, first, last), _bounds(squares, first, last), last - first)
        for first, last in spans
    ]


def _loosened(sums: Sums, error: float) -> Sums:
    """Allow for numbers that were rounded before they were added up."""
    return Sums(totals=sums.totals, error=sums.error + error)


def _bounds(sums: Sums, first: int, last: int) -> Bounds:
    total = sums.totals[last] - sums.totals[first]
    return total - sums.error, total + sums.error


def _deviation_of(points: Sequence[float]) -> float | None:
    if len(points) < 2:
        return None
    mean = math.fsum(points) / len(points)
    return math.sqrt(math.fsum((point - mean) * (point - mean) for point in points) / (len(points) - 1))


def _spread(total: Bounds, squares: Bounds, count: int) -> Reading:
    (low, high), (least, most) = total, squares
    furthest = max(abs(low), abs(high))
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    room = 1e-12 * most
    smallest = (least - furthest * furthest / count - room) / (count - 1)
    largest = (most - nearest * nearest / count + room) / (count - 1)
    return hull_of((math.sqrt(max(smallest, 0.0)), math.sqrt(max(largest, 0.0))))


_TOTALS: dict[str, Sweep] = {"mean": _mean, "sum": _sum, "count": count}
_POINTS: dict[str, Sweep] = {"last": _last, "max": _largest, "min": _smallest, "stddev": _deviations}
