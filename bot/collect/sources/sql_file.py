"""Feeds that are one SELECT on a DuckDB or SQLite file, which is opened for reading and can reach nothing else."""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from bot.collect.cells import missing_column
from bot.collect.query import MAX_ROWS, Access, Query, Row, UnreadableError
from bot.collect.sources.file_place import place_of
from bot.collect.sources.sql_text import quoted
from bot.collect.sources.table import Database, opened_database, scan_relation, scan_relation_shared
from bot.model.series import FailureKind

_SQLITE = b"SQLite format 3\x00"
_HEADER_BYTES = 16
_LONGEST_CELL = 1_000_000
_STEPS = 20_000
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_DENIED_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


def read(query: Query, access: Access) -> list[Row]:
    """Run the feed's query; its columns are named as in `columns`."""
    place = _place(query, access)
    if is_sqlite(place):
        with _sqlite(place, access.seconds) as connection:
            return _sqlite_rows(connection, query)
    with opened_database(Database(path=place), query, seconds=access.seconds) as (connection, relation):
        return scan_relation(connection, relation, {}, query)


def read_shared(queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
    """Run the query that feeds have in common once, and give each the rows of its own `where`."""
    first = queries[0]
    place = _place(first, access)
    if is_sqlite(place):
        with _sqlite(place, access.seconds) as connection:
            yield from _sqlite_shared(connection, queries)
    else:
        with opened_database(Database(path=place), first, seconds=access.seconds) as (connection, relation):
            yield from scan_relation_shared(connection, relation, {}, queries)


def _place(query: Query, access: Access) -> Path:
    if not query.spec.query:
        raise UnreadableError(
            FailureKind.SETTINGS,
            "it has no `query`",
            hint=f"write a SELECT as `query` of {query.spec.name} in pow/settings/feeds.yml",
        )
    return place_of(query, access)


def is_sqlite(place: Path) -> bool:
    """Tell SQLite's files from all others; UnreadableError for one that cannot be read."""
    try:
        with place.open("rb") as file:
            return file.read(_HEADER_BYTES) == _SQLITE
    except OSError as error:
        raise UnreadableError(FailureKind.UNREACHABLE, f"it cannot be read ({type(error).__name__})") from None


@contextmanager
def _sqlite(place: Path, seconds: float) -> Iterator[sqlite3.Connection]:
    end = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(f"file:{quote(str(place))}?mode=ro", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
            connection.set_authorizer(_authorize)
            connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
            yield connection
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
    source = _checked(connection, query)
    cells = ", ".join(quoted(column) for column in query.columns) or "NULL"
    kept = " AND ".join(["1", *(f"{_as_text(column)} = ?" for column in query.spec.where)])
    statement = f"SELECT {cells} FROM {source} WHERE {kept} LIMIT {MAX_ROWS + 1}"  # noqa: S608 - the authorizer lets it read only
    rows: list[Row] = connection.execute(statement, tuple(query.spec.where.values())).fetchall()
    if len(rows) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"its query gives more than {MAX_ROWS:,} rows")
    return rows


def _sqlite_shared(
    connection: sqlite3.Connection, queries: Sequence[Query], most: int = MAX_ROWS
) -> Iterator[tuple[int, list[Row]]]:
    """Read once and hand the rows out by the texts of their keys; refused if they are more than fit together."""
    first = queries[0]
    source, keys = _checked(connection, first), list(first.spec.where)
    wanted: defaultdict[Row, list[int]] = defaultdict(list)
    for place, query in enumerate(queries):
        wanted[tuple(query.spec.where[key] for key in keys)].append(place)
    found: dict[Row, list[Row]] = {texts: [] for texts in wanted}
    columns = [*map(_as_text, keys), *map(quoted, first.columns)]
    kept = 0
    for row in connection.execute(f"SELECT {', '.join(columns) or 'NULL'} FROM {source}"):  # noqa: S608 - likewise
        rows = found.get(row[: len(keys)])
        if rows is not None:
            rows.append(row[len(keys) :])
            kept += 1
            if kept > most:
                raise UnreadableError(FailureKind.TOO_LARGE, f"its feeds have more than {most:,} rows together")
    yield from ((place, found[texts]) for texts, places in wanted.items() for place in places)


def _as_text(column: str) -> str:
    return f"CAST({quoted(column)} AS TEXT)"


def _checked(connection: sqlite3.Connection, query: Query) -> str:
    """Return the feed's query as a source of rows that has every column asked for."""
    source = query.spec.query.rstrip().rstrip(";")
    # The line break ends a comment that the query may end with.
    known = connection.execute(f"SELECT * FROM ({source}\n) LIMIT 0")  # noqa: S608 - the authorizer lets it read only
    names = [str(column[0]) for column in known.description]
    for column in (*query.columns, *query.spec.where):
        if column not in names:
            raise missing_column(column, query=query, known=names)
    return f"({source}\n)"


def _authorize(action: int, _first: str | None, name: str | None, *_: str | None) -> int:
    """Let a statement read this file's tables and compute, and nothing else."""
    is_denied = action == sqlite3.SQLITE_FUNCTION and name in _DENIED_FUNCTIONS
    return sqlite3.SQLITE_OK if action in _ALLOWED and not is_denied else sqlite3.SQLITE_DENY
