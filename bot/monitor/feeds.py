"""Feeds as one pass reads them: each once, over a window that covers what all changes under watch need."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.collect.gather import Gathered
from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Series, Window
from bot.model.settings import FeedSpec
from bot.rules.compile import Rule
from bot.rules.tape import Readings


class Feeds(Protocol):
    """What reads feeds: the collector."""

    def series(self, spec: FeedSpec, window: Window) -> Reading:
        """Read a metric feed over a window."""
        ...

    def gather(self, specs: Sequence[FeedSpec], *, now: datetime) -> Gathered:
        """Read several feeds side by side, each over its own `history` up to now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One rule of a change under watch, and from when on its feeds are needed."""

    rule: Rule
    start: datetime


def needed_from(
    rule: Rule,
    span: timedelta,
    *,
    now: datetime,
    changed_at: datetime,
    is_looked_back: bool,
    reach: timedelta | None = None,
) -> datetime:
    """Say from when on a rule that looks back `span` needs data; `is_looked_back` asks for before the change, too.

    `reach` is how much time before the change it needs by itself; its own `baseline`, where nobody says.
    """
    start = min(now, changed_at) - span if is_looked_back else now - span
    before = rule.baseline if reach is None else reach
    return min(start, changed_at - before) if before else start


class PassFeeds:
    """The feeds of one pass, up to `now`. What was not foreseen by a need is read when it is asked for."""

    def __init__(
        self, feeds: Feeds, specs: Mapping[FeedName, FeedSpec], needs: Iterable[Need], *, now: datetime
    ) -> None:
        self._feeds = feeds
        self._specs = specs
        self._now = now
        self._held = self._read(specs, needs)
        self._times: dict[FeedName, list[datetime]] = {}
        self._given: dict[tuple[FeedName, datetime, datetime], Reading] = {}
        self._together: dict[tuple[tuple[FeedName, ...], datetime, datetime], Readings] = {}

    def readings(self, names: tuple[FeedName, ...], window: Window) -> Readings:
        """Return several feeds' samples of a window; each feed is one that the settings have."""
        asked = (names, window.start, window.end)
        if asked not in self._together:
            self._together[asked] = Readings({name: self.series(self._specs[name], window) for name in names})
        return self._together[asked]

    def series(self, spec: FeedSpec, window: Window) -> Reading:
        """Return a feed's samples of a window, cut from what was read; changes of one recipe ask for the same."""
        asked = (spec.name, window.start, window.end)
        if asked not in self._given:
            self._given[asked] = self._reading(spec, window)
        return self._given[asked]

    def _reading(self, spec: FeedSpec, window: Window) -> Reading:
        held = self._held.get(spec.name)
        if isinstance(held, FeedFailure) and held.kind is not FailureKind.TOO_LARGE:
            return held
        if isinstance(held, Series) and held.span.start <= window.start and window.end <= held.span.end:
            return self._cut(held, window)
        return self._feeds.series(spec, window)

    def _read(self, specs: Mapping[FeedName, FeedSpec], needs: Iterable[Need]) -> Mapping[FeedName, Reading]:
        starts: dict[FeedName, datetime] = {}
        for need in needs:
            for feed in need.rule.feeds:
                starts[feed] = min(starts.get(feed, need.start), need.start)
        asked = [_reaching(specs[feed], self._now - start) for feed, start in starts.items() if feed in specs]
        return self._feeds.gather(asked, now=self._now).readings if asked else {}

    def _cut(self, series: Series, window: Window) -> Series:
        if series.feed not in self._times:
            self._times[series.feed] = [sample.at for sample in series.samples]
        times = self._times[series.feed]
        samples = series.samples[bisect_left(times, window.start) : bisect_left(times, window.end)]
        return replace(series, span=window, samples=samples)


def _reaching(spec: FeedSpec, span: timedelta) -> FeedSpec:
    """Let a feed be read so far back; a hand-over's log is read as much further back as ever."""
    return replace(spec, history=max(spec.history, span) if spec.hand_over else span)
