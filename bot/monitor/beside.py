"""Is a share worse than a baseline, in percentage points? Pure: counts in, a proven difference out.

A limit says nothing about why it is broken: an outage breaks it everywhere at once. So a share is held against the
best baseline that there is: the groups that the change has not reached, at the same time; the same hours of a week
before; the run before, as long after its deployment. What was taken, and why nothing better, is told.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.model.clock import format_time
from bot.model.series import Series, Window
from bot.monitor.arms import WEEK, weeks_before
from bot.monitor.groups import Control, Counted, Counts, counted, named, parted
from bot.monitor.newcombe import Difference, difference
from bot.monitor.previous import NO_RUN, PreviousRun
from bot.rules.display import show_duration

_NOTHING: Counts = (0.0, 0.0)
_LEAST = 0.1
"""Less than this part of what a limit allows is a trifle: groups that differ so little are alike, and it is no harm
to lie so little beyond one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What the groups that a change has reached counted, and the control groups; hits are what is bad, for any rule.

    `run_before` is what the previous run counted, and what it is; or nothing, and why.
    """

    reached: Counted
    control: Counted
    named: str
    run_before: tuple[Counts, str] = ((0.0, 0.0), NO_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a difference: in which window after which change, and what is needed to say yes.

    `is_upper` is whether the limit is one from above: the hits of the rule are what is bad. `allowed` is the share of
    what is bad that the limit allows.
    """

    window: Window
    live: datetime
    is_upper: bool
    allowed: float
    confidence: float
    min_samples: int

    @property
    def least(self) -> float:
        """The difference that is no trifle any more."""
        return self.allowed * _LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How far a share lies beyond a baseline, of which `bad` of `trials` are bad."""

    found: Difference
    name: str
    bad: float
    trials: float
    why_not: tuple[str, ...]

    def is_proven(self, asked: Question) -> bool:
        """Tell whether it is more than chance and more than a trifle."""
        return self.found.low > asked.least

    def in_words(self, asked: Question) -> str:
        """Say what was compared, and how it came out."""
        side, bad = "above" if asked.is_upper else "below", self.bad / self.trials
        share = bad if asked.is_upper else 1.0 - bad
        why = f" ({'; '.join(self.why_not)})" if self.why_not else ""
        return (
            f"since {format_time(asked.window.start)} {points(self.found.seen)} {side} {self.name} "
            f"({share:.2%}, n={self.trials:g}){why}, at least {points(self.found.low)} with {asked.confidence:.3%} "
            f"confidence, more than {points(asked.least)} needed"
        )


def sides_of(series: Series, control: Control, previous: PreviousRun | None, *, is_upper: bool) -> Sides:
    """Part a feed into the groups that a change has reached and those that it has not."""
    reached, beside = parted(series, control)
    return Sides(
        reached=bad_of(counted(reached), is_upper=is_upper),
        control=bad_of(counted(beside), is_upper=is_upper),
        named=named(control),
        run_before=_kept(previous, control, is_upper=is_upper),
    )


def bad_of(count: Counted, *, is_upper: bool) -> Counted:
    """Count what is bad: the hits where the limit is one from above, all else where it is one from below."""

    def bad(window: Window) -> Counts:
        hits, trials = count(window)
        return trials - hits, trials

    return count if is_upper else bad


def _kept(previous: PreviousRun | None, control: Control, *, is_upper: bool) -> tuple[Counts, str]:
    """Count what is kept of the run before, of the groups that are reached now."""
    if previous is None:
        return _NOTHING, NO_RUN
    kept = previous.kept
    if isinstance(kept, str):
        return _NOTHING, kept
    counts = bad_of(counted(parted(kept, control)[0]), is_upper=is_upper)(previous.window)
    return counts, previous.in_words if counts[1] else previous.is_gone(kept)


def compared(sides: Sides, asked: Question) -> Found | str:
    """Compare what was reached with the best baseline that there is, or say why there is none."""
    why_not: list[str] = []
    for baseline in (_at_the_same_time, _in_the_same_hours, _run_before):
        counts, name = baseline(sides, asked)
        if counts[1] >= asked.min_samples:
            found = difference(*sides.reached(asked.window), counts, confidence=asked.confidence)
            return Found(found=found, name=name, bad=counts[0], trials=counts[1], why_not=tuple(why_not))
        why_not.append(name)
    return "; ".join(why_not)


_Baseline = tuple[Counts, str]
"""What a baseline counted and what it is; or too little of it, and why that is none."""


def _at_the_same_time(sides: Sides, asked: Question) -> _Baseline:
    beside = sides.control(asked.window)
    differed = "" if beside[1] < asked.min_samples else _differed(sides, asked)
    if differed or beside[1] < asked.min_samples:
        return _NOTHING, f"{sides.named}: {differed or f'{beside[1]:g} counted'}"
    return beside, f"{sides.named} at the same time"


def _differed(sides: Sides, asked: Question) -> str:
    """Say why a group is no baseline: in the week before the change it was another one already, or nobody knows.

    It takes both to be another one: more than chance, since few counts differ by chance, and more than a trifle,
    since on much traffic no two groups are the same.
    """
    earlier = Window(start=asked.live - WEEK, end=asked.live)
    reached, control = sides.reached(earlier), sides.control(earlier)
    if min(reached[1], control[1]) < asked.min_samples:
        return "too few counted in the week before the change to tell whether they were alike"
    found = difference(*reached, control, confidence=asked.confidence)
    is_proven, is_large = found.low > 0 or found.high < 0, abs(found.seen) > asked.least
    return f"they differed by {points(abs(found.seen))} before the change already" if is_proven and is_large else ""


def _in_the_same_hours(sides: Sides, asked: Question) -> _Baseline:
    shift = weeks_before(asked.window, asked.live)
    window = Window(start=asked.window.start - shift, end=asked.window.end - shift)
    counts = sides.reached(window)
    if counts[1] < asked.min_samples:
        return counts, f"the same hours {show_duration(shift)} before: {counts[1]:g} counted"
    return counts, f"the same hours {show_duration(shift)} before"


def _run_before(sides: Sides, asked: Question) -> _Baseline:
    counts, name = sides.run_before
    is_few = 0 < counts[1] < asked.min_samples
    return counts, f"{name}: {counts[1]:g} counted" if is_few else name


def points(difference: float) -> str:
    """Write a difference of two shares."""
    return f"{difference * 100:.2f} points"
