"""When changes may begin: hours and days on the wall clock of the agency, whatever UTC says."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.calendar import Calendar, Freeze
from bot.propose.calendar import closed_because
from bot.recipes.calendar import DAYS, read_hours

OFFICE = Calendar(
    time_zone="America/New_York",
    allow=(read_hours("Mon-Fri 08:00-18:00"),),
    exclude=(read_hours("Fri 15:00-18:00"),),
    freezes=(Freeze(first=date(2026, 12, 20), last=date(2027, 1, 2), reason="year-end close"),),
)
HOURS = "it is outside of Mon-Fri 08:00-18:00 (America/New_York)"


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("2026-01-05T13:00Z", None),  # Monday 08:00 in winter
        ("2026-01-05T12:59Z", HOURS),
        ("2026-07-06T12:00Z", None),  # Monday 08:00 in summer
        ("2026-07-06T11:59Z", HOURS),
        ("2026-01-05T23:00Z", HOURS),  # 18:00 is over
        ("2026-01-05T22:59Z", None),
        ("2026-01-10T15:00Z", HOURS),  # Saturday
        ("2026-01-06T01:00Z", HOURS),  # still Monday over there, but 20:00
        ("2026-01-09T20:00Z", "Fri 15:00-18:00 (America/New_York) is excluded"),
        ("2026-01-09T19:59Z", None),
        ("2026-12-21T15:00Z", "frozen until the end of 2027-01-02: year-end close"),
        ("2026-12-20T04:59Z", HOURS),  # the 19th over there
        ("2027-01-03T04:59Z", "frozen until the end of 2027-01-02: year-end close"),
        ("2027-01-04T14:00Z", None),
    ],
)
def test_the_calendar_is_open_or_says_why_not(now: str, why: str | None) -> None:
    assert closed_because(OFFICE, datetime.fromisoformat(now)) == why


NIGHT = Calendar(time_zone="America/New_York", allow=(read_hours("Sun 01:30-02:30"),))


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-03-08T06:30Z", True),  # 01:30, half an hour before the clocks go forward
        ("2026-03-08T06:59Z", True),
        ("2026-03-08T07:00Z", False),  # 03:00: there is no 02:00 to 03:00 on this day
        ("2026-11-01T05:30Z", True),  # 01:30 for the first time
        ("2026-11-01T06:15Z", False),  # 01:15 for the second time, after the clocks went back
        ("2026-11-01T06:30Z", True),  # 01:30 for the second time
        ("2026-11-01T07:29Z", True),  # 02:29
        ("2026-11-01T07:30Z", False),
    ],
)
def test_hours_are_those_on_the_wall_on_days_on_which_clocks_change(now: str, *, is_open: bool) -> None:
    assert (closed_because(NIGHT, datetime.fromisoformat(now)) is None) is is_open


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)))  # noqa: DTZ001 - made aware
def test_an_empty_calendar_is_always_open_and_an_exclusion_always_beats_what_is_allowed(moment: datetime) -> None:
    now = moment.astimezone()
    whole_week = (read_hours("Mon-Sun 00:00-24:00"),)

    assert closed_because(Calendar(), now) is None
    assert closed_because(Calendar(allow=whole_week), now) is None
    assert closed_because(Calendar(allow=whole_week, exclude=whole_week), now) is not None


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("Mon-Fri 08:00-18:00", {0, 1, 2, 3, 4}, 480, 1080),
        ("Sat-Mon 00:00-24:00", {5, 6, 0}, 0, 1440),
        ("Wed 09:30-09:31", {2}, 570, 571),
    ],
)
def test_hours_are_read(text: str, days: set[int], start: int, end: int) -> None:
    hours = read_hours(text)
    assert (hours.days, hours.start, hours.end, hours.text) == (days, start, end, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon",
        "Mon 8:00-18:00",
        "Mon-Fri 18:00-08:00",
        "Mon 08:00-08:00",
        "Mon 08:00-24:01",
        "Mon 08:60-09:00",
        "Mon 08:00-09:75",
        "Abc 08:00-09:00",
        "Mon-Abc 08:00-09:00",
        "mon 08:00-09:00",
        "Mon 08:00-18:00 ",
        "Mon 08:00-18:00\u0661",
    ],
)
def test_what_names_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        read_hours(text)


def test_a_week_has_seven_days() -> None:
    assert read_hours(f"{DAYS[0]}-{DAYS[-1]} 00:00-24:00").days == frozenset(range(7))
