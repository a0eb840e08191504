from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.clock import FixedClock, SystemClock, format_time, parse_time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-02T12:00:00Z", "2026-03-02T12:00:00+00:00", "2026-03-02T13:00:00+01:00"])
def test_a_time_is_read_as_utc_whatever_its_offset(text: str):
    read = parse_time(text)
    assert (read, read.utcoffset()) == (NOON, timedelta(0))


@pytest.mark.parametrize("text", ["2026-03-02T12:00:00", "2026-03-02"])
def test_a_time_without_an_offset_is_refused(text: str):
    with pytest.raises(ValueError, match="without an offset"):
        parse_time(text)


@given(
    moment=st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2999, 1, 1)),  # noqa: DTZ001 - zoned below
    minutes=st.integers(-23 * 60, 23 * 60),
)
def test_what_is_written_is_read_back_to_the_second(moment: datetime, minutes: int):
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(format_time(zoned)) == zoned.replace(microsecond=0)


def test_the_machines_clock_tells_the_present_in_utc():
    present = SystemClock().now()
    assert present.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - present) < timedelta(minutes=1)


def test_a_fixed_clock_stands_still():
    clock = FixedClock(at=NOON)
    assert clock.now() == clock.now() == NOON
