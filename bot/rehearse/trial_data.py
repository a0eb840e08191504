"""A test's series as feeds: what the collector would have read of them at a time, made only when it is asked for."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate

from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, Window
from bot.model.settings import FeedSpec
from bot.recipes.recipe_tests import WrittenSeries
from bot.recipes.recipe_tests_notation import Run, Slot
from bot.rehearse.strand import Strand
from bot.rehearse.track import Track, micros_at, micros_of


class Supply:
    """One feed of a test; without any part it answers, and has no data."""

    def __init__(self, spec: FeedSpec, parts: tuple[WrittenSeries, ...], start: datetime) -> None:
        self.spec = spec
        self._start = start
        self._parts = tuple(_Part(part, spec, start) for part in parts)
        self.every = min((part.every for part in parts), default=timedelta(0))
        self._length = max((part.length for part in parts), default=timedelta(0))
        self.can_fail = any(run.slot is Slot.FAILURE for part in parts for run in part.runs)

    def reading(self, window: Window, *, asked_at: datetime) -> Reading:
        """Return the samples of a window, or the failure of a feed that cannot be read when it is asked."""
        if self.fails(asked_at):
            message = "the test says that it cannot be read now"
            return FeedFailure(feed=self.spec.name, kind=FailureKind.UNREACHABLE, message=message)
        return self.series(window)

    def fails(self, moment: datetime) -> bool:
        """Tell whether the feed cannot be read at a time."""
        return self.can_fail and any(part.fails(moment) for part in self._parts)

    def strand(self) -> Strand:
        """Return all of the test, made ready for many looks; a single series needs no samples for that."""
        window = Window(start=self._start, end=self._start + self._length)
        if len(self._parts) != 1 or self.spec.labels:
            return Strand(self.series(window))
        nothing = Window(start=self._start, end=self._start)
        return Strand(replace(self.series(nothing), span=window), columns=self._parts[0].track())

    def series(self, window: Window) -> Series:
        """Return the samples of a window, as if the feed could always be read."""
        samples: list[Sample] = []
        dropped = 0
        for part in self._parts:
            first, last = part.places(window)
            samples += part.samples(first, last)
            dropped += part.dropped(first, last)
        if len(self._parts) > 1:
            samples.sort(key=lambda sample: (sample.at, sample.value, sample.of, sample.labels))
        return Series(
            feed=self.spec.name,
            unit=self.spec.unit,
            kind=self.spec.kind,
            window=self.spec.window,
            span=window,
            samples=tuple(samples),
            dropped=dropped,
            labels=tuple(self.spec.labels),
        )


class _Part:
    """One written series; places count from 0, and samples are kept once they are made."""

    def __init__(self, written: WrittenSeries, spec: FeedSpec, start: datetime) -> None:
        self._start = start
        self._every = written.every
        self._runs = written.runs
        self._begins = (0, *accumulate(run.count for run in written.runs))
        self._labels = tuple(written.labels[label] for label in spec.labels)
        self._made: dict[int, Sample] = {}

    def places(self, window: Window) -> tuple[int, int]:
        """Return the places inside a window, as the first of them and the first behind them."""
        first = -((self._start - window.start) // self._every)
        last = -((self._start - window.end) // self._every)
        return max(first, 0), max(0, min(last, self._begins[-1]))

    def fails(self, moment: datetime) -> bool:
        """Tell whether a time lies in a run of failures."""
        place = (moment - self._start) // self._every
        if not 0 <= place < self._begins[-1]:
            return False
        return self._runs[bisect_right(self._begins, place) - 1].slot is Slot.FAILURE

    def samples(self, first: int, last: int) -> Iterator[Sample]:
        """Yield the samples at places from the first up to the last."""
        for run, begin, start, end in self._cut(first, last):
            if run.slot is Slot.VALUE:
                yield from (self._sample(run, begin, place) for place in range(start, end))

    def dropped(self, first: int, last: int) -> int:
        """Count the rows without a number."""
        return sum(end - start for run, _, start, end in self._cut(first, last) if run.slot is Slot.NAN)

    def track(self) -> Track:
        """Return every sample as columns."""
        start, every = micros_at(self._start), micros_of(self._every)
        times: list[int] = []
        values: list[float] = []
        weights: list[float] = []
        for run, begin in zip(self._runs, self._begins, strict=False):
            if run.slot is Slot.VALUE:
                first = start + begin * every
                times += range(first, first + run.count * every, every)
                values += run.values
                weights += [1.0 if run.of is None else run.of] * run.count
        return Track(times, values, weights)

    def _cut(self, first: int, last: int) -> Iterator[tuple[Run, int, int, int]]:
        """Yield each run that places lie in: where it begins, and its part of them."""
        index = bisect_right(self._begins, first) - 1
        for run, begin, end in zip(self._runs[index:], self._begins[index:], self._begins[index + 1 :], strict=False):
            if begin >= last:
                return
            yield run, begin, max(begin, first), min(end, last)

    def _sample(self, run: Run, begin: int, place: int) -> Sample:
        sample = self._made.get(place)
        if sample is None:
            sample = Sample(
                at=self._at(place),
                value=run.value(place - begin),
                of=1.0 if run.of is None else run.of,
                labels=self._labels,
            )
            self._made[place] = sample
        return sample

    def _at(self, place: int) -> datetime:
        return self._start + self._every * place
