"""How time is divided for a rule that must hold for a while, and how much data that takes. It knows no samples."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.rules.syntax import Operator
from bot.rules.typed import Combined, Condition, HoldFor, InWindows, Logical, present, reductions

MAX_WINDOWS = 10_000
"""Windows that one rule may be evaluated on."""

FRESH_WINDOWS = 2
"""A feed is stale when its newest sample is older than so many of its windows."""


def conjuncts(logic: Logical) -> tuple[Logical, ...]:
    """Split a condition at its outermost `and`s: `(a and b) for D` means `a for D` and `b for D`."""
    if isinstance(logic, Combined) and logic.operator is Operator.AND:
        return conjuncts(logic.left) + conjuncts(logic.right)
    return (logic,)


def step_of(logic: Logical) -> timedelta:
    """Return the width of the consecutive windows that a condition is evaluated on: its narrowest window.

    Windows before a change count only in a part of a rule that has no others.
    """
    return min(reduced.window for reduced in present(logic) or reductions(logic))


def windows_in(duration: timedelta, step: timedelta) -> int:
    """Count the windows that cover a duration; the last may reach beyond it."""
    return -(-duration // step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A part of a condition with `for`, and the consecutive windows that it is judged on: their width and number."""

    part: Logical
    step: timedelta
    windows: int
    delay: timedelta


def grids_of(logic: Logical, sustain: HoldFor) -> tuple[Grid, ...]:
    """Divide the time of `for` for each part of a condition by itself."""
    return tuple(
        Grid(
            part=part,
            step=(step := step_of(part)),
            windows=windows_in(sustain.duration, step),
            delay=delay_of(part),
        )
        for part in conjuncts(logic)
    )


def window_count(logic: Logical, sustain: HoldFor | InWindows) -> int:
    """Count the most windows that any part of a condition is evaluated on."""
    if isinstance(sustain, InWindows):
        return sustain.windows
    return max(windows_in(sustain.duration, step_of(part)) for part in conjuncts(logic))


def reach_of(condition: Condition) -> timedelta:
    """Return how much time a condition judges, back from now less its feeds' delay."""
    match condition.sustain:
        case None:
            return max(reduced.window for reduced in present(condition.logic))
        case HoldFor(duration=duration):
            return max(_reach(part, windows_in(duration, step_of(part))) for part in conjuncts(condition.logic))
        case InWindows(windows=windows):
            return _reach(condition.logic, windows)
        case _:
            assert_never(condition.sustain)


def lookback_of(condition: Condition) -> timedelta:
    """Return the time before now that data is needed of: what is judged, and what tells whether a feed is stale."""
    fresh = max(reduced.metric.window for reduced in present(condition.logic)) * FRESH_WINDOWS
    return max(fresh, reach_of(condition)) + delay_of(condition.logic)


def delay_of(logic: Logical) -> timedelta:
    """Return the longest delay of a condition's feeds: what is newer is not judged."""
    return max((reduced.metric.delay for reduced in present(logic)), default=timedelta(0))


def baseline_of(logic: Logical) -> timedelta:
    """Return the time before the change that data is needed of; zero if there is no `before`."""
    return max((reduced.window for reduced in reductions(logic) if reduced.before), default=timedelta(0))


def _reach(logic: Logical, windows: int) -> timedelta:
    widest = max((reduced.window for reduced in present(logic)), default=timedelta(0))
    return step_of(logic) * (windows - 1) + widest
