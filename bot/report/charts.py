"""Daily values as a Mermaid chart with its table; only numbers and dates of our own ever enter a diagram."""

import math
import re
from collections.abc import Sequence

from bot.model.unit import Quantity

MAX_DAYS = 31
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNIT = re.compile(r"[A-Za-z%]{1,20}")

Daily = Sequence[tuple[str, float]]
"""Days as `2026-03-01` with a value each, oldest first."""


def daily_chart(daily: Daily, unit: str, *, limit: Quantity | None = None) -> str:
    """Return a Mermaid chart of the last days, the rule's limit as a second line; empty for fewer than two days."""
    shown = shown_days(daily)
    if len(shown) < 2:
        return ""
    values = [value for _, value in shown]
    top = max([*values, limit.value if limit else 0.0, 0.0])
    name = unit if _UNIT.fullmatch(unit) else "value"
    lines = [
        "```mermaid",
        "xychart-beta",
        f"    x-axis [{', '.join(_quoted(day[5:]) for day, _ in shown)}]",
        f"    y-axis {_quoted(name)} {number(min([*values, 0.0]))} --> {number(_above(top))}",
        f"    line [{', '.join(number(value) for value in values)}]",
    ]
    if limit is not None:
        lines.append(f"    line [{', '.join([number(limit.value)] * len(shown))}]")
    return "\n".join([*lines, "```"])


def daily_table(daily: Daily, unit: str) -> str:
    """Return the same days as a Markdown table; empty for none."""
    shown = shown_days(daily)
    if not shown:
        return ""
    head = unit if _UNIT.fullmatch(unit) else "value"
    return "\n".join([f"| Day | {head} |", "|---|--:|", *(f"| {day} | {number(value)} |" for day, value in shown)])


def shown_days(daily: Daily) -> tuple[tuple[str, float], ...]:
    """Return the last days that are dates with finite values."""
    return tuple((day, value) for day, value in daily if _DAY.fullmatch(day) and math.isfinite(value))[-MAX_DAYS:]


def number(value: float) -> str:
    """Write a number without an exponent, to four significant digits."""
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _above(top: float) -> float:
    return top * 1.1 if top > 0 else 1.0


def _quoted(text: str) -> str:
    return f'"{text}"'
