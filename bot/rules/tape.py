"""A feed's samples made ready: finite, in order of time, quick to cut. It knows no rule and no present."""

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from bot.model.names import FeedName
from bot.model.series import FeedFailure, Reading, Sample, Window
from bot.model.verdict import RuleOutcome
from bot.rules.catalog import Metric

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why there is no number; `reason` continues a sentence that begins with the metric's name."""

    outcome: RuleOutcome
    reason: str
    samples: float = 0.0
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """The usable samples of one feed by time; `dropped` counts those not finite or weighing less than nothing.

    `labels` name the label values of each sample, in their order. `single` says that each sample weighs one, so that
    their weight is their number.
    """

    samples: tuple[Sample, ...]
    times: tuple[datetime, ...]
    dropped: int
    labels: tuple[str, ...] = ()
    single: bool = False

    def weight(self, window: Window) -> float:
        """Return how many readings the samples inside a window stand for."""
        if self.single:
            return float(max(bisect_left(self.times, window.end) - bisect_left(self.times, window.start), 0))
        return weight_of(self.cut(window))

    def cut(self, window: Window) -> tuple[Sample, ...]:
        """Return the samples inside a window."""
        return self.samples[bisect_left(self.times, window.start) : bisect_left(self.times, window.end)]

    def newest_before(self, moment: datetime) -> datetime | None:
        """Return the time of the last sample before a moment."""
        place = bisect_left(self.times, moment)
        return self.times[place - 1] if place else None


class Readings(Mapping[FeedName, Reading]):
    """Readings by feed, each made ready once, however often rules are evaluated on them."""

    def __init__(self, found: Mapping[FeedName, Reading]) -> None:
        self._found = found
        self._tapes: dict[Metric, Tape | Missing] = {}
        self._made: dict[tuple[FeedName, object], Any] = {}

    def __getitem__(self, feed: FeedName) -> Reading:
        return self._found[feed]

    def __iter__(self) -> Iterator[FeedName]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def tape(self, metric: Metric) -> Tape | Missing:
        """Return what `load_tape` makes of a metric's reading."""
        if metric not in self._tapes:
            self._tapes[metric] = load_tape(metric, self._found.get(metric.name))
        return self._tapes[metric]

    def made(self, feed: FeedName, make: Callable[[Reading | None], _Made]) -> _Made:
        """Return what a function makes of a feed's reading, made once."""
        if (feed, make) not in self._made:
            self._made[feed, make] = make(self._found.get(feed))
        found: _Made = self._made[feed, make]
        return found


def made_of(feed: FeedName, data: Mapping[FeedName, Reading], make: Callable[[Reading | None], _Made]) -> _Made:
    """Return what a function makes of a feed's reading; of `Readings`, what was made before."""
    return data.made(feed, make) if isinstance(data, Readings) else make(data.get(feed))


def tape_of(metric: Metric, data: Mapping[FeedName, Reading]) -> Tape | Missing:
    """Return a metric's tape out of readings; of `Readings`, the one that was made before."""
    return data.tape(metric) if isinstance(data, Readings) else load_tape(metric, data.get(metric.name))


def load_tape(metric: Metric, reading: Reading | None) -> Tape | Missing:
    """Make a reading ready, or say why it cannot be used; the order of its samples makes no difference."""
    if reading is None:
        return Missing(outcome=RuleOutcome.ERROR, reason="was not collected")
    if isinstance(reading, FeedFailure):
        return Missing(outcome=RuleOutcome.ERROR, reason=f"could not be read: {reading.message}")
    if reading.unit != metric.unit or reading.kind is not metric.kind:
        came, known = (f"{side.kind} in {side.unit.name}" for side in (reading, metric))
        return Missing(outcome=RuleOutcome.ERROR, reason=f"came as {came}, the feed settings say {known}")
    usable = [sample for sample in reading.samples if _is_usable(sample)]
    ordered = tuple(sorted(usable, key=lambda sample: (sample.at, sample.value, sample.of)))
    return Tape(
        samples=ordered,
        times=tuple(sample.at for sample in ordered),
        dropped=len(reading.samples) - len(ordered),
        labels=reading.labels,
        single=all(sample.of == 1.0 for sample in ordered),
    )


def weight_of(samples: tuple[Sample, ...]) -> float:
    """Return how many readings, or for a ratio how many cases, samples stand for."""
    try:
        return math.fsum(sample.of for sample in samples)
    except OverflowError:
        return sys.float_info.max


def _is_usable(sample: Sample) -> bool:
    return math.isfinite(sample.value) and math.isfinite(sample.of) and sample.of >= 0
