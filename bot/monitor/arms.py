"""What a metric after a change is compared with: the best baseline that there is, by name (pure).

A group that the change has not reached, at the same time; else the same hours of a week before; else the run before
of the same recipe, as long after its deployment. What was taken, and why nothing better, is part of the measurement.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.proof import RankTest
from bot.model.series import FeedFailure, Series, Window
from bot.monitor.previous import PreviousRun
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
    named = " and ".join(f"{label} {' or '.join(values)}" for label, values in sorted(test.control.items()))
    beside = _numbers(series, window, _chooser(series, test))
    differ = _differed(series, test, Window(start=live - window.length, end=live))
    if differ or len(beside) < test.min_samples:
        return (), f"{named}: {differ or f'{len(beside)} samples'}"
    return beside, f"{named} at the same time"


def _week_before(series: Series, test: RankTest, window: Window, live: datetime) -> _Baseline:
    weeks = -((live - window.end) // WEEK)
    shift = WEEK * max(weeks, 1)
    control = _treated(series, test, Window(start=window.start - shift, end=window.end - shift))
    if len(control) < test.min_samples:
        return control, f"the same hours {show_duration(shift)} before: {len(control)} samples"
    return control, f"in the same hours {show_duration(shift)} before"


def _run_before(test: RankTest, previous: PreviousRun | None) -> _Baseline:
    if previous is None:
        return (), "no run before it that ended in success is known"
    run, reading, who = previous.run, previous.reading, f"the run before, change {previous.run.change}"
    if reading is None:
        return (), f"{who}: something else was live from {format_time(run.until)} on"
    if isinstance(reading, FeedFailure):
        return (), f"{who}: {reading.feed} cannot be read: {reading.message}"
    control = _treated(reading, test, previous.window)
    if not control:
        return (), f"{who}: {reading.feed} holds nothing from {format_time(previous.window.start)} on any more"
    if len(control) < test.min_samples:
        return control, f"{who}: {len(control)} samples"
    return control, f"as long after the deployment of {who} ({format_time(run.effective_at)})"


def _treated(series: Series, test: RankTest, window: Window) -> tuple[float, ...]:
    is_control = _chooser(series, test)
    return _numbers(series, window, lambda labels: not is_control(labels))


def _differed(series: Series, test: RankTest, earlier: Window) -> str:
    """Say why a group is no baseline: it was another one before the change already, or nobody knows."""
    is_control = _chooser(series, test)
    treated = _numbers(series, earlier, lambda labels: not is_control(labels))
    control = _numbers(series, earlier, is_control)
    if min(len(treated), len(control)) < test.min_samples:
        return "too few samples before the change to tell whether they were alike"
    above = compare(treated=treated, control=control).above
    return "they differed before the change already" if max(above, 1 - above) >= test.effect else ""


def _chooser(series: Series, test: RankTest) -> Callable[[tuple[str, ...]], bool]:
    wanted = [(series.labels.index(label), frozenset(values)) for label, values in test.control.items()]
    return lambda labels: bool(wanted) and all(labels[place] in values for place, values in wanted)


def _numbers(series: Series, window: Window, admits: Callable[[tuple[str, ...]], bool]) -> tuple[float, ...]:
    return tuple(s.value / s.of for s in series.samples if s.of > 0 and window.holds(s.at) and admits(s.labels))
