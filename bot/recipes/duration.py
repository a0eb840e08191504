"""Lengths of time and shares as settings write them: `3_days`, `2h`, `30min`, `50%`."""

import re
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from bot.model.unit import TIME
from bot.rules.units import find_unit

_AMOUNT = re.compile(r"([0-9.]+)[_ ]?([a-z]+)")


@lru_cache(maxsize=1024)
def read_duration(text: str) -> timedelta:
    """Read a length of time that its schema has let through; ValueError for anything else."""
    match = _AMOUNT.fullmatch(text)
    unit = find_unit(match[2]) if match else None
    if match is None or unit is None or unit.dimension != TIME:
        raise ValueError(f"not a length of time: {text!r}")
    return timedelta(seconds=float(match[1]) * unit.factor)


def read_share(value: str | float) -> float:
    """Read `50%` or 0.5 as 0.5."""
    if isinstance(value, str):
        return float(Decimal(value.removesuffix("%")) / 100)
    return float(value)
