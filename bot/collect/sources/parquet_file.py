"""Feeds that are Parquet files, read by DuckDB; times without a zone are read as UTC."""

from bot.collect.query import Access, Query, Row
from bot.collect.sources.file_place import place_of
from bot.collect.sources.table import Table, scan


def read(query: Query, access: Access) -> list[Row]:
    """Scan the file for the query's columns and window."""
    return scan(Table(path=place_of(query, access), kind=query.spec.source), query, seconds=access.seconds)
