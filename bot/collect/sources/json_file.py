"""Feeds that are JSON files: the same rows as over HTTP, read from a file below the repository or a data folder."""

from bot.collect.query import Access, Query, Row, UnreadableError
from bot.collect.sources.file_place import place_of
from bot.collect.sources.json_rows import rows_of_json
from bot.model.series import FailureKind


def read(query: Query, access: Access) -> list[Row]:
    """Read the whole file; the window is applied to its rows afterwards."""
    place = place_of(query, access)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise UnreadableError(FailureKind.UNREACHABLE, f"it cannot be read ({type(error).__name__})") from None
    return rows_of_json(content, query)
