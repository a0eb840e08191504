"""The groups of a feed that a change has not reached, named by label, and what groups count in a window (pure)."""

import math
from collections.abc import Callable, Iterable, Mapping

from bot.model.series import Sample, Series, Window

Control = Mapping[str, tuple[str, ...]]
"""The groups that a change has not reached: by label, which values they have."""
Counts = tuple[float, float]
"""How many were hit, and of how many."""
Counted = Callable[[Window], Counts]
"""What some groups counted in a window."""
MOST_COUNTED = 1e15
"""More than that nobody counts in a window; it leaves out what is no number, too."""


def is_countable(sample: Sample) -> bool:
    """Tell whether a sample is a count of so many out of so many."""
    return 0 <= sample.value <= MOST_COUNTED and 0 < sample.of <= MOST_COUNTED


def chooser(series: Series, control: Control) -> Callable[[tuple[str, ...]], bool]:
    """Return what tells by a sample's labels whether it is of a control group; the series has all of its labels."""
    wanted = [(series.labels.index(label), frozenset(values)) for label, values in control.items()]
    return lambda labels: bool(wanted) and all(labels[place] in values for place, values in wanted)


def named(control: Control) -> str:
    """Say which groups they are."""
    return " and ".join(f"{label} {' or '.join(values)}" for label, values in sorted(control.items()))


def parted(series: Series, control: Control) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Part samples into those of the groups that a change has reached, and those of a control group."""
    is_control = chooser(series, control)
    reached: list[Sample] = []
    beside: list[Sample] = []
    for sample in series.samples:
        (beside if is_control(sample.labels) else reached).append(sample)
    return tuple(reached), tuple(beside)


def counted(samples: Iterable[Sample]) -> Counted:
    """Count what is countable among samples, window by window."""
    usable = [sample for sample in samples if is_countable(sample)]

    def count(window: Window) -> Counts:
        inside = [sample for sample in usable if window.holds(sample.at)]
        return math.fsum(s.value for s in inside), math.fsum(s.of for s in inside)

    return count
