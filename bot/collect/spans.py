"""Spans of time as whole microseconds, so that sums are exact and the same on every machine."""

from datetime import timedelta

from bot.model.unit import SECOND, Quantity, Unit

MICROSECOND = timedelta(microseconds=1)


def in_microseconds(span: timedelta) -> int:
    """Return a span's exact length in microseconds."""
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def in_unit(span: timedelta, unit: Unit) -> float:
    """Return a span's length in a unit of time; ValueError for any other unit."""
    return Quantity(value=in_microseconds(span) / 1_000_000, unit=SECOND).to(unit).value
