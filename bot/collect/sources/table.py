"""Tables in files, scanned by DuckDB: the columns and the window are pushed into the scan.

The connection may open the one file it is made for and nothing else: no network, no extension, no other path.
Values travel as parameters; a column's name enters a query only after it was found in the file itself.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bot.collect.cells import missing_column
from bot.collect.query import MAX_ROWS, Query, Row, UnreadableError
from bot.model.series import FailureKind
from bot.model.settings import SourceKind

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
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


@contextmanager
def opened(table: Table, *, seconds: float, memory: str = "1GB") -> Iterator[Any]:
    """Yield a connection that can read this file only and is interrupted after `seconds`."""
    connection = duckdb.connect(config=_LIMITS | {"memory_limit": memory})
    expired = threading.Event()

    def interrupt() -> None:
        expired.set()
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_paths = [?]", [str(table.path)])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        timer.start()
        yield connection
    except (duckdb.Error, OverflowError, ValueError) as error:
        if expired.is_set():
            raise UnreadableError(
                FailureKind.TIMEOUT,
                f"`{table.path.name}` was not read within {seconds:.3g} seconds",
                hint="a large file may be given a longer `timeout`",
            ) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise UnreadableError(
                FailureKind.TOO_LARGE, f"`{table.path.name}` needs more than {memory} of memory"
            ) from None
        # DuckDB's own message quotes the line that it stumbled over, so only its class is shown.
        raise UnreadableError(
            FailureKind.SHAPE,
            f"`{table.path.name}` cannot be read as {table.kind.upper()} ({type(error).__name__})",
            hint="open the file and check its header and its lines",
        ) from None
    finally:
        timer.cancel()
        connection.close()


def scan(table: Table, query: Query, *, seconds: float) -> list[Row]:
    """Return the asked columns of the rows within the query's window, in the file's order."""
    with opened(table, seconds=seconds) as connection:
        types = column_types(connection, table)
        for column in (*query.columns, *query.spec.where):
            if column not in types:
                raise missing_column(column, query=query, known=tuple(types))
        condition, values = _condition(query, types, table.relation)
        cells = ", ".join(cell_sql(column, types[column]) for column in query.columns) or "NULL"
        statement = f"SELECT {cells} FROM {table.relation} WHERE {condition} LIMIT {MAX_ROWS + 1}"  # noqa: S608 - quoted names of the file's own columns
        rows: list[Row] = connection.execute(statement, {"path": str(table.path), **values}).fetchall()
    if len(rows) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"it has more than {MAX_ROWS:,} rows in the window")
    return rows


def column_types(connection: Any, table: Table) -> dict[str, str]:
    """Return the file's columns with DuckDB's names of their types."""
    statement = f"DESCRIBE SELECT * FROM {table.relation}"  # noqa: S608 - one of two fixed table functions
    return {str(row[0]): str(row[1]) for row in connection.execute(statement, {"path": str(table.path)}).fetchall()}


def quoted(column: str) -> str:
    """Write a column's name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def cell_sql(column: str, kind: str) -> str:
    """Write a column so that its cells arrive as plain values: naive UTC times, floats, texts."""
    name = quoted(column)
    if kind == _ZONED:
        return f"{name} AT TIME ZONE 'UTC'"
    if kind.startswith("TIMESTAMP"):
        return f"CAST({name} AS TIMESTAMP)"
    if kind.startswith("DECIMAL") or kind in {"HUGEINT", "UHUGEINT"}:
        return f"CAST({name} AS DOUBLE)"
    return name if kind in _PLAIN_TYPES else f"CAST({name} AS VARCHAR)"


def _condition(query: Query, types: dict[str, str], relation: str) -> tuple[str, dict[str, object]]:
    """Write the row filter and its parameters; what cannot be compared here passes and is judged afterwards."""
    parts = ["true"]
    values: dict[str, object] = {}
    for number, (column, text) in enumerate(query.spec.where.items()):
        parts.append(f"CAST({quoted(column)} AS VARCHAR) = $where_{number}")
        values[f"where_{number}"] = text
    if query.time_column:
        compared, bound = _comparable(query, types[query.time_column])
        started = f"{compared} >= {bound('since')}"
        if query.case_column:
            case = quoted(query.case_column)
            among = f"SELECT {case} FROM {relation} WHERE {started}"  # noqa: S608 - as in `scan`
            started = f"({case} IS NULL OR {case} IN ({among}))"
        parts.append(f"({compared} IS NULL OR ({started} AND {compared} < {bound('until')}))")
        values |= {"since": _naive(query.window.start - _SLACK), "until": _naive(query.window.end + _SLACK)}
        if query.spec.time_format:
            values["form"] = query.spec.time_format
    return " AND ".join(parts), values


def _comparable(query: Query, kind: str) -> tuple[str, Callable[[str], str]]:
    """Return the time column as SQL, and how a parameter is written beside it: bare, so that the scan can skip."""
    name = quoted(query.time_column)
    if query.spec.time_format:
        parsed = f"try_strptime(CAST({name} AS VARCHAR), $form)"
        return f"(CAST({parsed} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')", _bound_as("TIMESTAMP")
    if kind == _ZONED:
        return name, lambda parameter: f"(CAST(${parameter} AS TIMESTAMP) AT TIME ZONE 'UTC')"
    if kind.startswith("TIMESTAMP"):
        return name, _bound_as(kind)
    return f"(TRY_CAST(CAST({name} AS VARCHAR) AS TIMESTAMPTZ) AT TIME ZONE 'UTC')", _bound_as("TIMESTAMP")


def _bound_as(kind: str) -> Callable[[str], str]:
    return lambda parameter: f"CAST(${parameter} AS {kind})"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
