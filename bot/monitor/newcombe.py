"""How far one share lies above another, and how far it may truly lie: counts in, bounds out. It knows no clock."""

from dataclasses import dataclass
from math import sqrt

from bot.monitor.wilson import lower_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One share less another, and its bounds; as shares, from -1 to 1."""

    low: float
    seen: float
    high: float


def difference(hits: float, trials: float, than: tuple[float, float], *, confidence: float) -> Difference:
    """Compare a share with another one of hits and trials; each bound has the one-sided confidence.

    Without trials on a side nothing is known, and the bounds are -1 and 1.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of
    eleven methods, Statistics in Medicine 17 (1998), method 10: the distances of both shares from their own Wilson
    bounds, put together as the sides of a right triangle. So a bound never leaves -1 to 1, and is known where nothing
    was hit.
    """
    other_hits, other_trials = than
    if trials <= 0 or other_trials <= 0:
        return Difference(low=-1.0, seen=0.0, high=1.0)
    share, other = hits / trials, other_hits / other_trials
    down, up = _reach(hits, trials, confidence)
    other_down, other_up = _reach(other_hits, other_trials, confidence)
    seen = share - other
    return Difference(
        low=seen - sqrt(down * down + other_up * other_up),
        seen=seen,
        high=seen + sqrt(up * up + other_down * other_down),
    )


def _reach(hits: float, trials: float, confidence: float) -> tuple[float, float]:
    """Return how far a share may truly lie below what was counted, and how far above."""
    share = hits / trials
    low, high = lower_bound(hits, trials, confidence), 1.0 - lower_bound(trials - hits, trials, confidence)
    return share - low, max(high - share, 0.0)
