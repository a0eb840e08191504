"""Whether changes may begin now, by the policy's calendar (pure)."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model.calendar import Calendar, WeekHours


def closed_because(calendar: Calendar, now: datetime) -> str | None:
    """Say why nothing may begin now; None where the calendar is open.

    `now` is looked at on the wall clock of the calendar's zone, so that 09:00 is 09:00 in summer and in winter.
    """
    local = now.astimezone(ZoneInfo(calendar.time_zone))
    for freeze in calendar.freezes:
        if freeze.first <= local.date() <= freeze.last:
            return f"frozen until the end of {freeze.last.isoformat()}: {freeze.reason}"
    if (excluded := _found(calendar.exclude, local)) is not None:
        return f"{excluded.text} ({calendar.time_zone}) is excluded"
    if calendar.allow and _found(calendar.allow, local) is None:
        hours = ", ".join(each.text for each in calendar.allow)
        return f"it is outside of {hours} ({calendar.time_zone})"
    return None


def _found(hours: Iterable[WeekHours], local: datetime) -> WeekHours | None:
    minute = local.hour * 60 + local.minute
    return next((each for each in hours if local.weekday() in each.days and each.start <= minute < each.end), None)
