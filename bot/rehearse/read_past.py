"""Which part of which feeds a backtest reads, through a collector; it knows no file and no server.

A folder of files may stand in for the sources: `<feed>.csv`, `.parquet` or `.json` with the columns at, value, of for
a ratio, and the feed's labels by their names.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.collect.gather import Collector
from bot.model.errors import BotError
from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Series, SeriesKind, Window
from bot.model.settings import Columns, FeedSpec, Settings, SourceKind
from bot.recipes.library import CompiledRecipe
from bot.rehearse.backtest import History, feeds_of, lookback_of

LONGEST = timedelta(days=365)
"""How far back is looked where nobody says."""
_PATIENCE = timedelta(seconds=60)
_LARGEST = 1024 * 1024 * 1024
_ALL_TIME = Window(start=datetime(1970, 1, 2, tzinfo=UTC), end=datetime(2200, 1, 1, tzinfo=UTC))
_MOMENT = timedelta(microseconds=1)
_KINDS = {"csv": SourceKind.CSV, "parquet": SourceKind.PARQUET, "json": SourceKind.JSON_FILE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The span that is asked for, where it is, and the names of the files that stand in for the sources, if any."""

    since: datetime | None
    until: datetime | None
    now: datetime
    files: AbstractSet[str] | None = None


def read_past(recipes: Sequence[CompiledRecipe], settings: Settings, collector: Collector, asked: Asked) -> History:
    """Read all that some recipes need, each feed once; BotError where the span that is asked for holds no time."""
    names = tuple(dict.fromkeys(feed for recipe in recipes for feed in feeds_of(recipe)))
    lookback = max(lookback_of(recipe, settings.policy.rollback) for recipe in recipes)
    specs = [spec for name in names for spec in settings.feeds if spec.name == name]
    if asked.files is not None:
        return _from_files(specs, asked.files, collector, asked)
    span = _span_of(specs, asked)
    readings = {spec.name: _read(_patient(spec), span, lookback, collector, asked.now) for spec in specs}
    return History(readings=readings, span=span)


def _span_of(specs: Sequence[FeedSpec], asked: Asked) -> Window:
    """Return what is asked for, or a year, or as much as the sources keep."""
    until = asked.until or asked.now
    kept = min((spec.keeps for spec in specs if spec.keeps is not None), default=LONGEST)
    return _window(asked.since or until - min(LONGEST, kept), until)


def _window(start: datetime, end: datetime) -> Window:
    if start >= end:
        hint = "give --since a time before --until"
        raise BotError(f"there is no time between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M}", hint=hint)
    return Window(start=start, end=end)


def _patient(spec: FeedSpec) -> FeedSpec:
    """Give a long history more time and room than a look back over an hour."""
    return replace(spec, timeout=max(spec.timeout, _PATIENCE), max_bytes=max(spec.max_bytes, _LARGEST))


def _read(spec: FeedSpec, span: Window, lookback: timedelta, collector: Collector, now: datetime) -> Reading:
    start = span.start - lookback
    if spec.keeps is not None:
        start = max(start, now - spec.keeps)
    return collector.series(spec, Window(start=min(start, span.end - _MOMENT), end=span.end))


def _from_files(specs: Sequence[FeedSpec], files: AbstractSet[str], collector: Collector, asked: Asked) -> History:
    """Read the files whole: what they hold says which span can be replayed."""
    readings = {spec.name: _of_file(spec, files, collector) for spec in specs}
    times = [
        moment
        for reading in readings.values()
        if isinstance(reading, Series) and reading.samples
        for moment in (reading.samples[0].at, reading.samples[-1].at + _MOMENT)
    ]
    until = asked.until or max(times, default=asked.now)
    since = asked.since or max(until - LONGEST, min(times, default=until - LONGEST))
    return History(readings=readings, span=_window(since, until))


def _of_file(spec: FeedSpec, files: AbstractSet[str], collector: Collector) -> Reading:
    """Read a feed's file; what helps where that fails is said of the file, not of the feed's settings."""
    ending = next((ending for ending in _KINDS if f"{spec.name}.{ending}" in files), None)
    columns = ["at", "value", *(["of"] if spec.kind is SeriesKind.RATIO else []), *spec.labels]
    if ending is None:
        message = f"there is no file {spec.name}.csv, .parquet or .json"
        hint = f"write one with the columns {', '.join(columns)} into the folder that --data names"
        return FeedFailure(feed=spec.name, kind=FailureKind.UNREACHABLE, message=message, hint=hint)
    reading = collector.series(_as_file(spec, ending), _ALL_TIME)
    if isinstance(reading, FeedFailure) and "feeds.yml" in reading.hint:
        return replace(reading, hint=f"{spec.name}.{ending} needs the columns {', '.join(columns)}")
    return reading


def _as_file(spec: FeedSpec, ending: str) -> FeedSpec:
    of = "of" if spec.kind is SeriesKind.RATIO else ""
    return replace(
        _patient(spec),
        source=_KINDS[ending],
        endpoint="",
        path=f"{spec.name}.{ending}",
        columns=Columns(at="at", value="value", of=of),
        rows="",
        time_format="",
        time_zone="UTC",
        where={},
        hand_over=None,
        query="",
        labels={label: label for label in spec.labels},
    )


def unread(history: History) -> tuple[FeedName, ...]:
    """Name the feeds that gave nothing."""
    return tuple(name for name, reading in history.readings.items() if not isinstance(reading, Series))
