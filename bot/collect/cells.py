"""Cells to typed values: numbers, times and texts, or a refusal that names the column and never shows the content."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache

from bot.collect.query import Query, UnreadableError
from bot.model.series import FailureKind


def number_of(cell: object, *, query: Query, column: str) -> float | None:
    """Return a finite number, None where there is none (empty, NaN, infinite); refuse any other type."""
    match cell:
        case None:
            return None
        case bool():
            raise wrong_type(cell, query=query, column=column, expected="a number")
        case int() | float():
            return _finite(cell)
        case str() if query.allows_naive and "_" not in cell:
            try:
                return _finite(float(cell))
            except ValueError:
                raise wrong_type(cell, query=query, column=column, expected="a number") from None
        case _:
            raise wrong_type(cell, query=query, column=column, expected="a number")


def _finite(number: float) -> float | None:
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def time_of(cell: object, *, query: Query, column: str) -> datetime | None:
    """Return an aware UTC time, None for an empty cell; refuse what is no time or, in JSON, has no offset."""
    match cell:
        case None:
            return None
        case datetime():
            return _in_utc(cell, query)
        case date():
            return _in_utc(datetime(cell.year, cell.month, cell.day), query)  # noqa: DTZ001 - given its zone there
        case str() | int() if not isinstance(cell, bool) and (query.spec.time_format or isinstance(cell, str)):
            return _parse(str(cell), query=query, column=column)
        case _:
            raise wrong_type(cell, query=query, column=column, expected="a time")


def _parse(text: str, *, query: Query, column: str) -> datetime:
    form = query.spec.time_format
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - settled below
        if moment.tzinfo is None and not form and not query.allows_naive:
            raise UnreadableError(
                FailureKind.SHAPE,
                f"`{column}` holds a time without an offset",
                hint="let the feed send times such as 2026-01-05T08:00:00Z",
            )
        return _in_utc(moment, query)
    except (ValueError, OverflowError):
        expected = f"a time in the format {form}" if form else "an ISO 8601 time"
        raise wrong_type(text, query=query, column=column, expected=expected) from None


def _in_utc(moment: datetime, query: Query) -> datetime:
    return _placed(moment, query.zone)


@lru_cache(maxsize=4096)
def _placed(moment: datetime, zone: tzinfo) -> datetime:
    """Give a time its zone if it has none; remembered, since the rows of a table often share their times."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def text_of(cell: object) -> str:
    """Return a cell as the text it stands for; empty for nothing and for anything nested."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case str() | int() | float():
            return str(cell)
        case _:
            return ""


def wrong_type(cell: object, *, query: Query, column: str, expected: str) -> UnreadableError:
    """Build the refusal of a cell: the column, what was expected, and the type that was found."""
    return UnreadableError(
        FailureKind.SHAPE,
        f"`{column}` should hold {expected}, found {_kind(cell)}",
        hint=f"check `columns` of {query.spec.name} in pow/settings/feeds.yml",
    )


def missing_column(column: str, *, query: Query, known: Sequence[str]) -> UnreadableError:
    """Build the refusal of an answer without a column; what is there is listed unless it may be content."""
    there = ", ".join(sorted(name[:40] for name in known)[:20])
    found = f"; it has: {there}" if there and query.may_name_columns else ""
    return UnreadableError(
        FailureKind.SHAPE,
        f"there is no `{column}`{found}",
        hint=f"check `columns` of {query.spec.name} in pow/settings/feeds.yml",
    )


def _kind(cell: object) -> str:
    if isinstance(cell, str):
        return f"a text of {len(cell)} characters"
    return next((words for kind, words in _KINDS if isinstance(cell, kind)), "something else")


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (date, "a time"),
    (dict, "an object"),
    (list, "a list"),
    (type(None), "nothing"),
)
