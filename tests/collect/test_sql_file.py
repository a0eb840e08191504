"""Feeds that are one SELECT on a DuckDB or SQLite file: the same rows from both, and no way out of the file."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from collect.feeds import WEEK, a_collector, a_file

from bot.collect.query import Access, Query, Row, UnreadableError
from bot.collect.registry import SOURCES, Registry
from bot.collect.samples import metric_query
from bot.collect.sources.sql_file import _sqlite_shared, read_shared
from bot.collect.sources.table import Database, opened_database, types_of
from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Series, SeriesKind, Window
from bot.model.settings import Columns, SourceKind
from bot.model.unit import PLAIN_RATIO

TABLE = "CREATE TABLE cases (closed TIMESTAMP, days DOUBLE, cases INTEGER, office VARCHAR)"
ROWS = [
    ("2026-01-05 08:00:00", 23.5, 2, "north"),
    ("2026-01-06 09:00:00", 21.0, 4, "south"),
    ("2026-01-07 10:00:00", None, 1, "north"),
    ("2025-01-01 00:00:00", 1.0, 1, "north"),
]
QUERY = "SELECT closed AS at, days * 2 AS doubled, cases, office FROM cases"
BOTH = pytest.mark.parametrize("engine", ["duckdb", "sqlite"])


def database(root: Path, engine: str) -> None:
    if engine == "duckdb":
        with duckdb.connect(str(root / "cases.db")) as connection:
            connection.execute(TABLE)
            connection.executemany("INSERT INTO cases VALUES (?, ?, ?, ?)", ROWS)
    else:
        with closing(sqlite3.connect(root / "cases.db")) as connection, connection:
            connection.execute(TABLE)
            connection.executemany("INSERT INTO cases VALUES (?, ?, ?, ?)", ROWS)


def read(root: Path, **changes: Any) -> Reading:
    settings = {"columns": Columns(at="at", value="doubled"), "query": QUERY}
    with a_collector(root) as collector:
        return collector.series(a_file(SourceKind.SQL, "cases.db", **(settings | changes)), WEEK)


def the_failure(reading: Reading) -> FeedFailure:
    assert isinstance(reading, FeedFailure), reading
    return reading


@BOTH
def test_a_query_gives_the_samples_of_the_window(tmp_path: Path, engine):
    database(tmp_path, engine)
    reading = read(tmp_path)
    assert isinstance(reading, Series), reading
    assert [(sample.at.isoformat(), sample.value) for sample in reading.samples] == [
        ("2026-01-05T08:00:00+00:00", 47.0),
        ("2026-01-06T09:00:00+00:00", 42.0),
    ]
    assert reading.dropped == 1


@BOTH
def test_rows_are_kept_labelled_and_divided_as_in_every_table(tmp_path: Path, engine):
    database(tmp_path, engine)
    reading = read(
        tmp_path,
        columns=Columns(at="at", value="doubled", of="cases"),
        unit=PLAIN_RATIO,
        kind=SeriesKind.RATIO,
        where={"office": "south"},
        labels={"office": "office"},
        query=f"{QUERY} -- all of them;",
    )
    assert isinstance(reading, Series), reading
    assert [(sample.value, sample.of, sample.labels) for sample in reading.samples] == [(42.0, 4.0, ("south",))]


@BOTH
@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT 1; SELECT 2",
        "DROP TABLE cases",
        "INSERT INTO cases VALUES ('2026-01-05', 1, 1, 'x')",
        "ATTACH 'other.db' AS other",
        "PRAGMA table_info('cases')",
        "COPY cases TO 'out.csv'",
        "SELECT 1) AS t; DROP TABLE cases; SELECT * FROM (SELECT 1",
        "SELECT * FROM nothing",
        "SELECT load_extension('x')",
        "no SQL at all",
    ],
)
def test_a_query_that_is_not_one_select_is_refused(tmp_path: Path, engine, query):
    database(tmp_path, engine)
    before = (tmp_path / "cases.db").read_bytes()
    failure = the_failure(read(tmp_path, query=query))
    assert failure.kind in {FailureKind.SETTINGS, FailureKind.SHAPE}
    assert failure.hint
    assert (tmp_path / "cases.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["cases.db"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM read_text('{other}')",
        "SELECT * FROM glob('/*')",
    ],
)
def test_a_query_reaches_no_other_file(tmp_path: Path, query):
    (tmp_path / "data").mkdir()
    other = tmp_path / "other.csv"
    other.write_text("at,doubled\n2026-01-05T08:00:00Z,1\n")
    database(tmp_path / "data", "duckdb")
    assert the_failure(read(tmp_path / "data", query=query.format(other=other))).kind is FailureKind.SHAPE


@BOTH
def test_a_column_that_the_query_does_not_give_is_named_with_those_it_does(tmp_path: Path, engine):
    database(tmp_path, engine)
    failure = the_failure(read(tmp_path, columns=Columns(at="at", value="hours")))
    assert failure.message == "there is no `hours`; it has: at, cases, doubled, office"


@BOTH
def test_a_query_without_end_is_stopped(tmp_path: Path, engine):
    database(tmp_path, engine)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x % 7 FROM n) SELECT x AS at, 1 AS doubled FROM n"
    query = f"{endless} WHERE x < 0"
    failure = the_failure(read(tmp_path, query=query, timeout=timedelta(seconds=0.3), time_format="%Y"))
    assert failure.kind is FailureKind.TIMEOUT


@BOTH
def test_more_rows_than_fit_are_refused(tmp_path: Path, engine):
    database(tmp_path, engine)
    some = "(SELECT 1 FROM cases)"
    ten = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
    many = f"SELECT NULL AS at, 1.0 AS doubled FROM {', '.join([f'{ten} t{place}' for place in range(6)])}, {some} s"  # noqa: S608 - written here
    failure = the_failure(read(tmp_path, query=many, timeout=timedelta(seconds=60)))
    assert failure.kind is FailureKind.TOO_LARGE


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path):
    (tmp_path / "cases.db").write_text("closed,days\n")
    assert "cannot be read as a database" in the_failure(read(tmp_path)).message
    (tmp_path / "cases.db").write_bytes(b"SQLite format 3\x00" + b"\x01" * 100)
    assert "cannot be run on `cases.db`" in the_failure(read(tmp_path)).message


def test_no_content_of_the_file_is_told(tmp_path: Path):
    database(tmp_path, "sqlite")
    failure = the_failure(read(tmp_path, query="SELECT closed AS at, office AS doubled FROM cases"))
    assert "north" not in failure.message
    assert failure.message == "`doubled` should hold a number, found a text of 5 characters"


def many(**changes: Any) -> list[Any]:
    """A feed for each office and one for nobody: one `query`, told apart by `where`."""
    settings = {"columns": Columns(at="at", value="doubled"), "query": QUERY, "history": timedelta(days=7)}
    return [
        a_file(
            SourceKind.SQL,
            "cases.db",
            **(settings | {"name": FeedName(f"metrics.{office}.days"), "where": {"office": office}} | changes),
        )
        for office in ("north", "south", "nobody")
    ]


@BOTH
@pytest.mark.parametrize("changes", [{}, {"query": "SELECT 1 AS one, 2 AS office"}, {"query": ""}])
def test_feeds_with_one_query_are_read_by_one_and_each_gets_what_it_gets_alone(tmp_path: Path, engine, changes):
    database(tmp_path, engine)
    asked: list[int] = []

    def shared(queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
        asked.append(len(queries))
        return read_shared(queries, access)

    sources = Registry(alone=SOURCES.alone, shared={SourceKind.SQL: shared})
    specs = many(**changes)
    with a_collector(tmp_path, sources=sources) as collector:
        found = collector.gather(specs, now=WEEK.end).readings
        alone = {
            spec.name: collector.series(spec, Window(start=WEEK.end - spec.history, end=WEEK.end)) for spec in specs
        }
    assert asked == [3]
    assert found == alone
    assert all(isinstance(reading, Series) for reading in found.values()) == (not changes)


def test_feeds_that_are_too_large_together_are_asked_alone(tmp_path: Path):
    database(tmp_path, "sqlite")
    specs = many()
    queries = [metric_query(spec, WEEK) for spec in specs]
    with closing(sqlite3.connect(tmp_path / "cases.db")) as connection:
        assert [len(rows) for _, rows in _sqlite_shared(connection, queries, 4)] == [3, 1, 0]
        with pytest.raises(UnreadableError, match="together"):
            list(_sqlite_shared(connection, queries, 3))


def test_feeds_of_one_file_with_different_queries_do_not_get_in_each_others_way(tmp_path: Path):
    database(tmp_path, "duckdb")
    specs = [replace(spec, query=f"{QUERY} WHERE cases > {place}") for place, spec in enumerate(many() * 3)]
    specs = [replace(spec, name=FeedName(f"metrics.a.b{place}")) for place, spec in enumerate(specs)]
    with a_collector(tmp_path) as collector:
        gathered = collector.gather(specs, now=WEEK.end)
    assert gathered.failures == {}
    assert len(gathered.series) == len(specs)


def test_who_waits_too_long_for_a_file_gives_up(tmp_path: Path):
    database(tmp_path, "duckdb")
    query = metric_query(many()[0], WEEK)

    def names(seconds: float) -> list[str]:
        with opened_database(Database(path=tmp_path / "cases.db"), query, seconds=seconds) as (connection, relation):
            if seconds > 1:
                with pytest.raises(UnreadableError, match="was not read within"):
                    names(0.05)
            return list(types_of(connection, relation, {}))

    assert names(5) == names(0.9) == ["at", "doubled", "cases", "office"]
