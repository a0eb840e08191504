"""One feed's samples as columns, for many looks at the same data. It knows no rule and no present.

Times are whole microseconds since 1970, so that they compare and shift exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from operator import attrgetter, sub

from bot.model.series import Sample
from bot.rules.tape import Tape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_EXACT = 2.0**53
_ROUNDING = 2.0**-51
"""Four times the largest relative error of one floating-point addition."""


def micros_of(span: timedelta) -> int:
    """Return a span's exact length in microseconds."""
    return span // MICROSECOND


def micros_at(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment_at(micros: int) -> datetime:
    """Return the moment that so many microseconds since 1970 are."""
    return EPOCH + timedelta(microseconds=micros)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Running totals, `totals[0]` being 0; no sum of neighbours is further than `error` from the true one."""

    totals: Sequence[float]
    error: float


def sums_of(values: Sequence[float]) -> Sums:
    """Add numbers up; whole numbers add without any error."""
    size = sum(map(abs, values))
    exact = size < _EXACT and all(map(float.is_integer, values))
    error = 0.0 if exact else len(values) * size * _ROUNDING
    return Sums(totals=list(accumulate(values, initial=0.0)), error=error)


class Track:
    """Columns of equal length in order of time; `values` and `weights` are a sample's `value` and `of`."""

    def __init__(self, times: Sequence[int], values: Sequence[float], weights: Sequence[float]) -> None:
        self.times = times
        self.values = values
        self.weights = weights

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Track":
        """Take the columns of samples that are in order of time."""
        return cls(
            [(sample.at - EPOCH) // MICROSECOND for sample in samples],
            list(map(float, map(attrgetter("value"), samples))),
            list(map(float, map(attrgetter("of"), samples))),
        )

    @cached_property
    def value_sums(self) -> Sums:
        """Running totals of the values."""
        return sums_of(self.values)

    @cached_property
    def weight_sums(self) -> Sums:
        """Running totals of the weights."""
        return sums_of(self.weights)

    @cached_property
    def longest_gap(self) -> int:
        """The most microseconds between two samples that follow each other."""
        return max(map(sub, self.times[1:], self.times), default=0)

    @cached_property
    def points(self) -> Sequence[float]:
        """Each sample's own quotient; NaN for one of weight zero, which has none."""
        return [
            value / weight if weight > 0 else math.nan
            for value, weight in zip(self.values, self.weights, strict=True)
        ]

    @cached_property
    def has_blanks(self) -> bool:
        """Whether a sample has no quotient."""
        return any(map(math.isnan, self.points))

    @cached_property
    def tape(self) -> Tape:
        """The same samples as rules read them."""
        samples = self.samples(0, len(self.times))
        return Tape(samples=samples, times=tuple(sample.at for sample in samples), dropped=0)

    def samples(self, first: int, last: int) -> tuple[Sample, ...]:
        """Return some of the samples one by one."""
        columns = zip(self.times[first:last], self.values[first:last], self.weights[first:last], strict=True)
        return tuple(Sample(at=moment_at(at), value=value, of=of) for at, value, of in columns)
