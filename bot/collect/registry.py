"""The one list of sources: whoever adds a kind adds its module and its line here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from bot.collect.query import Access, Query, Row, SharedSource, Source
from bot.model.settings import SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """How each kind of feed is read: every kind alone, and some also several at once where they share a table."""

    alone: Mapping[SourceKind, Source]
    shared: Mapping[SourceKind, SharedSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """A source by its module's name, loaded when it is first read: a run without tables loads no engine for them."""

    name: str

    def __call__(self, query: Query, access: Access) -> list[Row]:
        read: Source = import_module(f"bot.collect.sources.{self.name}").read
        return read(query, access)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SharedModule:
    """Likewise, for several feeds at once."""

    name: str

    def __call__(self, queries: Sequence[Query], access: Access) -> Iterator[tuple[int, list[Row]]]:
        read: SharedSource = import_module(f"bot.collect.sources.{self.name}").read_shared
        return read(queries, access)


SOURCES = Registry(
    alone={
        SourceKind.HTTP_JSON: _Module(name="http_json"),
        SourceKind.JSON_FILE: _Module(name="json_file"),
        SourceKind.CSV: _Module(name="csv_file"),
        SourceKind.PARQUET: _Module(name="parquet_file"),
        SourceKind.SQL: _Module(name="sql_file"),
        SourceKind.PROMETHEUS: _Module(name="prometheus"),
    },
    shared={
        SourceKind.CSV: _SharedModule(name="csv_file"),
        SourceKind.PARQUET: _SharedModule(name="parquet_file"),
        SourceKind.SQL: _SharedModule(name="sql_file"),
        SourceKind.PROMETHEUS: _SharedModule(name="prometheus"),
    },
)
