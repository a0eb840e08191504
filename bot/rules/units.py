"""Units as rules name them, and what arithmetic does to dimensions; it knows no metric and no tree."""

from datetime import timedelta

from bot.model.unit import (
    COUNT,
    PERIODS,
    PLAIN_COUNT,
    RATIO,
    TIME,
    UNITS,
    Dimension,
    Unit,
    is_per_time,
    is_total,
    per_time,
    total_of,
)

PLAIN = Dimension("plain number")
"""A number written without a unit: it counts, or scales a quotient, but is never a time or a percentage."""
QUOTIENT = Dimension("quotient")
"""What is left when a unit is divided by itself: it compares with plain numbers and with percentages."""

PLAIN_NUMBER = Unit(name="count", dimension=PLAIN)
PLAIN_QUOTIENT = Unit(name="ratio", dimension=QUOTIENT)

LONGEST = timedelta(days=3660)
"""The longest window or duration that a rule may name."""

_ALIASES = {
    "ms": "milliseconds",
    "millisecond": "milliseconds",
    "s": "seconds",
    "sec": "seconds",
    "secs": "seconds",
    "second": "seconds",
    "min": "minutes",
    "mins": "minutes",
    "minute": "minutes",
    "h": "hours",
    "hr": "hours",
    "hrs": "hours",
    "hour": "hours",
    "d": "days",
    "day": "days",
    "w": "weeks",
    "week": "weeks",
    "percent": "%",
    "pct": "%",
}
SLIPS = {
    "m": "write `min` for minutes",
    "month": "a month has no fixed length: write days or weeks",
    "months": "a month has no fixed length: write days or weeks",
    "y": "write days or weeks",
    "year": "write days or weeks",
    "years": "write days or weeks",
    "k": "write the number in full: `20_000`",
}
"""What people write for a unit that the language does not have."""
_PER = "per_"
_ALIASES_OF_PERIODS = {"min": "minute"}
_WEIGHT = {PLAIN: 0, QUOTIENT: 1, RATIO: 2, COUNT: 3}
"""Dimensions without a physical unit, the most specific last; every other dimension weighs more."""
_ALIKE = frozenset({frozenset({PLAIN, COUNT}), frozenset({PLAIN, QUOTIENT}), frozenset({QUOTIENT, RATIO})})
_DAY = "day"
DIGITS = 12
"""Significant digits that rules compare on."""


def find_unit(text: str, declared: tuple[Unit, ...] = ()) -> Unit | None:
    """Look a unit up by its name, an alias, or among those that feeds declare; empty text is a plain number."""
    if not text:
        return PLAIN_NUMBER
    return _find_plain(text, declared) or _find_per_time(text, declared)


def _find_plain(text: str, declared: tuple[Unit, ...]) -> Unit | None:
    known = UNITS.get(_ALIASES.get(text, text))
    return known or next((unit for unit in declared if unit.name == text), None)


def _find_per_time(text: str, declared: tuple[Unit, ...]) -> Unit | None:
    """Read `per_day` and `usd_per_day`."""
    name, found, written = text.rpartition(_PER)
    period = _ALIASES_OF_PERIODS.get(written, written)
    if not found or period not in PERIODS or (name and not name.endswith("_")):
        return None
    unit = _find_plain(name[:-1], declared) if name else PLAIN_COUNT
    return per_time(unit, period) if unit and is_total(unit) else None


def unit_names(declared: tuple[Unit, ...] = ()) -> tuple[str, ...]:
    """Every name and alias that `find_unit` knows."""
    totals = (f"{unit.name}_" for unit in (*UNITS.values(), *declared) if is_total(unit))
    rates = (f"{name}{_PER}{period}" for name in ("", *totals) for period in (*PERIODS, *_ALIASES_OF_PERIODS))
    return tuple(sorted({*UNITS, *_ALIASES, *(unit.name for unit in declared), *rates}))


def is_taken(name: str) -> bool:
    """Tell whether a name means something already, so that no unit may be declared under it."""
    taken = {*_ALIASES, *SLIPS, PLAIN, QUOTIENT, RATIO, TIME, COUNT, *UNITS}
    return name in taken or f"_{name}".find(f"_{_PER}") >= 0


def compatible(left: Unit, right: Unit) -> bool:
    """Tell whether two units compare and add."""
    return left.dimension == right.dimension or frozenset({left.dimension, right.dimension}) in _ALIKE


def period_of(window: timedelta) -> str:
    """Return what a rate over a window is shown per: the longest of day, hour, minute, second that fits into it."""
    return next((name for name in ("day", "hour", "minute") if PERIODS[name] <= window), "second")


def sum_unit(left: Unit, right: Unit) -> Unit | None:
    """Return the unit of a sum or a difference; None where there is none."""
    return _heavier(left, right) if compatible(left, right) else None


def product_unit(left: Unit, right: Unit) -> Unit | None:
    """Return the unit of a product: at most one side may have a physical unit, or one is per time and one a time."""
    if is_per_time(left) and right.dimension == TIME:
        return total_of(left)
    if is_per_time(right) and left.dimension == TIME:
        return total_of(right)
    if left.dimension not in _WEIGHT and right.dimension not in _WEIGHT:
        return None
    return _heavier(left, right)


def quotient_unit(left: Unit, right: Unit) -> Unit | None:
    """Return the unit of a quotient: the same dimension cancels, one without a physical unit divides anything.

    What can be counted, divided by a time, is so much per time.
    """
    if left.dimension == right.dimension:
        return PLAIN_NUMBER if left.dimension == PLAIN else PLAIN_QUOTIENT
    if right.dimension == TIME and left.dimension not in {PLAIN, QUOTIENT} and is_total(left):
        return per_time(left, _DAY)
    if right.dimension not in _WEIGHT:
        return None
    return left if _weight(left) > _weight(right) else PLAIN_QUOTIENT


def as_duration(value: float, unit: Unit) -> timedelta | None:
    """Turn a time above zero and within `LONGEST` into a duration; None for anything else."""
    seconds = value * unit.factor
    if unit.dimension != TIME or seconds > LONGEST.total_seconds():
        return None
    duration = timedelta(seconds=seconds)
    return duration if duration > timedelta(0) else None


def settle(value: float) -> float:
    """Round to the digits that rules compare on, so that 7 of 100 is not less than 7%."""
    return float(f"{value:.{DIGITS}g}")


def _weight(unit: Unit) -> int:
    return _WEIGHT.get(unit.dimension, len(_WEIGHT))


def _heavier(left: Unit, right: Unit) -> Unit:
    return right if _weight(right) > _weight(left) else left
