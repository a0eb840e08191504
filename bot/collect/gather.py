"""The collector: reads feeds by their settings, each within its own limits and all within one deadline.

A feed that cannot be read is a FeedFailure with its reason; nothing raises, and no feed stops another.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, assert_never

from bot.collect.bulk import bulk_series
from bot.collect.digests import use_of_complaints, use_of_log, use_of_series
from bot.collect.events import log_of, log_query
from bot.collect.privacy import complaints_query, count_complaints
from bot.collect.query import Access, Query, Row, UnreadableError
from bot.collect.registry import SOURCES, Registry
from bot.collect.samples import metric_query, series_of
from bot.collect.shared import groups_of
from bot.model.finding import ComplaintCount, SourceUse
from bot.model.names import FeedName
from bot.model.process import ProcessLog
from bot.model.series import FailureKind, FeedFailure, Reading, Series, Window
from bot.model.settings import FeedShape, FeedSpec

if TYPE_CHECKING:
    import httpx

_Value = TypeVar("_Value")
Collected = Series | ComplaintCount | ProcessLog | FeedFailure

_AT_ONCE = 8
_LEAST_SECONDS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that was read, by feed name and by what it is; `failures` are the feeds that gave nothing."""

    series: Mapping[FeedName, Series]
    complaints: Mapping[FeedName, ComplaintCount]
    logs: Mapping[FeedName, ProcessLog]
    failures: Mapping[FeedName, FeedFailure]

    @property
    def readings(self) -> dict[FeedName, Reading]:
        """What rules are evaluated on: every series, and every failure in the place of one."""
        return {**self.series, **self.failures}


class Collector:
    """Reads feeds. `endpoints` are the base URLs of targets.yml, `root` is the repository's checkout.

    `client` comes from `sources.http_json.feed_client()` and is closed by whoever made it;
    without one no feed is asked over the network.
    """

    def __init__(
        self,
        *,
        endpoints: Mapping[str, str],
        root: Path,
        client: "httpx.Client | None",
        deadline: timedelta = timedelta(seconds=60),
        sources: Registry = SOURCES,
    ) -> None:
        self._endpoints = endpoints
        self._root = root
        self._client = client
        self._deadline = deadline
        self._sources = sources

    def series(self, spec: FeedSpec, window: Window) -> Reading:
        """Read a metric feed over a window."""
        return self._series(spec, window, self._end())

    def complaints(self, spec: FeedSpec, window: Window) -> ComplaintCount | FeedFailure:
        """Count a complaint feed's complaints of a window by topic."""
        return self._complaints(spec, window, self._end())

    def events(self, spec: FeedSpec, window: Window) -> ProcessLog | FeedFailure:
        """Read a process log's events that were completed within a window."""
        return self._events(spec, window, self._end())

    def gather(self, specs: Sequence[FeedSpec], *, now: datetime) -> Gathered:
        """Read several feeds side by side, each over its own `history` up to now, all within the deadline.

        Feeds that share a table are read by one query. Those that it gives no series for are asked alone, so that
        each gets the series or the failure that it always got.
        """
        end = self._end()
        groups = groups_of(specs, self._sources.shared.keys(), now=now)
        grouped = {query.spec.name for group in groups for query in group}
        with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="feed") as pool:
            together = [pool.submit(self._together, group, end) for group in groups]
            reading = {
                spec.name: pool.submit(self._collect, spec, now, end) for spec in specs if spec.name not in grouped
            }
            found = {name: series for each in together for name, series in each.result().items()}
            for spec in specs:
                if spec.name not in found and spec.name not in reading:
                    reading[spec.name] = pool.submit(self._collect, spec, now, end)
            results = [found[spec.name] if spec.name in found else reading[spec.name].result() for spec in specs]
        return Gathered(
            series={value.feed: value for value in results if isinstance(value, Series)},
            complaints={value.feed: value for value in results if isinstance(value, ComplaintCount)},
            logs={value.feed: value for value in results if isinstance(value, ProcessLog)},
            failures={value.feed: value for value in results if isinstance(value, FeedFailure)},
        )

    def _end(self) -> float:
        return time.monotonic() + self._deadline.total_seconds()

    def _collect(self, spec: FeedSpec, now: datetime, end: float) -> Collected:
        window = Window(start=now - spec.history, end=now)
        match spec.shape:
            case FeedShape.METRIC:
                return self._series(spec, window, end)
            case FeedShape.COMPLAINTS:
                return self._complaints(spec, window, end)
            case FeedShape.EVENTS:
                return self._events(spec, window, end)
            case _:
                assert_never(spec.shape)

    def _series(self, spec: FeedSpec, window: Window, end: float) -> Reading:
        def read() -> Series:
            query = metric_query(spec, window)
            return _series_of(self._rows(query, end), query, window)

        return _guarded(spec, read)

    def _together(self, group: Sequence[Query], end: float) -> dict[FeedName, Series]:
        """Read feeds of one table by one query; a feed without a series is to be asked alone.

        It may take as long as its feeds alone, and half of the time that is left, so that they can be asked after it.
        """
        found: dict[FeedName, Series] = {}
        with suppress(UnreadableError):
            spec = group[0].spec
            timeouts = sum(query.spec.timeout.total_seconds() for query in group)
            access = replace(self.access(spec), seconds=min(timeouts, self._left(end) / 2))
            for place, rows in self._sources.shared[spec.source](group, access):
                query = group[place]
                with suppress(UnreadableError):
                    found[query.spec.name] = _series_of(rows, query, query.window)
        return found

    def _complaints(self, spec: FeedSpec, window: Window, end: float) -> ComplaintCount | FeedFailure:
        def read() -> ComplaintCount:
            query = complaints_query(spec, window)
            return count_complaints(self._rows(query, end), query, window)

        return _guarded(spec, read)

    def _events(self, spec: FeedSpec, window: Window, end: float) -> ProcessLog | FeedFailure:
        def read() -> ProcessLog:
            query = log_query(spec, window)
            return log_of(self._rows(query, end), query)

        return _guarded(spec, read)

    def _rows(self, query: Query, end: float) -> list[Row]:
        access = self.access(query.spec, seconds=self._left(end))
        return self._sources.alone[query.spec.source](query, access)

    def _left(self, end: float) -> float:
        left = end - time.monotonic()
        if left < _LEAST_SECONDS:
            raise UnreadableError(
                FailureKind.TIMEOUT,
                "the time for all feeds was over before it was asked",
                hint="slow feeds come first in the list of failures; give them a shorter `timeout`",
            )
        return left

    def access(self, spec: FeedSpec, *, seconds: float = math.inf) -> Access:
        """Say how a feed may be reached; UnreadableError for an endpoint that there is not."""
        base = self._endpoints.get(spec.endpoint, "") if spec.endpoint else ""
        if spec.endpoint and not base:
            raise UnreadableError(
                FailureKind.SETTINGS,
                f"there is no endpoint `{spec.endpoint}`",
                hint="add it to `endpoints` in pow/settings/targets.yml",
            )
        limit = min(spec.timeout.total_seconds(), self._deadline.total_seconds(), seconds)
        return Access(base=base, root=self._root, client=self._client, seconds=limit)


def uses_of(gathered: Gathered, feeds: Sequence[FeedName]) -> tuple[SourceUse, ...]:
    """Describe what was read of these feeds, with digests, in the given order; failures are left out."""
    uses: list[SourceUse] = []
    for feed in dict.fromkeys(feeds):
        if feed in gathered.series:
            uses.append(use_of_series(gathered.series[feed]))
        if feed in gathered.complaints:
            uses.append(use_of_complaints(gathered.complaints[feed]))
        if feed in gathered.logs and (use := use_of_log(gathered.logs[feed])):
            uses.append(use)
    return tuple(uses)


def _series_of(rows: Sequence[Row], query: Query, window: Window) -> Series:
    return bulk_series(rows, query, window) or series_of(rows, query, window)


def _guarded(spec: FeedSpec, read: Callable[[], _Value]) -> _Value | FeedFailure:
    try:
        return read()
    except UnreadableError as error:
        return FeedFailure(feed=spec.name, kind=error.kind, message=error.message, hint=error.hint)
