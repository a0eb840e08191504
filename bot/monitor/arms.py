"""What a metric after a change is compared with: the best baseline that there is, by name (pure).

A group that the change has not reached, at the same time; else the same hours of a week before; else the run before
of the same recipe, as long after its deployment. What was taken, and why nothing better, is part of the measurement.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.proof import RankTest
from bot.model.series import Series, Window
from bot.monitor.groups import chooser, named
from bot.monitor.previous import NO_RUN, PreviousRun
from bot.monitor.ranks import compare
from bot.rules.display import show_duration

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Two groups of numbers, and what the second one is; `why_not` says why no better one was at hand."""

    treated: tuple[float, ...]
    control: tuple[float, ...]
    name: str
    why_not: tuple[str, ...]


def is_enough(series: Series, test: RankTest, window: Window) -> bool:
    """Tell whether enough was measured since the change to be compared at all."""
    return len(_treated(series, test, window)) >= test.min_samples


def arms_of(
    series: Series, test: RankTest, window: Window, live: datetime, previous: PreviousRun | None
) -> Arms | str:
    """Choose the best baseline that there is, or say why there is none."""
    treated = _treated(series, test, window)
    if len(treated) < test.min_samples:
        return f"{len(treated)} samples since, {test.min_samples} needed"
    why_not: list[str] = []
    for control, name in (
        _beside(series, test, window, live),
        _week_before(series, test, window, live),
        _run_before(test, previous),
    ):
        if len(control) >= test.min_samples:
            return Arms(treated=treated, control=control, name=name, why_not=tuple(why_not))
        why_not.append(name)
    return "; ".join(why_not)


_Baseline = tuple[tuple[float, ...], str]
"""The numbers of a baseline and what it is; or too few of them, and why that is none."""


def _beside(series: Series, test: RankTest, window: Window, live: datetime) -> _Baseline:
    if not test.control:
        return (), "no control group is named"
    who = named(test.control)
    beside = _numbers(series, window, chooser(series, test.control))
    differ = _differed(series, test, Window(start=live - window.length, end=live))
    if differ or len(beside) < test.min_samples:
        return (), f"{who}: {differ or f'{len(beside)} samples'}"
    return beside, f"{who} at the same time"


def weeks_before(window: Window, live: datetime) -> timedelta:
    """Return the fewest whole weeks that bring a window to before a change."""
    return WEEK * max(-((live - window.end) // WEEK), 1)


def _week_before(series: Series, test: RankTest, window: Window, live: datetime) -> _Baseline:
    shift = weeks_before(window, live)
    control = _treated(series, test, Window(start=window.start - shift, end=window.end - shift))
    if len(control) < test.min_samples:
        return control, f"the same hours {show_duration(shift)} before: {len(control)} samples"
    return control, f"in the same hours {show_duration(shift)} before"


def _run_before(test: RankTest, previous: PreviousRun | None) -> _Baseline:
    if previous is None:
        return (), NO_RUN
    kept = previous.kept
    if isinstance(kept, str):
        return (), kept
    control = _treated(kept, test, previous.window)
    if not control:
        return (), previous.is_gone(kept)
    if len(control) < test.min_samples:
        return control, f"{previous.who}: {len(control)} samples"
    return control, previous.in_words


def _treated(series: Series, test: RankTest, window: Window) -> tuple[float, ...]:
    is_control = chooser(series, test.control)
    return _numbers(series, window, lambda labels: not is_control(labels))


def _differed(series: Series, test: RankTest, earlier: Window) -> str:
    """Say why a group is no baseline: it was another one before the change already, or nobody knows."""
    is_control = chooser(series, test.control)
    treated = _numbers(series, earlier, lambda labels: not is_control(labels))
    control = _numbers(series, earlier, is_control)
    if min(len(treated), len(control)) < test.min_samples:
        return "too few samples before the change to tell whether they were alike"
    above = compare(treated=treated, control=control).above
    return "they differed before the change already" if max(above, 1 - above) >= test.effect else ""


def _numbers(series: Series, window: Window, admits: Callable[[tuple[str, ...]], bool]) -> tuple[float, ...]:
    return tuple(s.value / s.of for s in series.samples if s.of > 0 and window.holds(s.at) and admits(s.labels))
