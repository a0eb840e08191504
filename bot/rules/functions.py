"""The one table of functions: each reduces the samples of a window to one number. It knows no tree and no time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.model.series import Sample


class Result(StrEnum):
    """What a function's result is: in the metric's unit, a count, a total (a count for a ratio of counts), or a rate.

    A rate is computed as a total and then divided by the length of its window.
    """

    UNIT = "unit"
    COUNT = "count"
    TOTAL = "total"
    RATE = "rate"


Reduce = Callable[[Sequence[Sample]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function: `compute` gets at least one sample, in order of time, all finite; None if not defined on them.

    For a ratio, `max`, `min`, `last`, `stddev` and the percentiles look at each sample's own ratio. `pools` says that
    it may put several series together, because it means the same then.
    """

    name: str
    sentence: str
    result: Result
    compute: Reduce
    pools: bool = True


def _points(samples: Sequence[Sample]) -> list[float]:
    return [sample.value / sample.of for sample in samples if sample.of > 0]


def _pooled(samples: Sequence[Sample]) -> float | None:
    weight = math.fsum(sample.of for sample in samples)
    return math.fsum(sample.value for sample in samples) / weight if weight > 0 else None


def _largest(samples: Sequence[Sample]) -> float | None:
    return max(_points(samples), default=None)


def _smallest(samples: Sequence[Sample]) -> float | None:
    return min(_points(samples), default=None)


def _total(samples: Sequence[Sample]) -> float | None:
    return math.fsum(sample.value for sample in samples)


def _count(samples: Sequence[Sample]) -> float | None:
    return math.fsum(sample.of for sample in samples)


def _last(samples: Sequence[Sample]) -> float | None:
    return _pooled([sample for sample in samples if sample.at == samples[-1].at])


def _deviation(samples: Sequence[Sample]) -> float | None:
    points = _points(samples)
    if len(points) < 2:
        return None
    mean = math.fsum(points) / len(points)
    return math.sqrt(math.fsum((point - mean) * (point - mean) for point in points) / (len(points) - 1))


def _percentile(percent: int) -> Reduce:
    def compute(samples: Sequence[Sample]) -> float | None:
        points = sorted(_points(samples))
        if not points:
            return None
        place = (len(points) - 1) * percent / 100
        below = math.floor(place)
        above = min(below + 1, len(points) - 1)
        return points[below] + (points[above] - points[below]) * (place - below)

    return compute


MEAN = Function(
    name="mean",
    sentence="The mean; for a ratio, all numerators over all denominators. A bare metric means the same.",
    result=Result.UNIT,
    compute=_pooled,
)
COUNT = Function(
    name="count",
    sentence="How many samples there are; for a ratio, the sum of the denominators.",
    result=Result.COUNT,
    compute=_count,
)

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        Function(name="max", sentence="The largest sample.", result=Result.UNIT, compute=_largest),
        Function(name="min", sentence="The smallest sample.", result=Result.UNIT, compute=_smallest),
        MEAN,
        Function(name="median", sentence="The middle sample, as p50.", result=Result.UNIT, compute=_percentile(50)),
        Function(
            name="sum",
            sentence="The sum of the samples; for a ratio, of the numerators.",
            result=Result.TOTAL,
            compute=_total,
        ),
        COUNT,
        Function(
            name="last",
            sentence="The newest sample; the mean of the newest where several have the same time.",
            result=Result.UNIT,
            compute=_last,
            pools=False,
        ),
        Function(
            name="rate",
            sentence="The sum of the samples per time: `20_per_day`. Not for ratios.",
            result=Result.RATE,
            compute=_total,
            pools=False,
        ),
        Function(
            name="stddev",
            sentence="The standard deviation of a sample (n - 1); it needs two samples.",
            result=Result.UNIT,
            compute=_deviation,
        ),
        *(
            Function(
                name=f"p{percent}",
                sentence=f"The value that {percent}% of the samples do not exceed, interpolated linearly.",
                result=Result.UNIT,
                compute=_percentile(percent),
            )
            for percent in range(50, 100)
        ),
    )
}
"""Every function by its name."""

PERCENT_OF = {"median": 50, **{f"p{percent}": percent for percent in range(50, 100)}}
"""The functions that are percentiles; they alone are defined on cases of which some are still open."""

SYNONYMS = {
    "avg": "mean",
    "average": "mean",
    "maximum": "max",
    "minimum": "min",
    "total": "sum",
    "std": "stddev",
    "stdev": "stddev",
    "latest": "last",
    "newest": "last",
    "per": "rate",
    "frequency": "rate",
    "p100": "max",
    "p0": "min",
}
"""What other languages call them; only for hints."""
