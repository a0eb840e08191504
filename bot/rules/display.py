"""Values, durations, counts, times and units as people read them; it decides nothing."""

from datetime import datetime, timedelta
from functools import lru_cache

from bot.model.clock import format_time
from bot.model.unit import COUNT, DAY, PERCENT, RATIO, SECOND, TIME, Unit, is_per_time
from bot.rules.units import DIGITS, PLAIN, QUOTIENT, settle

_SPANS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)


_GROUP = 60
"""Characters that a group's name is shown with."""


def show_value(value: float, unit: Unit, *, exact: bool = False) -> str:
    """Write a value, given in its dimension's base unit, in `unit`: `6.2 days`, `1 day`, `4.2%`, `41 usd per day`."""
    number = settle(value / unit.factor) + 0.0  # no zero below zero
    digits = f"{number:,.0f}" if 10_000 <= abs(number) < 1e15 else f"{number:.4g}"
    if exact:
        digits = f"{number:.{DIGITS}g}"
    match unit.name:
        case "%":
            return f"{digits}%"
        case "count" | "ratio":
            return digits
        case name:
            return f"{digits} {name[:-1] if digits == '1' and unit.dimension == TIME else name.replace('_', ' ')}"


@lru_cache(maxsize=1_024)
def show_duration(duration: timedelta) -> str:
    """Write a duration as people do: `1 day`, `36 hours`, `90 minutes`; to a tenth where nothing fits."""
    name, size = span_of(duration)
    count = f"{duration / size:.4g}" if not duration % size else f"{duration / size:.1f}"
    return f"{count} {name}{'' if count == '1' else 's'}"


def span_of(duration: timedelta) -> tuple[str, timedelta]:
    """Return the unit that a duration is shown in: the largest that divides it into less than a hundred, if any."""
    for name, size in _SPANS:
        if not duration % size and (duration / size < 100 or name == "day"):
            return name, size
    return next((span for span in _SPANS if duration >= span[1]), _SPANS[-1])


def example(value: float, unit: Unit) -> str:
    """Write how a number looks with a unit in a rule: `20_days`, `5%`, and a plain `20` for counts."""
    if unit.dimension in {PLAIN, QUOTIENT, COUNT}:
        return f"{value:.{DIGITS}g}"
    return f"{value:.{DIGITS}g}%" if unit == PERCENT else f"{value:.{DIGITS}g}_{unit.name}"


def suggest(value: float, unit: Unit) -> str:
    """Say how to write a plain number in a unit; up to 1 it may have meant a fraction or a percentage."""
    if unit.dimension == RATIO and 0 < value <= 1:
        fraction = settle(value / PERCENT.factor)
        return f"write `{example(fraction, PERCENT)}` for the fraction {value:g}, or `{example(value, PERCENT)}`"
    return f"write `{example(value, example_unit(unit))}`"


def describe(unit: Unit) -> str:
    """Name a unit for a message: `a time (days)`, `a plain number`."""
    if unit.dimension in {PLAIN, QUOTIENT}:
        return f"a {unit.dimension}"
    name = unit.dimension if unit.dimension in {TIME, RATIO, COUNT} else "amount"
    if is_per_time(unit):
        name = "rate"
    shown = unit.name.replace("_", " ")
    return f"a {name}" if unit.name == name else f"{'an' if name == 'amount' else 'a'} {name} ({shown})"


def example_unit(unit: Unit) -> Unit:
    """Return the unit that people would write for this one's dimension."""
    if unit.dimension == RATIO:
        return PERCENT
    return DAY if unit == SECOND else unit


def show_count(weight: float) -> str:
    """Write a number of samples."""
    return f"{weight:.0f}" if weight.is_integer() and weight < 1e15 else f"{weight:.4g}"


def show_group(values: tuple[str, ...]) -> str:
    """Write the values that name a group: they come from a feed, so nothing unprintable, and not much of it."""
    text = ", ".join(" ".join(_printable(value).split()) or "(empty)" for value in values)
    return text if len(text) <= _GROUP else f"{text[: _GROUP - 1].rstrip()}…"


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def show_time(moment: datetime) -> str:
    """Write a time to the minute where it is a whole one."""
    text = format_time(moment)
    return f"{text[:-4]}Z" if text.endswith(":00Z") else text
