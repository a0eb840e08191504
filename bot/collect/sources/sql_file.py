"""Feeds that are one SELECT on a DuckDB or SQLite file, which is opened for reading and can reach nothing else."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.collect.cells import missing_column
from bot.collect.query import MAX_ROWS, Access, Query, Row, UnreadableError
from bot.collect.sources.file_place import place_of
from bot.collect.sources.sql_text import quoted
from bot.collect.sources.table import Database, opened_database, scan_relation
from bot.model.series import FailureKind

_SQLITE = b"SQLite format 3\x00"
_HEADER_BYTES = 16
_LONGEST_CELL = 1_000_000
_STEPS = 20_000
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_DENIED_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


def read(query: Query, access: Access) -> list[Row]:
    """Run the feed's query; its columns are named as in `columns`."""
    if not query.spec.query:
        raise UnreadableError(
            FailureKind.SETTINGS,
            "it has no `query`",
            hint=f"write a SELECT as `query` of {query.spec.name} in pow/settings/feeds.yml",
        )
    place = place_of(query, access)
    try:
        with place.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise UnreadableError(FailureKind.UNREACHABLE, f"it cannot be read ({type(error).__name__})") from None
    if header == _SQLITE:
        return _read_sqlite(place, query, access.seconds)
    with opened_database(Database(path=place), query, seconds=access.seconds) as (connection, relation):
        return scan_relation(connection, relation, {}, query)


def _read_sqlite(place: Path, query: Query, seconds: float) -> list[Row]:
    end = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(f"file:{quote(str(place))}?mode=ro", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
            connection.set_authorizer(_authorize)
            connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
            return _sqlite_rows(connection, query)
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        if time.monotonic() > end:
            raise UnreadableError(
                FailureKind.TIMEOUT,
                f"`{place.name}` did not answer within {seconds:.3g} seconds",
                hint="a slow query may be given a longer `timeout`",
            ) from None
        raise UnreadableError(
            FailureKind.SHAPE,
            f"`query` cannot be run on `{place.name}` ({type(error).__name__})",
            hint="it may be one SELECT on the tables of this file; try it there",
        ) from None


def _sqlite_rows(connection: sqlite3.Connection, query: Query) -> list[Row]:
    source = query.spec.query.rstrip().rstrip(";")
    # The line break ends a comment that the query may end with.
    known = connection.execute(f"SELECT * FROM ({source}\n) LIMIT 0")  # noqa: S608 - the authorizer lets it read only
    names = [str(column[0]) for column in known.description]
    for column in (*query.columns, *query.spec.where):
        if column not in names:
            raise missing_column(column, query=query, known=names)
    cells = ", ".join(quoted(column) for column in query.columns) or "NULL"
    kept = " AND ".join(["1", *(f"CAST({quoted(column)} AS TEXT) = ?" for column in query.spec.where)])
    statement = f"SELECT {cells} FROM ({source}\n) WHERE {kept} LIMIT {MAX_ROWS + 1}"  # noqa: S608 - likewise
    rows: list[Row] = connection.execute(statement, tuple(query.spec.where.values())).fetchall()
    if len(rows) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"its query gives more than {MAX_ROWS:,} rows")
    return rows


def _authorize(action: int, _first: str | None, name: str | None, *_: str | None) -> int:
    """Let a statement read this file's tables and compute, and nothing else."""
    is_denied = action == sqlite3.SQLITE_FUNCTION and name in _DENIED_FUNCTIONS
    return sqlite3.SQLITE_OK if action in _ALLOWED and not is_denied else sqlite3.SQLITE_DENY
