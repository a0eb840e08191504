"""Feeds that are Parquet files, read by DuckDB; times without a zone are read as UTC."""

from collections.abc import Iterator, Sequence

from bot.collect.query import Access, Query, Row
from bot.collect.sources.file_place import place_of
from bot.collect.sources.table import Table, scan, scan_shared


def read(query: Query, access: Access) -> list[Row]:
    """Scan the file for the query's columns and window."""
    return scan(Table(path=place_of(query, access), kind=query.spec.source), query, seconds=access.seconds)


def read_shared(queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
    """Scan the file once for several queries of one group."""
    table = Table(path=place_of(queries[0], access), kind=queries[0].spec.source)
    return scan_shared(table, queries, seconds=access.seconds)
