"""Feeds that are PromQL, asked through a range query: one point for each of the feed's windows.

Rows have the fields `time`, `value` and every label of a series by its name.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.collect.cells import missing_column
from bot.collect.query import MAX_ROWS, Access, Query, Row, UnreadableError
from bot.collect.sources.http_get import feed_url, fetch_all
from bot.model.series import FailureKind

MAX_POINTS = 11_000
"""Points of a series that Prometheus gives in one answer."""
_API = "api/v1/query_range"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=36_600)

_Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One value of one series; NaN and infinity are values here, and dropped with all others that are unusable."""

    labels: _Labels
    at: datetime
    value: float


def read(query: Query, access: Access) -> list[Row]:
    """Ask for the query's window, page by page, and return a row for each point."""
    return _rows(_asked(query, access, [query]), query)


def read_shared(queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
    """Ask once for the longest window of feeds with one `query`, and give each the series of its own `where`."""
    longest = min(queries, key=lambda query: query.window.start)
    points = _asked(longest, access, queries)
    for place, query in enumerate(queries):
        with suppress(UnreadableError):
            own = [point for point in points if query.window.start <= point.at and _is_own(point.labels, query)]
            yield place, _rows(own, query)


def _is_own(labels: _Labels, query: Query) -> bool:
    return all(labels.get(name, "") == text for name, text in query.spec.where.items())


def _asked(query: Query, access: Access, readers: Sequence[Query]) -> list[_Point]:
    """Return the points of a query's window, of all series that any of the readers takes."""
    spec = query.spec
    if not spec.query:
        raise UnreadableError(
            FailureKind.SETTINGS,
            "it has no `query`",
            hint=f"write the PromQL as `query` of {spec.name} in pow/settings/feeds.yml",
        )
    url = feed_url(query, access.base, f"{spec.path.strip('/')}/{_API}")
    pages = [url.copy_merge_params(parameters) for parameters in _pages(query)]
    bodies = fetch_all(pages, query, access) if pages else ()
    return [point for body in bodies for point in _points(body, query, readers)]


def _rows(points: Sequence[_Point], query: Query) -> list[Row]:
    """Return a row for each point of the feed's own series."""
    if len(points) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"it has more than {MAX_ROWS:,} points in the window")
    _refuse_mixed(points, query)
    return [tuple(_cell(point, column, query) for column in query.columns) for point in points]


def _pages(query: Query) -> Iterator[dict[str, str]]:
    """Cut the window into pages; points lie on whole multiples of the step, so that every run asks for the same."""
    step = query.spec.window
    first, last = -(-(query.window.start - _EPOCH) // step), -(-(query.window.end - _EPOCH) // step) - 1
    if (last - first) > MAX_ROWS:
        raise UnreadableError(
            FailureKind.TOO_LARGE,
            f"its `history` has more than {MAX_ROWS:,} windows",
            hint=f"give {query.spec.name} a longer `window` or a shorter `history`",
        )
    for place in range(first, last + 1, MAX_POINTS):
        end = min(place + MAX_POINTS - 1, last)
        yield {
            "query": query.spec.query,
            "start": _seconds(step * place),
            "end": _seconds(step * end),
            "step": _seconds(step),
        }


def _seconds(span: timedelta) -> str:
    whole, rest = divmod(span, timedelta(seconds=1))
    return f"{whole}.{rest.microseconds:06}".rstrip("0").rstrip(".") if rest else str(whole)


def _points(body: bytes, query: Query, readers: Sequence[Query]) -> Iterator[_Point]:
    """Read one answer; whatever is no matrix of numbers is a wrong shape."""
    try:
        document: Any = json.loads(body)
        data = document["data"]
        if document["status"] != "success" or data["resultType"] != "matrix":
            raise _wrong_shape(query)
        for series in data["result"]:
            labels = {str(name): str(text) for name, text in series["metric"].items()}
            if any(_is_own(labels, reader) for reader in readers):
                for seconds, value in series["values"]:
                    yield _Point(labels=labels, at=_moment(seconds), value=float(value))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise _wrong_shape(query) from None


def _moment(seconds: float) -> datetime:
    span = timedelta(microseconds=round(seconds * 1_000_000))
    if abs(span) > _LONGEST or not math.isfinite(seconds):
        raise ValueError
    return _EPOCH + span


def _wrong_shape(query: Query) -> UnreadableError:
    return UnreadableError(
        FailureKind.SHAPE,
        "the answer is no range of points",
        hint=f"try `query` of {query.spec.name} in Prometheus: it should give numbers over time",
    )


def _refuse_mixed(points: Sequence[_Point], query: Query) -> None:
    """Refuse several series where one is meant: none must stand for another's value."""
    told = tuple(query.spec.labels.values())
    seen: dict[tuple[str, ...], _Labels] = {}
    for point in points:
        known = seen.setdefault(tuple(point.labels.get(name, "") for name in told), point.labels)
        if known != point.labels:
            each = f"one for each {' and '.join(told)}" if told else "one"
            raise UnreadableError(
                FailureKind.SHAPE,
                f"the query gives several series where {each} is meant",
                hint=f"aggregate in `query` of {query.spec.name}, as in `sum by (...)`, or name the difference in `labels`",  # noqa: E501 - one sentence
            )


def _cell(point: _Point, column: str, query: Query) -> object:
    if column == "time":
        return point.at
    if column == "value":
        return point.value
    if column in query.spec.labels.values():
        return point.labels.get(column, "")
    raise missing_column(column, query=query, known=("time", "value", *point.labels))
