"""Tables in files, scanned by DuckDB: the columns and the window are pushed into the scan.

The connection may open the one file it is made for and nothing else: no network, no extension, no other path.
Values travel as parameters; a column's name enters a query only after it was found in the file itself.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from bot.collect.cells import missing_column
from bot.collect.query import MAX_ROWS, Query, Row, UnreadableError
from bot.collect.sources.sql_text import quoted
from bot.model.series import FailureKind, Window
from bot.model.settings import SourceKind

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_PLAIN_TYPES = frozenset(
    {"VARCHAR", "BOOLEAN", "DATE", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT"}
    | {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_ZONED = "TIMESTAMP WITH TIME ZONE"
_SLACK = timedelta(hours=26)
"""How much wider the scan is than the window: no zone is further from UTC, and the exact cut is made afterwards."""
_LOCKS: dict[str, threading.Lock] = {}
"""One for each database that this process reads."""
_BATCH = 10_000
"""Rows that are taken from DuckDB at once where not all are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV or Parquet file by its real path."""

    path: Path
    kind: SourceKind

    @property
    def relation(self) -> str:
        """The table function; its one parameter is `path`. CSV cells stay text: nothing about them is guessed."""
        return (
            "read_parquet($path)"
            if self.kind is SourceKind.PARQUET
            else "read_csv($path, header = true, all_varchar = true)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A DuckDB file by its real path."""

    path: Path


@contextmanager
def opened(table: Table, *, seconds: float, memory: str = "1GB", threads: int = 2) -> Iterator[Any]:
    """Yield a connection that can read this file only and is interrupted after `seconds`."""
    connection = duckdb.connect(config=_LIMITS | {"memory_limit": memory, "threads": threads})
    limits = _Limits(
        path=table.path,
        what=table.kind.upper(),
        hint="open the file and check its header and its lines",
        seconds=seconds,
        memory=memory,
    )
    with _limited(connection, limits):
        connection.execute("SET allowed_paths = [?]", [str(table.path)])
        if table.kind is SourceKind.PARQUET:
            # One statement may read a file many times over; its footer, which grows with the file, only once.
            connection.execute("SET parquet_metadata_cache = true")
        _close_off(connection)
        yield connection


@contextmanager
def opened_database(database: Database, query: Query, *, seconds: float) -> Iterator[tuple[Any, str]]:
    """Yield a connection to a DuckDB file, opened for reading, and the feed's own query as a relation."""
    limits = _Limits(
        path=database.path,
        what="a database with this `query`",
        hint="it may be one SELECT on the tables of this file, which DuckDB or SQLite wrote; try it there",
        seconds=seconds,
        memory="1GB",
    )
    with _one_by_one(limits), _limited(_connected(limits), limits) as connection:
        _close_off(connection)
        statements = connection.extract_statements(query.spec.query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UnreadableError(
                FailureKind.SETTINGS,
                "`query` is not one SELECT",
                hint=f"write a single SELECT as `query` of {query.spec.name} in pow/settings/feeds.yml",
            )
        yield connection, f"({statements[0].query.rstrip().rstrip(';')}\n)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """How long and how much a connection may take, and how its failures are told."""

    path: Path
    what: str
    hint: str
    seconds: float
    memory: str

    def refusal(self, error: Exception, *, is_late: bool = False) -> UnreadableError:
        """Say what went wrong. DuckDB's own message quotes the line it stumbled over, so only its class is shown."""
        name = self.path.name
        if is_late:
            return UnreadableError(
                FailureKind.TIMEOUT,
                f"`{name}` was not read within {self.seconds:.3g} seconds",
                hint="a large file may be given a longer `timeout`",
            )
        if isinstance(error, duckdb.OutOfMemoryException):
            return UnreadableError(FailureKind.TOO_LARGE, f"`{name}` needs more than {self.memory} of memory")
        return UnreadableError(
            FailureKind.SHAPE,
            f"`{name}` cannot be read as {self.what} ({type(error).__name__})",
            hint=self.hint,
        )


@contextmanager
def _one_by_one(limits: _Limits) -> Iterator[None]:
    """Wait until nobody else reads this database: all connections of a process to a file share their settings."""
    lock = _LOCKS.setdefault(str(limits.path), threading.Lock())
    if not lock.acquire(timeout=limits.seconds):
        raise limits.refusal(TimeoutError(), is_late=True)
    try:
        yield
    finally:
        lock.release()


def _connected(limits: _Limits) -> Any:
    config = _LIMITS | {"memory_limit": limits.memory, "threads": 2}
    try:
        return duckdb.connect(str(limits.path), read_only=True, config=config)
    except duckdb.Error as error:
        raise limits.refusal(error) from None


@contextmanager
def _limited(connection: Any, limits: _Limits) -> Iterator[Any]:
    expired = threading.Event()

    def interrupt() -> None:
        expired.set()
        connection.interrupt()

    timer = threading.Timer(limits.seconds, interrupt)
    timer.daemon = True
    try:
        connection.execute("SET TimeZone = 'UTC'")
        timer.start()
        yield connection
    except (duckdb.Error, OverflowError, ValueError) as error:
        raise limits.refusal(error, is_late=expired.is_set()) from None
    finally:
        timer.cancel()
        connection.close()


def _close_off(connection: Any) -> None:
    """Take away every way out of the file, and the way back."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def scan(table: Table, query: Query, *, seconds: float) -> list[Row]:
    """Return the asked columns of the rows within the query's window, in the file's order."""
    with opened(table, seconds=seconds) as connection:
        return scan_relation(connection, table.relation, {"path": str(table.path)}, query)


def scan_shared(
    table: Table, queries: Sequence[Query], *, seconds: float, most: int = MAX_ROWS
) -> Iterator[tuple[int, list[Row]]]:
    """Yield the place of each query with the rows that `scan` returns for it; one statement reads them all.

    The queries are of one group, see `bot.collect.shared`. A query with more than `most` rows is left out.
    """
    with opened(table, seconds=seconds) as connection:
        yield from scan_relation_shared(connection, table.relation, {"path": str(table.path)}, queries, most=most)


def scan_relation_shared(
    connection: Any,
    relation: str,
    parameters: Mapping[str, object],
    queries: Sequence[Query],
    *,
    most: int = MAX_ROWS,
) -> Iterator[tuple[int, list[Row]]]:
    """Do the same for any relation, as `scan_relation` does for one query."""
    types = types_of(connection, relation, parameters)
    _refuse_unknown(queries[0], types)
    statement, values = _shared_statement(relation, queries, types)
    result = connection.execute(statement, {**parameters, **values})
    rows: Iterable[Row] = chain.from_iterable(iter(lambda: result.fetchmany(_BATCH), []))
    empty = dict.fromkeys(range(len(queries)))
    for place, found in groupby(rows, itemgetter(0)):
        kept = [row[1:] for row in islice(found, most + 1)]
        del empty[place]
        if len(kept) <= most:
            yield place, _with_offsets(kept, queries[place], types)
    for place in empty:
        yield place, []


def _shared_statement(
    relation: str, queries: Sequence[Query], types: Mapping[str, str]
) -> tuple[str, dict[str, object]]:
    """Write the one query of a group and its parameters: rows in the file's order, one feed after the other."""
    first = queries[0]
    starts = [query.window.start for query in queries]
    widest = replace(
        first, spec=replace(first.spec, where={}), window=Window(start=min(starts), end=first.window.end)
    )
    condition, values = _condition(widest, types, relation)
    keys = list(first.spec.where)
    columns = [f"{cell_sql(column, types[column])} AS c{place}" for place, column in enumerate(first.columns)]
    columns += [f"CAST({quoted(key)} AS VARCHAR) AS k{place}" for place, key in enumerate(keys)]
    matches = [f"r.k{place} = w.k{place}" for place in range(len(keys))]
    if first.time_column:
        compared, bound = _comparable(first, types[first.time_column])
        columns.append(f"{compared} AS compared")
        matches.append(f"(r.compared IS NULL OR r.compared >= {bound('w.begins')})")
    wanted = "".join(f", unnest($key_{place}::VARCHAR[]) AS k{place}" for place in range(len(keys)))
    cells = "".join(f", r.c{place}" for place in range(len(first.columns)))
    statement = f"""
WITH wanted AS MATERIALIZED (
  SELECT unnest(range(len($begins))) AS place, unnest($begins::TIMESTAMP[]) AS begins{wanted}
), numbered AS (
  SELECT {", ".join([*columns, "row_number() OVER () AS number"])} FROM {relation} WHERE {condition}
)
SELECT w.place{cells} FROM numbered r JOIN wanted w ON {" AND ".join(matches) or "true"} ORDER BY w.place, r.number
"""  # noqa: S608 - quoted names of the file's own columns
    values["begins"] = [_naive(start - _SLACK) for start in starts]
    values |= {f"key_{place}": [query.spec.where[key] for query in queries] for place, key in enumerate(keys)}
    return statement, values


def scan_relation(connection: Any, relation: str, parameters: Mapping[str, object], query: Query) -> list[Row]:
    """Return the asked columns of a relation's rows within the query's window."""
    types = types_of(connection, relation, parameters)
    _refuse_unknown(query, types)
    condition, values = _condition(query, types, relation)
    cells = ", ".join(cell_sql(column, types[column]) for column in query.columns) or "NULL"
    statement = f"SELECT {cells} FROM {relation} WHERE {condition} LIMIT {MAX_ROWS + 1}"  # noqa: S608 - quoted names of the file's own columns
    rows: list[Row] = connection.execute(statement, {**parameters, **values}).fetchall()
    if len(rows) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"it has more than {MAX_ROWS:,} rows in the window")
    return _with_offsets(rows, query, types)


def _refuse_unknown(query: Query, types: Mapping[str, str]) -> None:
    for column in (*query.columns, *query.spec.where):
        if column not in types:
            raise missing_column(column, query=query, known=tuple(types))


def _with_offsets(rows: list[Row], query: Query, types: Mapping[str, str]) -> list[Row]:
    """Mark the times of columns that hold instants as UTC: they are not of the feed's own zone.

    DuckDB itself hands out such times only with a package that this project does not need.
    """
    zoned = [types[column] == _ZONED for column in query.columns]
    if query.spec.time_zone == "UTC" or not any(zoned):
        return rows
    return [
        tuple(
            cell.replace(tzinfo=UTC) if is_zoned and isinstance(cell, datetime) else cell
            for cell, is_zoned in zip(row, zoned, strict=True)
        )
        for row in rows
    ]


def column_types(connection: Any, table: Table) -> dict[str, str]:
    """Return the file's columns with DuckDB's names of their types."""
    return types_of(connection, table.relation, {"path": str(table.path)})


def parts_in_time(connection: Any, table: Table, column: str) -> list[tuple[datetime, datetime]]:
    """Return the first and the last moment of each part of a Parquet file, by a column of instants; or nothing."""
    if table.kind is not SourceKind.PARQUET:
        return []
    statement = """
        SELECT CAST(stats_min_value AS TIMESTAMP), CAST(stats_max_value AS TIMESTAMP) FROM parquet_metadata($path)
        WHERE path_in_schema = $column
    """
    rows = connection.execute(statement, {"path": str(table.path), "column": column}).fetchall()
    moments = [(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) for first, last in rows if first and last]
    return moments if len(moments) == len(rows) else []


def types_of(connection: Any, relation: str, parameters: Mapping[str, object]) -> dict[str, str]:
    """Return a relation's columns with DuckDB's names of their types."""
    statement = f"DESCRIBE SELECT * FROM {relation}"  # noqa: S608 - a fixed table function, or the feed's own one SELECT
    return {str(row[0]): str(row[1]) for row in connection.execute(statement, parameters).fetchall()}


def cell_sql(column: str, kind: str) -> str:
    """Write a column so that its cells arrive as plain values: times without an offset, floats, texts."""
    name = quoted(column)
    if kind == _ZONED:
        return f"{name} AT TIME ZONE 'UTC'"
    if kind.startswith("TIMESTAMP"):
        return f"CAST({name} AS TIMESTAMP)"
    if kind.startswith("DECIMAL") or kind in {"HUGEINT", "UHUGEINT"}:
        return f"CAST({name} AS DOUBLE)"
    return name if kind in _PLAIN_TYPES else f"CAST({name} AS VARCHAR)"


def _condition(query: Query, types: Mapping[str, str], relation: str) -> tuple[str, dict[str, object]]:
    """Write the row filter and its parameters; what cannot be compared here passes and is judged afterwards."""
    parts = ["true"]
    values: dict[str, object] = {}
    for number, (column, text) in enumerate(query.spec.where.items()):
        parts.append(f"CAST({quoted(column)} AS VARCHAR) = $where_{number}")
        values[f"where_{number}"] = text
    if query.time_column:
        compared, bound = _comparable(query, types[query.time_column])
        started = f"{compared} >= {bound('$since')}"
        if query.case_column:
            case = quoted(query.case_column)
            among = f"SELECT {case} FROM {relation} WHERE {started}"  # noqa: S608 - as in `scan`
            started = f"({case} IS NULL OR {case} IN ({among}))"
        parts.append(f"({compared} IS NULL OR ({started} AND {compared} < {bound('$until')}))")
        values |= {"since": _naive(query.window.start - _SLACK), "until": _naive(query.window.end + _SLACK)}
        if query.spec.time_format:
            values["form"] = query.spec.time_format
    return " AND ".join(parts), values


def _comparable(query: Query, kind: str) -> tuple[str, Callable[[str], str]]:
    """Return the time column as SQL, and how a TIMESTAMP is written beside it: bare, so that the scan can skip."""
    name = quoted(query.time_column)
    if query.spec.time_format:
        parsed = f"try_strptime(CAST({name} AS VARCHAR), $form)"
        return f"(CAST({parsed} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')", _bound_as("TIMESTAMP")
    if kind == _ZONED:
        return name, lambda moment: f"(CAST({moment} AS TIMESTAMP) AT TIME ZONE 'UTC')"
    if kind.startswith("TIMESTAMP"):
        return name, _bound_as(kind)
    return f"(TRY_CAST(CAST({name} AS VARCHAR) AS TIMESTAMPTZ) AT TIME ZONE 'UTC')", _bound_as("TIMESTAMP")


def _bound_as(kind: str) -> Callable[[str], str]:
    return lambda moment: f"CAST({moment} AS {kind})"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
