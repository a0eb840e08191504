"""How a watch went, day by day, as a chart and a table, and how much time is left; from typed facts alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.unit import Quantity
from bot.report.charts import MAX_DAYS, Daily, daily_chart, number, shown_days

_LEGEND = (
    "Before the change these are the means of each day in its evidence, since then what the last look of each day "
    "measured. A flat line is the rule's limit."
)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The success metric by day: before the change as its evidence has it, and since as it was measured.

    `unit` is both's, `limit` the rule's in that unit. `looks` counts the looks so far, `shadowed` those after which
    the change would have been taken back, were the mode not shadow.
    """

    before: Daily = ()
    after: Daily = ()
    unit: str = ""
    limit: Quantity | None = None
    looks: int = 0
    shadowed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something that the watch comes to at a time, if nothing else happens."""

    what: str
    at: datetime


def course_lines(course: Course) -> list[str]:
    """Return the chart and its table, before and since the change; nothing while there is nothing to compare."""
    before, after = shown_days(course.before), shown_days(course.after)
    if not after:
        return []
    days = (*before, *after)[-MAX_DAYS:]
    told = len(days) - len(after)
    lines = ["", "<details><summary>Day by day</summary>", ""]
    if chart := daily_chart(days, course.unit, limit=course.limit):
        lines += [chart, ""]
    lines += [f"| day | {course.unit or 'value'} | |", "|---|--:|---|"]
    for place, (day, value) in enumerate(days):
        lines.append(f"| {day} | {number(value)} | {'before the change' if place < told else 'since'} |")
    return [*lines, "", _LEGEND, "", "</details>"]


def comparison_lines(course: Course) -> list[str]:
    """Return one small table: the metric before the change and now."""
    before, after = shown_days(course.before), shown_days(course.after)
    if not before or not after:
        return []
    former = sum(value for _, value in before) / len(before)
    now = after[-1][1]
    span = f"{before[0][0]} to {before[-1][0]}"
    return [
        "",
        f"| | {course.unit or 'value'} | |",
        "|---|--:|---|",
        f"| before the change | {number(former)} | mean of {len(before)} days, {span} |",
        f"| now | {number(now)} | {after[-1][0]} |",
        f"| difference | {_signed(now - former)} | {_share(former, now)} |",
    ]


def milestone_lines(milestones: Sequence[Milestone], *, at: datetime) -> list[str]:
    """Return a table of what is still to come, the nearest first."""
    ahead = sorted((each for each in milestones if each.at > at), key=lambda each: each.at)
    if not ahead:
        return []
    rows = [f"| {each.what} | {left(each.at - at)} | {format_time(each.at)} |" for each in ahead]
    return ["", "| then | in | at |", "|---|--:|---|", *rows]


def left(span: timedelta) -> str:
    """Write a time that is left as people do, rounded up, so that it never looks over before it is."""
    if span < 2 * _HOUR:
        return f"{_up(span, timedelta(minutes=1))} minutes"
    if span < 2 * _DAY:
        return f"{_up(span, _HOUR)} hours"
    return f"{_up(span, _DAY)} days"


def _up(span: timedelta, unit: timedelta) -> int:
    return -(-span // unit)


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)


def _share(former: float, now: float) -> str:
    if former == 0:
        return ""
    return f"{(now - former) / abs(former):+.0%}"
