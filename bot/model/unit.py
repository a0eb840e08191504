"""Units as types: every unit has a dimension, and only equal dimensions compare or add."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NewType

Dimension = NewType("Dimension", str)

TIME = Dimension("time")
RATIO = Dimension("ratio")
COUNT = Dimension("count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A named unit; `value * factor` is in the dimension's base unit (seconds, plain ratio, plain count)."""

    name: str
    dimension: Dimension
    factor: float = 1.0


SECOND = Unit(name="seconds", dimension=TIME)
DAY = Unit(name="days", dimension=TIME, factor=86_400.0)
PERCENT = Unit(name="%", dimension=RATIO, factor=0.01)
PLAIN_RATIO = Unit(name="ratio", dimension=RATIO)
PLAIN_COUNT = Unit(name="count", dimension=COUNT)

UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit(name="milliseconds", dimension=TIME, factor=0.001),
        SECOND,
        Unit(name="minutes", dimension=TIME, factor=60.0),
        Unit(name="hours", dimension=TIME, factor=3_600.0),
        DAY,
        Unit(name="weeks", dimension=TIME, factor=604_800.0),
        PERCENT,
        PLAIN_RATIO,
        PLAIN_COUNT,
        Unit(name="px", dimension=Dimension("px")),
        Unit(name="usd", dimension=Dimension("usd")),
        Unit(name="eur", dimension=Dimension("eur")),
    )
}
"""Every unit by its full name; aliases (day, d, h, ...) belong to whoever reads text."""

PERIODS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
"""What something may be counted per: `per_day`."""
_PER_TIME = "/time"


def declared_unit(name: str) -> Unit:
    """Return a unit that a feed may declare: it is a dimension of its own."""
    return Unit(name=name, dimension=Dimension(name))


def is_total(unit: Unit) -> bool:
    """Tell whether a unit can be counted per time: counts and declared units can, times and shares cannot."""
    return unit.dimension not in {TIME, RATIO} and not is_per_time(unit)


def is_per_time(unit: Unit) -> bool:
    """Tell whether a unit counts something per time."""
    return unit.dimension.endswith(_PER_TIME)


def per_time(unit: Unit, period: str) -> Unit:
    """Return the unit of so much of `unit` per period; its base is the unit's base per second."""
    name = f"per_{period}" if unit.dimension == COUNT else f"{unit.name}_per_{period}"
    factor = unit.factor / PERIODS[period].total_seconds()
    return Unit(name=name, dimension=Dimension(f"{unit.dimension}{_PER_TIME}"), factor=factor)


def total_of(unit: Unit) -> Unit:
    """Return the unit of what is counted per time in `unit`."""
    dimension = unit.dimension.removesuffix(_PER_TIME)
    return PLAIN_COUNT if dimension == COUNT else declared_unit(dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its unit; always finite."""

    value: float
    unit: Unit

    def to(self, unit: Unit) -> "Quantity":
        """Convert to another unit of the same dimension; ValueError across dimensions."""
        if unit.dimension != self.unit.dimension:
            raise ValueError(f"{self.unit.name} is not {unit.name}")
        return Quantity(value=self.value * self.unit.factor / unit.factor, unit=unit)

    def __str__(self) -> str:
        number = f"{self.value:.4g}" if abs(self.value) < 10_000 else f"{self.value:,.0f}"
        match self.unit.name:
            case "%":
                return f"{number}%"
            case "count" | "ratio":
                return number
            case name:
                return f"{number} {name.replace('_', ' ')}"
