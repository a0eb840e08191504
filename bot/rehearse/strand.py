"""One feed's past, made ready once for many looks: as columns, as a tape, as counts, and cut to a short span.

It knows no rule but the metric that one names.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from math import isfinite
from operator import attrgetter, lt

from bot.model.names import FeedName
from bot.model.series import Reading, Sample, Series
from bot.monitor.groups import Control, is_countable, parted
from bot.rehearse.track import EPOCH, Track, micros_at
from bot.rules.catalog import Metric
from bot.rules.tape import Missing, load_tape


class Strand:
    """A reading, or, with `columns`, a series whose samples are in them alone."""

    def __init__(self, reading: Reading, columns: Track | None = None) -> None:
        self._reading = reading
        self._columns = columns
        self._tracks: dict[Metric, Track | Missing] = {}
        self._parts: dict[tuple[tuple[str, tuple[str, ...]], ...], tuple[Strand, Strand]] = {}

    @property
    def header(self) -> Reading:
        """The reading as it was given; with columns its samples are not in it."""
        return self._reading

    @cached_property
    def times(self) -> list[int]:
        """When there was any sample, usable or not."""
        if self._plain is not None:
            return list(self._plain.times)
        return [micros_at(sample.at) for sample in self._samples]

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        """The samples in order of time."""
        if self._columns is not None:
            return self._columns.tape.samples
        reading = self._reading
        return tuple(sorted(reading.samples, key=attrgetter("at"))) if isinstance(reading, Series) else ()

    def track(self, metric: Metric) -> Track | Missing:
        """Return the usable samples as a rule's metric reads them, or why there are none."""
        if metric not in self._tracks:
            self._tracks[metric] = self._track(metric)
        return self._tracks[metric]

    def _track(self, metric: Metric) -> Track | Missing:
        reading = self._reading
        if isinstance(reading, Series) and self._plain is not None:
            empty = load_tape(metric, replace(reading, samples=()))
            return empty if isinstance(empty, Missing) else self._plain
        tape = load_tape(metric, reading)
        return tape if isinstance(tape, Missing) else Track.of(tape.samples)

    @cached_property
    def _plain(self) -> Track | None:
        """The samples as they are, where all are usable and no two have the same time; the most common case."""
        if self._columns is not None:
            return self._columns
        track = Track.of(self._samples)
        usable = all(map(isfinite, (*track.values, *track.weights))) and min(track.weights, default=0.0) >= 0
        return track if usable and all(map(lt, track.times, track.times[1:])) else None

    @cached_property
    def columns(self) -> Track:
        """The usable samples, whatever a metric says of their unit."""
        usable = (s for s in self._samples if isfinite(s.value) and isfinite(s.of) and s.of >= 0)
        return self._plain or Track.of(tuple(usable))

    @cached_property
    def counts(self) -> Track:
        """The samples that are counts of so many out of so many."""
        plain = self._plain
        if plain is not None and all(map(is_countable, _corners(plain))):
            return plain
        return Track.of([sample for sample in self._samples if is_countable(sample)])

    def parted(self, series: Series, control: Control) -> tuple["Strand", "Strand"]:
        """Part its series into the groups that a change has reached, and those of a control group."""
        names = tuple(sorted(control.items()))
        if names not in self._parts:
            reached, beside = (Strand(replace(series, samples=part)) for part in parted(series, control))
            self._parts[names] = reached, beside
        return self._parts[names]

    def cut(self, start: datetime, end: datetime) -> Reading:
        """Return what came in `[start, end)`, and the last sample before it, which tells stale from empty."""
        header = self.header
        if not isinstance(header, Series):
            return header
        first = max(bisect_left(self.times, micros_at(start)) - 1, 0)
        last = bisect_left(self.times, micros_at(end))
        columns = self._columns
        return replace(header, samples=self._samples[first:last] if columns is None else columns.samples(first, last))


def _corners(track: Track) -> list[Sample]:
    """Return the smallest and the largest numbers of a track: if these are counts, all are."""
    if not track.times:
        return []
    pairs = ((min(track.values), min(track.weights)), (max(track.values), max(track.weights)))
    return [Sample(at=EPOCH, value=value, of=of) for value, of in pairs]


Past = Mapping[FeedName, Strand]
"""Every feed's past, by name."""


def cut_past(past: Past, start: datetime, end: datetime) -> dict[FeedName, Reading]:
    """Cut every feed to a span."""
    return {feed: strand.cut(start, end) for feed, strand in past.items()}
