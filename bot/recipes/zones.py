"""Tells the names of time zones from other words; it knows no time."""

_UTC = "UTC"


def is_time_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone of this name."""
    if name == _UTC:
        return True
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 -- slow to load, and most settings name none

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
