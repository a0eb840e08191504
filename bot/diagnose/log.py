"""Any event log in a file, ranked: Parquet and CSV in one DuckDB query over the file, XES through its own reader.

Column names that are not given are guessed from the names that process mining tools write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.collect.passages import Basis
from bot.collect.query import UnreadableError
from bot.collect.sources.sql_text import quoted
from bot.collect.sources.table import Table, column_types, opened
from bot.diagnose.process import PairWaits, hand_overs_of, rank
from bot.diagnose.xes import read_xes
from bot.model.errors import BotError
from bot.model.finding import Ranking
from bot.model.names import FeedName
from bot.model.settings import Columns, SourceKind

_GUESSES: Mapping[str, tuple[str, ...]] = {
    "case": ("case:concept:name", "case_id", "caseid", "case id", "case"),
    "activity": ("concept:name", "activity", "task", "event"),
    "end": ("time:timestamp", "end_timestamp", "complete_timestamp", "complete timestamp", "timestamp", "end", "at"),
    "start": ("start_timestamp", "start timestamp", "start"),
    "resource": ("org:resource", "resource"),
}
_TRANSITION = "lifecycle:transition"
_SECONDS = 300.0
_MEMORY = "4GB"
"""Ten million events need about a third of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How a log is to be read: given columns win over guesses, `time_zone` holds for times without an offset.

    `basis` left out: IDLE if the log has a start column, else COMPLETION.
    """

    columns: Columns = field(default_factory=Columns)
    basis: Basis | None = None
    time_zone: str = "UTC"
    max_bytes: int = 4 * 1024**3


def rank_file(path: Path, options: LogOptions | None = None) -> Ranking:
    """Rank the hand-overs of a log file; BotError with what is wrong and what would help."""
    settings = options or LogOptions()
    if not path.is_file():
        raise BotError(f"there is no file {path}", hint="give a .parquet, .csv, .xes or .xes.gz file")
    name = path.name.lower()
    if name.endswith((".xes", ".xes.gz")):
        return rank(read_xes(path, max_bytes=settings.max_bytes), basis=settings.basis)
    kind = {".parquet": SourceKind.PARQUET, ".csv": SourceKind.CSV}.get(path.suffix.lower())
    if kind is None:
        raise BotError(
            f"{path.name} is no event log that can be read", hint="give a .parquet, .csv, .xes or .xes.gz file"
        )
    try:
        return _rank_table(Table(path=path.resolve(), kind=kind), settings)
    except UnreadableError as error:
        raise BotError(error.message, hint=error.hint) from None


def guess_columns(known: Mapping[str, object], given: Columns) -> Columns:
    """Fill in the columns that were not given by the names that are there, whatever their case."""
    folded = {name.casefold(): name for name in known}
    guessed = {
        role: next((folded[name] for name in names if name in folded), "")
        for role, names in _GUESSES.items()
        if not getattr(given, role)
    }
    return replace(given, **guessed)


def _rank_table(table: Table, options: LogOptions) -> Ranking:
    _check_zone(options.time_zone)
    with opened(table, seconds=_SECONDS, memory=_MEMORY) as connection:
        types = column_types(connection, table)
        columns = guess_columns(types, options.columns)
        _check_columns(table, columns, types)
        basis = options.basis or (Basis.IDLE if columns.start else Basis.COMPLETION)
        statement = _statement(table, columns, types, basis)
        values = {"path": str(table.path)} | ({"zone": options.time_zone} if "$zone" in statement else {})
        rows = connection.execute(statement, values).fetchall()
    return _ranking(table, columns, rows)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name != "UTC":
            raise BotError(f"there is no time zone {name}", hint="write a name such as Europe/Amsterdam") from None


def _check_columns(table: Table, columns: Columns, types: Mapping[str, str]) -> None:
    there = ", ".join(sorted(types)[:20])
    for role in ("case", "activity", "end", "start", "resource"):
        name = getattr(columns, role)
        if (name and name not in types) or (not name and role in {"case", "activity", "end"}):
            missing = f"no column `{name}`" if name else f"no column that looks like the {role}"
            raise BotError(f"{table.path.name} has {missing}; it has: {there}", hint=f"name it with --{role} COLUMN")


def _statement(table: Table, columns: Columns, types: Mapping[str, str], basis: Basis) -> str:
    """Write the one query: events in the order of each case, the waits between neighbours, and their statistics.

    The first row is about the whole log: cases, events, activities and unreadable times in the number columns.
    """
    start = _moment(columns.start, types) if columns.start and basis is Basis.IDLE else "NULL"
    waiting = "greatest(0, began - previous)" if start != "NULL" else "done - previous"
    complete = f"lower({quoted(_TRANSITION)}) = 'complete'" if _TRANSITION in types else "true"
    activity = f"CAST({quoted(columns.activity)} AS VARCHAR)"
    return f"""
WITH events AS MATERIALIZED (
    SELECT CAST({quoted(columns.case)} AS VARCHAR) AS instance, {activity} AS activity,
        {_moment(columns.end, types)} AS done, {start} AS began, row_number() OVER () AS place,
        {quoted(columns.end)} IS NOT NULL AS has_time
    FROM {table.relation} WHERE {complete}
), usable AS MATERIALIZED (
    SELECT * FROM events WHERE instance IS NOT NULL AND activity IS NOT NULL AND done IS NOT NULL
), steps AS (
    SELECT lag(activity) OVER ordered AS source, activity AS target,
        done, began, lag(done) OVER ordered AS previous
    FROM usable WINDOW ordered AS (PARTITION BY instance ORDER BY done, place)
), waits AS (
    SELECT source, target, {waiting} AS wait FROM steps WHERE previous IS NOT NULL
)
SELECT NULL, NULL, (SELECT count(DISTINCT instance) FROM usable), (SELECT count(*) FROM usable),
    (SELECT count(DISTINCT activity) FROM usable), (SELECT count(*) FROM events WHERE has_time AND done IS NULL)
UNION ALL
SELECT source, target, count(*), sum(wait), quantile_cont(wait, 0.5), quantile_cont(wait, 0.95)
FROM waits GROUP BY source, target
"""  # noqa: S608 - quoted names of the file's own columns; the path and the zone are parameters


def _moment(column: str, types: Mapping[str, str]) -> str:
    """Write a time column as microseconds since 1970; a time without an offset is of the zone."""
    name, kind = quoted(column), types[column]
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({name})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"epoch_us(CAST({name} AS TIMESTAMP) AT TIME ZONE $zone)"
    text = f"CAST({name} AS VARCHAR)"
    naive = f"(TRY_CAST({text} AS TIMESTAMP) AT TIME ZONE $zone)"
    has_offset = f"regexp_matches({text}, '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') AND contains({text}, ':')"
    return f"epoch_us(CASE WHEN {has_offset} THEN TRY_CAST({text} AS TIMESTAMPTZ) ELSE {naive} END)"


def _ranking(table: Table, columns: Columns, rows: list[tuple[Any, ...]]) -> Ranking:
    whole = next(row for row in rows if row[0] is None)
    cases, events, activities, unreadable = (int(number) for number in whole[2:])
    if unreadable:
        raise BotError(
            f"{table.path.name}: {unreadable:,} of its times in `{columns.end}` cannot be read",
            hint="times are ISO 8601, such as 2026-01-05T08:00:00+01:00",
        )
    pairs = [
        PairWaits(source=row[0], target=row[1], passages=row[2], total=int(row[3]), median=row[4], p95=row[5])
        for row in rows
        if row[0] is not None
    ]
    hand_overs = hand_overs_of(pairs)
    return Ranking(
        feed=FeedName(table.path.stem),
        cases=cases,
        events=events,
        activities=activities,
        hand_overs=hand_overs,
        total=sum(pair.total for pair in pairs) / 1_000_000,
        window=None,
    )
