"""The `calendar` of policy.yml → a Calendar: `Mon-Fri 08:00-18:00`, and freezes from day to day."""

import re
from collections.abc import Iterator
from datetime import date

from bot.model.calendar import Calendar, Freeze, WeekHours
from bot.model.errors import Diagnostic
from bot.recipes.check import Check
from bot.recipes.fields import Fields
from bot.recipes.tree import Document
from bot.recipes.zones import is_time_zone

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = re.compile(r"([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_MIDNIGHT = 24 * 60


def read_calendar(fields: Fields) -> Calendar:
    """Read a calendar that `calendar_faults` has nothing against; ValueError for any other."""
    return Calendar(
        time_zone=fields.text("time_zone", "UTC"),
        allow=tuple(read_hours(text) for text in fields.texts("allow")),
        exclude=tuple(read_hours(text) for text in fields.texts("exclude")),
        freezes=tuple(_freeze(each) for each in fields.sections("freeze")),
    )


def read_hours(text: str) -> WeekHours:
    """Read `Mon-Fri 08:00-18:00`; a week may wrap (`Sat-Mon`), a day may not. ValueError for anything else."""
    match = _HOURS.fullmatch(text)
    if match is None or match[1] not in DAYS or (match[2] or match[1]) not in DAYS:
        raise ValueError("write hours as `Mon-Fri 08:00-18:00`")
    start, end = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    if int(match[4]) > 59 or int(match[6]) > 59 or not start < end <= _MIDNIGHT:
        raise ValueError("hours begin and end on one day, from 00:00 to 24:00 at most")
    first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
    length = (last - first) % len(DAYS) + 1
    days = frozenset((first + step) % len(DAYS) for step in range(length))
    return WeekHours(days=days, start=start, end=end, text=text)


def calendar_faults(document: Document, fields: Fields) -> Iterator[Diagnostic]:
    """Say what a calendar that fits its schema still has wrong."""
    if not is_time_zone(fields.text("time_zone", "UTC")):
        place = document.place(("calendar", "time_zone"))
        message = f"no time zone `{fields.text('time_zone')}`"
        yield document.fault(Check.POLICY, place, message, hint="write a name such as America/New_York")
    for key in ("allow", "exclude"):
        for index, text in enumerate(fields.texts(key)):
            try:
                read_hours(text)
            except ValueError as error:
                place = document.place(("calendar", key, index))
                yield document.fault(Check.POLICY, place, f"`{text}` names no hours", hint=str(error))
    for index, each in enumerate(fields.sections("freeze")):
        place = document.place(("calendar", "freeze", index, "from"))
        try:
            freeze = _freeze(each)
        except ValueError:
            hint = "write days as 2026-12-20"
            yield document.fault(Check.POLICY, place, "a freeze runs between days that exist", hint=hint)
            continue
        if freeze.last < freeze.first:
            yield document.fault(Check.POLICY, place, "the freeze ends before it begins", hint="swap the days")


def _freeze(fields: Fields) -> Freeze:
    first, last = (date.fromisoformat(fields.text(key)) for key in ("from", "through"))
    return Freeze(first=first, last=last, reason=" ".join(fields.text("reason").split()))
