"""How long a calendar has been open: the time that people are given does not run at night or in a freeze (pure).

An instant counts as open when changes may begin at it, so nobody is hurried while nothing could happen anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model.calendar import Calendar
from bot.propose.calendar import closed_because

_LOOK_AHEAD = timedelta(days=400)
"""A calendar that stays closed for longer is taken for one that never opens."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A time in which the calendar says the same: that it is open, or why it is `closed`."""

    start: datetime
    end: datetime
    closed: str | None


def after_open(calendar: Calendar, start: datetime, span: timedelta, *, until: datetime) -> datetime | None:
    """Return when the calendar has been open for `span` since `start`; None where that is not before `until`."""
    if _is_always_open(calendar):
        return start + span if start + span < until else None
    left = span
    for stretch in _stretches(calendar, start, until):
        if stretch.closed is not None:
            continue
        if stretch.end - stretch.start >= left:
            end = stretch.start + left
            return end if end < until else None
        left -= stretch.end - stretch.start
    return None


def next_turn(calendar: Calendar, now: datetime) -> datetime | None:
    """Return when the calendar next opens, closes, or is closed for another reason; None where it stays as it is."""
    if _is_always_open(calendar):
        return None
    present = closed_because(calendar, now)
    return next((each.start for each in _stretches(calendar, now, now + _LOOK_AHEAD) if each.closed != present), None)


def _is_always_open(calendar: Calendar) -> bool:
    return not (calendar.allow or calendar.exclude or calendar.freezes)


def _stretches(calendar: Calendar, start: datetime, until: datetime) -> Iterator[_Stretch]:
    """Yield the time from `start` on in stretches that are short enough not to miss a turn."""
    zone, begin = ZoneInfo(calendar.time_zone), start
    day = start.astimezone(zone).date()
    while begin < until:
        for edge in sorted(_edges(calendar, day, zone)):
            if edge > begin:
                yield _Stretch(start=begin, end=edge, closed=closed_because(calendar, begin))
                begin = edge
        day += _DAY


def _edges(calendar: Calendar, day: date, zone: ZoneInfo) -> set[datetime]:
    """Return every instant of a local day at which the calendar may turn.

    Those are its own hours, and on a day on which the clock is changed every full hour, for it is changed at one.
    """
    hours = (*calendar.allow, *calendar.exclude)
    minutes = {minute for each in hours if day.weekday() in each.days for minute in (each.start, each.end)}
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    walls = [midnight + timedelta(minutes=minute) for minute in minutes | {0, 24 * 60}]
    edges = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
    first, last = min(edges), max(edges)
    if last - first == _DAY:
        return edges
    whole = first.replace(minute=0, second=0, microsecond=0)
    return edges | {whole + _HOUR * count for count in range(1, int((last - whole) / _HOUR) + 1)}
