"""Rows of a process log to events: case, activity and completion, with start and resource where known. Pure."""

from collections.abc import Iterable

from bot.collect.cells import text_of, time_of
from bot.collect.query import Query, Row, UnreadableError
from bot.model.process import ProcessEvent, ProcessLog
from bot.model.series import FailureKind, Window
from bot.model.settings import Columns, FeedSpec


def completion_column(columns: Columns) -> str:
    """Return the column of an event's completion: `end`, else `at`."""
    return columns.end or columns.at


def log_query(spec: FeedSpec, window: Window) -> Query:
    """Say what an event log must be asked for; UnreadableError where its settings name too little."""
    columns = spec.columns
    done = completion_column(columns)
    if not (columns.case and columns.activity and done):
        raise UnreadableError(
            FailureKind.SETTINGS,
            "its columns do not name a case, an activity and an end",
            hint="give `columns.case`, `columns.activity` and `columns.end` (or `at`) in pow/settings/feeds.yml",
        )
    wanted = (columns.case, columns.activity, done, columns.start, columns.resource)
    unique = tuple(dict.fromkeys(name for name in wanted if name))
    return Query(spec=spec, columns=unique, time_column=done, window=window, case_column=columns.case)


def log_of(rows: Iterable[Row], query: Query) -> ProcessLog:
    """Turn rows into the log of the cases that have an event in the query's window, each from its beginning.

    Rows without case, activity or completion are left out and counted.
    """
    place = {column: index for index, column in enumerate(query.columns)}
    columns = query.spec.columns
    done = completion_column(columns)
    events: list[ProcessEvent] = []
    dropped = 0
    for row in rows:
        case, activity = text_of(row[place[columns.case]]), text_of(row[place[columns.activity]])
        end = time_of(row[place[done]], query=query, column=done)
        if not case or not activity or end is None:
            dropped += 1
        elif end < query.window.end:
            start = time_of(row[place[columns.start]], query=query, column=columns.start) if columns.start else None
            resource = text_of(row[place[columns.resource]]) if columns.resource else ""
            events.append(ProcessEvent(case=case, activity=activity, start=start, end=end, resource=resource))
    seen = {event.case for event in events if event.end >= query.window.start}
    whole = tuple(event for event in events if event.case in seen)
    return ProcessLog(feed=query.spec.name, window=query.window, events=whole, dropped=dropped)
