"""A feed in a table as SQL that reads its rows exactly as `cells` and `samples` do, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from bot.collect.query import Query
from bot.collect.sources.sql_text import quoted
from bot.model.series import Window
from bot.model.settings import FeedShape, FeedSpec, SourceKind
from bot.rules.scan_sql import Layout

TABLES = frozenset({SourceKind.CSV, SourceKind.PARQUET})
"""The sources whose rows DuckDB reads by itself."""

_NUMBERS = frozenset(
    {"DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
    | {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
_TEXT = "VARCHAR"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_NUMBER_TEXT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?([nN][aA][nN]|[iI][nN][fF])"
_OFFSET = r"Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY_TEXT = r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK_TEXT = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{3}([0-9]{3})?)?)?"
_NAIVE_TEXT = f"{_DAY_TEXT}({_CLOCK_TEXT})?"
_ZONED_TEXT = f"{_DAY_TEXT}{_CLOCK_TEXT}({_OFFSET})"
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What feeds have in common that one scan can read: they differ in the texts of their `where` only."""

    path: str
    size: int
    source: SourceKind
    at: str
    value: str
    of: str
    keys: tuple[str, ...]
    zone: str


def is_table(spec: FeedSpec) -> bool:
    """Tell whether a scan can read a feed's rows; those of all others only the collector can."""
    columns = spec.columns
    is_plain = spec.source in TABLES and spec.shape is FeedShape.METRIC and not (spec.time_format or spec.labels)
    is_counted = not columns.value and not (columns.start and columns.end) and not columns.of
    return is_plain and not spec.hand_over and bool(columns.value or is_counted)


def family_of(spec: FeedSpec, path: Path, size: int = 0) -> Family:
    """Return the family of a feed that is a table; `path` is where it really is, `size` its bytes."""
    columns = spec.columns
    return Family(
        path=str(path),
        size=size,
        source=spec.source,
        at=columns.at,
        value=columns.value,
        of=columns.of,
        keys=tuple(sorted(spec.where)),
        zone=spec.time_zone,
    )


def layout_of(family: Family, types: Mapping[str, str], *, relation: str, query: Query) -> Layout | None:
    """Write a family's columns as SQL; None if one is missing, or of a type that the collector must judge.

    `query` is any member's, over the time that is scanned.
    """
    at = _time(family.at, types, query)
    value = ("1.0", "") if not family.value else _number(family.value, types)
    of = ("", "") if not family.of else _number(family.of, types)
    if at is None or value is None or of is None or not types.keys() >= {*family.keys}:
        return None
    odd = " OR ".join(part[1] for part in (at, value, of) if part[1])
    return Layout(
        relation=relation,
        keys=tuple(quoted(key) for key in family.keys),
        at=at[0],
        value=value[0],
        of=of[0],
        odd=f"({odd})" if odd else "",
        instant=quoted(family.at) if _is_instant(family, types, query) else "",
        is_zoned=types.get(family.at) == _ZONED,
        parameters={"path": family.path},
    )


def _is_instant(family: Family, types: Mapping[str, str], query: Query) -> bool:
    kind = types.get(family.at)
    return kind == _ZONED or (kind == "TIMESTAMP" and query.zone is UTC)


def _number(column: str, types: Mapping[str, str]) -> tuple[str, str] | None:
    """Return a column as a DOUBLE, and when it is odd."""
    kind, name = types.get(column, ""), quoted(column)
    if kind == _TEXT:
        fits = f"regexp_full_match({name}, '{_NUMBER_TEXT}')"
        return f"CASE WHEN {fits} THEN TRY_CAST({name} AS DOUBLE) END", f"({name} IS NOT NULL AND NOT {fits})"
    if kind == "DOUBLE":
        return name, ""
    return (f"CAST({name} AS DOUBLE)", "") if kind in _NUMBERS or kind.startswith("DECIMAL") else None


def _time(column: str, types: Mapping[str, str], query: Query) -> tuple[str, str] | None:
    """Return a column as a TIMESTAMP in UTC, and when it is odd; rows without a time belong to the last moment."""
    if not column:
        return f"{_stamp(query.window.end - timedelta(microseconds=1))}", ""
    kind, name, zone = types.get(column, ""), quoted(column), query.zone
    if kind == _TEXT:
        is_zoned, is_naive = (f"regexp_full_match({name}, '{text}')" for text in (_ZONED_TEXT, _NAIVE_TEXT))
        zoned = f"TRY_CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        plain = _in_utc(f"TRY_CAST({name} AS TIMESTAMP)", zone, query.window)
        at = f"CASE WHEN {is_zoned} THEN {zoned} WHEN {is_naive} THEN {plain} END"
        return at, f"({name} IS NOT NULL AND ({at}) IS NULL)"
    if kind == _ZONED:
        return f"{name} AT TIME ZONE 'UTC'", ""
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        naive = name if kind == "TIMESTAMP" else f"CAST({name} AS TIMESTAMP)"
        return _in_utc(naive, zone, query.window), ""
    return None


def _in_utc(naive: str, zone: tzinfo, window: Window) -> str:
    """Write a local time as UTC. SQL's own zones take the second of two equal local times, Python's the first."""
    if zone is UTC:
        return naive
    first, *later = zone_steps(zone, window)
    whens = [
        f"WHEN {naive} < {_stamp(begins)} THEN {naive} - {_interval(before)}"
        for (_, before), (begins, _) in zip([first, *later], later, strict=False)
    ]
    last = f"{naive} - {_interval([first, *later][-1][1])}"
    return f"CASE {' '.join(whens)} ELSE {last} END" if whens else last


def zone_steps(zone: tzinfo, window: Window) -> list[tuple[datetime, timedelta]]:
    """Return the local times, without an offset, from which each of a zone's offsets holds around a window."""
    moment = (window.start - _MARGIN).astimezone(UTC).replace(tzinfo=None)
    end = (window.end + _MARGIN).astimezone(UTC).replace(tzinfo=None)
    steps = [(moment, _offset(zone, moment))]
    while moment < end:
        following = moment + timedelta(hours=1)
        if _offset(zone, following) != steps[-1][1]:
            begins = _first_change(zone, moment, following)
            steps.append((begins, _offset(zone, begins)))
        moment = following
    return steps


def _first_change(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """Find the first microsecond of the offset that holds at `high`; no zone changes twice within an hour."""
    before = _offset(zone, low)
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: tzinfo, local: datetime) -> timedelta:
    return local.replace(tzinfo=zone).utcoffset() or timedelta(0)


def _stamp(moment: datetime) -> str:
    naive: Any = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{naive.isoformat(sep=' ')}'"


def _interval(offset: timedelta) -> str:
    return f"to_microseconds({offset // timedelta(microseconds=1)})"
