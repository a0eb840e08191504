"""Measured data: samples in time, and what stands in their place when a feed gives none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.names import FeedName
from bot.model.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open span of time: `start <= t < end`, both aware UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The span's length."""
        return self.end - self.start

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment lies inside."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One data point. A plain metric has `of = 1`; a ratio has its numerator in `value`, its denominator in `of`.

    So the pooled ratio and the plain mean are the same formula: sum(value) / sum(of). `labels` are the values of the
    series' labels, in their order: the office that was measured. A case that is still open, of a feed that has such,
    is not `ended`: it began at `at`, and `value` is how long it has lasted by the end of the series.
    """

    at: datetime
    value: float
    of: float = 1.0
    labels: tuple[str, ...] = ()
    ended: bool = True


class SeriesKind(StrEnum):
    """How bare samples combine: independent readings, or parts of a ratio."""

    READINGS = "readings"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The samples of one feed over `span`, in order of time, in the feed's unit.

    `window` is the feed's own evaluation window: what a bare metric in a rule is reduced over. `dropped` counts
    the rows of the span that held no usable number: empty, not finite, or outside the feed's own range. `labels` name
    what tells its parts apart (`office`); every sample has a value for each. `counts_people`: each row (of a ratio:
    each of `of`) is one person's case.
    """

    feed: FeedName
    unit: Unit
    kind: SeriesKind
    window: timedelta
    span: Window
    samples: tuple[Sample, ...]
    dropped: int = 0
    labels: tuple[str, ...] = ()
    counts_people: bool = False


class FailureKind(StrEnum):
    """Why a feed gave no usable series."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    SHAPE = "shape"
    TOO_LARGE = "too_large"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFailure:
    """A feed that could not be read: never evidence for anything, and always shown."""

    feed: FeedName
    kind: FailureKind
    message: str
    hint: str = ""


Reading = Series | FeedFailure
