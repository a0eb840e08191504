"""The one list of sources: whoever adds a kind adds its module and its line here."""

from bot.collect.query import Source
from bot.collect.sources import csv_file, http_json, json_file, parquet_file
from bot.model.settings import SourceKind

SOURCES: dict[SourceKind, Source] = {
    SourceKind.HTTP_JSON: http_json.read,
    SourceKind.JSON_FILE: json_file.read,
    SourceKind.CSV: csv_file.read,
    SourceKind.PARQUET: parquet_file.read,
}
