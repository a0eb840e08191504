"""Rows of a metric feed to a Series: which columns are asked for, and what a row is worth. Pure."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.collect.cells import number_of, text_of, time_of
from bot.collect.events import log_of, log_query
from bot.collect.passages import basis_of, passages_of
from bot.collect.query import Query, Row, UnreadableError
from bot.collect.spans import MICROSECOND, in_unit
from bot.model.series import FailureKind, Sample, Series, Window
from bot.model.settings import FeedSpec
from bot.model.unit import COUNT, TIME, Dimension

MAX_LABEL = 100
"""Characters of a label's value that are kept."""

_Reading = tuple[datetime | None, float | None, float | None, tuple[str, ...], bool]
"""A moment, a value, what it is divided by, the labels' values (empty for none), and whether the case is over."""


def metric_query(spec: FeedSpec, window: Window) -> Query:
    """Say what a metric feed must be asked for; UnreadableError where its settings name no value.

    A hand-over's first half may lie before the window, so its log is read from one `history` earlier on.
    """
    columns = spec.columns
    wanted: tuple[str, ...] = ()
    if spec.hand_over is not None:
        _refuse_unless(TIME, spec, "its value is a span of time")
        return log_query(spec, Window(start=window.start - spec.history, end=window.end))
    if columns.value:
        wanted, time_column = (columns.value, columns.of), columns.at
    elif columns.start and columns.end:
        _refuse_unless(TIME, spec, "its value is a span of time")
        dated = columns.start if spec.open_cases else columns.end
        wanted, time_column = (columns.start, columns.end), columns.at or dated
    else:
        _refuse_unless(COUNT, spec, "its columns name no value, so that each row counts as one")
        time_column = columns.at
    unique = tuple(dict.fromkeys(name for name in (time_column, *wanted, *spec.labels.values()) if name))
    return Query(spec=spec, columns=unique, time_column=time_column, window=window)


def _refuse_unless(dimension: Dimension, spec: FeedSpec, why: str) -> None:
    if spec.unit.dimension != dimension:
        raise UnreadableError(
            FailureKind.SETTINGS,
            f"{why}, but its unit is {spec.unit.name}",
            hint=f"check `unit` and `columns` of {spec.name} in pow/settings/feeds.yml",
        )


def series_of(rows: Iterable[Row], query: Query, window: Window) -> Series:
    """Turn rows into the series of `window`, in order of time.

    A row without a time column belongs to the last moment of the window. Rows outside the window are left out;
    rows inside it (or without a time) that hold no usable number, or no value for a label, are counted as dropped.
    """
    spec = query.spec
    readings = _hand_over_readings(rows, query) if spec.hand_over else _plain_readings(rows, query, window)
    samples: list[Sample] = []
    dropped = 0
    for at, value, of, labels, ended in readings:
        if at is not None and not window.holds(at):
            continue
        if at is None or value is None or of is None or "" in labels or not _in_range(value, of, spec):
            dropped += 1
        else:
            samples.append(Sample(at=at, value=value, of=of, labels=labels, ended=ended))
    samples.sort(key=lambda sample: (sample.at, sample.value, sample.of, sample.labels, sample.ended))
    return Series(
        feed=spec.name,
        unit=spec.unit,
        kind=spec.kind,
        window=spec.window,
        span=window,
        samples=tuple(samples),
        dropped=dropped,
        labels=tuple(spec.labels),
        counts_people=spec.people,
    )


def _in_range(value: float, of: float, spec: FeedSpec) -> bool:
    """Tell whether a reading can be: within the feed's range (a ratio's quotient), and no negative denominator."""
    if of < 0 or (of == 0 and value != 0):
        return False
    quotient = value / of if of else 0.0
    low = -math.inf if spec.min_value is None else spec.min_value
    high = math.inf if spec.max_value is None else spec.max_value
    return of == 0 or low <= quotient <= high


def _plain_readings(rows: Iterable[Row], query: Query, window: Window) -> Iterator[_Reading]:
    columns = query.spec.columns
    place = {column: index for index, column in enumerate(query.columns)}
    label_places = [place[column] for column in query.spec.labels.values()]
    for row in rows:
        at: datetime | None = window.end - MICROSECOND
        if query.time_column:
            at = time_of(row[place[query.time_column]], query=query, column=query.time_column)
        value: float | None = 1.0
        of: float | None = 1.0
        ended = True
        if columns.value:
            value = number_of(row[place[columns.value]], query=query, column=columns.value)
            of = number_of(row[place[columns.of]], query=query, column=columns.of) if columns.of else 1.0
        elif columns.start and columns.end:
            start = time_of(row[place[columns.start]], query=query, column=columns.start)
            end = time_of(row[place[columns.end]], query=query, column=columns.end)
            ended = end is not None or not query.spec.open_cases
            value = _duration(start, end if ended else window.end, query)
        yield at, value, of, tuple([_label(row[index]) for index in label_places]) if label_places else (), ended


def _label(cell: object) -> str:
    return text_of(cell).strip()[:MAX_LABEL]


def _duration(start: datetime | None, end: datetime | None, query: Query) -> float | None:
    """Return the span from start to end in the feed's unit; None where one is missing or the end comes first."""
    if start is None or end is None or end < start:
        return None
    return in_unit(end - start, query.spec.unit)


def _hand_over_readings(rows: Iterable[Row], query: Query) -> Iterator[_Reading]:
    log = log_of(rows, query)
    for passage in passages_of(log, basis=basis_of(log)):
        if (passage.source.activity, passage.target.activity) == query.spec.hand_over:
            waiting = passage.waiting * MICROSECOND
            yield passage.at, in_unit(waiting, query.spec.unit), 1.0, (), True
