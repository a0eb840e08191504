"""Builders for process logs in diagnose's tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bot.model.names import FeedName
from bot.model.process import ProcessEvent, ProcessLog

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Step = tuple[str, str, float] | tuple[str, str, float, float]
"""Case, activity, completion in hours, and the start in hours where it is known."""


def a_log(steps: Iterable[Step]) -> ProcessLog:
    events = tuple(
        ProcessEvent(
            case=step[0],
            activity=step[1],
            end=BEGIN + timedelta(hours=step[2]),
            start=BEGIN + timedelta(hours=step[3]) if len(step) == 4 else None,
        )
        for step in steps
    )
    return ProcessLog(feed=FeedName("events.test"), window=None, events=events)
