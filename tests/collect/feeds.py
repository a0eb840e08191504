"""Builders for collect's tests: feed settings with good defaults, a moment, and a collector over a folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.collect.gather import Collector
from bot.collect.registry import SOURCES, Registry
from bot.collect.sources.http_json import feed_client
from bot.model.names import FeedName
from bot.model.series import SeriesKind, Window
from bot.model.settings import Columns, FeedShape, FeedSpec, SourceKind
from bot.model.unit import DAY

NOW = datetime(2026, 1, 10, tzinfo=UTC)
WEEK = Window(start=NOW - timedelta(days=7), end=NOW)


def a_feed(**changes: Any) -> FeedSpec:
    settings: dict[str, Any] = {
        "name": FeedName("metrics.passport.wait_time"),
        "shape": FeedShape.METRIC,
        "source": SourceKind.HTTP_JSON,
        "path": "/wait",
        "unit": DAY,
        "kind": SeriesKind.READINGS,
        "window": timedelta(days=1),
        "columns": Columns(at="closed_at", value="days"),
        "endpoint": "metrics",
        "timeout": timedelta(seconds=5),
    }
    return FeedSpec(**(settings | changes))


def a_file(source: SourceKind, path: str, **changes: Any) -> FeedSpec:
    return a_feed(**({"source": source, "path": path, "endpoint": ""} | changes))


def _no_web(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"a feed that is a file asked for {request.url}")


@contextmanager
def a_collector(
    root: Path,
    *,
    endpoints: Mapping[str, str] | None = None,
    deadline: timedelta = timedelta(seconds=30),
    sources: Registry = SOURCES,
) -> Iterator[Collector]:
    needs_web = any(base.startswith("http") for base in (endpoints or {}).values())
    with feed_client() if needs_web else httpx.Client(transport=httpx.MockTransport(_no_web)) as client:
        yield Collector(endpoints=endpoints or {}, root=root, client=client, deadline=deadline, sources=sources)
