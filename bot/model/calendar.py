"""When an agency lets changes begin: hours of the week, and days on which everything rests. Values only."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekHours:
    """Some days of the week (0 is Monday), each from `start` up to `end` in minutes of the local day (0 to 1440)."""

    days: frozenset[int]
    start: int
    end: int
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Local days, first and last included, on which nothing begins."""

    first: date
    last: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Hours are local to `time_zone` (an IANA name). Nothing allowed means always; what is excluded beats it."""

    time_zone: str = "UTC"
    allow: tuple[WeekHours, ...] = ()
    exclude: tuple[WeekHours, ...] = ()
    freezes: tuple[Freeze, ...] = ()
