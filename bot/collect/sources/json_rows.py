"""The rows inside a JSON document: what HTTP answers and JSON files have in common. Pure."""

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from bot.collect.cells import missing_column, text_of
from bot.collect.query import MAX_ROWS, Query, Row, UnreadableError
from bot.model.series import FailureKind


def rows_of_json(content: bytes, query: Query) -> list[Row]:
    """Read a document's rows: the list at `rows`, or one object standing for a single row."""
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadableError(
            FailureKind.SHAPE,
            f"it is not JSON ({len(content)} bytes)",
            hint="look at the answer with curl or a browser",
        ) from None
    found = _follow(document, query.spec.rows, query) if query.spec.rows else document
    items = [found] if isinstance(found, dict) else found
    if not isinstance(items, list):
        place = f"`{query.spec.rows}`" if query.spec.rows else "the document"
        raise UnreadableError(
            FailureKind.SHAPE,
            f"{place} should be a list of rows",
            hint=f"check `rows` of {query.spec.name} in pow/settings/feeds.yml",
        )
    if len(items) > MAX_ROWS:
        raise UnreadableError(FailureKind.TOO_LARGE, f"it has more than {MAX_ROWS:,} rows")
    return _plain_rows(items, query) or _rows(items, query)


def _plain_rows(items: Sequence[Any], query: Query) -> list[Row]:
    """Take the columns of all rows at once; nothing where a row is not plain, or only some are asked for."""
    if query.spec.where or len(query.columns) < 2 or set(map(type, items)) != {dict}:
        return []
    try:
        return list(map(itemgetter(*query.columns), items))
    except KeyError:
        return []


def _rows(items: Sequence[Any], query: Query) -> list[Row]:
    rows: list[Row] = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise UnreadableError(
                FailureKind.SHAPE,
                f"row {number} should be an object with named fields",
                hint=f"check `rows` of {query.spec.name} in pow/settings/feeds.yml",
            )
        if all(text_of(_follow(item, column, query)) == text for column, text in query.spec.where.items()):
            rows.append(tuple(_follow(item, column, query) for column in query.columns))
    return rows


def _follow(item: Mapping[str, Any], path: str, query: Query) -> Any:
    """Return the value at a dotted path; a field whose own name has dots wins."""
    if isinstance(item, dict) and path in item:
        return item[path]
    value: Any = item
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            known = [str(key) for key in value] if isinstance(value, dict) else []
            raise missing_column(path, query=query, known=known)
        value = value[name]
    return value
