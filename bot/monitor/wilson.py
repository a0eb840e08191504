"""The Wilson score bound: how low a rate may truly be, given what was counted."""

from math import sqrt
from statistics import NormalDist


def lower_bound(hits: float, trials: float, confidence: float) -> float:
    """Return the one-sided lower confidence bound of a proportion; 0 without trials.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if trials <= 0:
        return 0.0
    z = NormalDist().inv_cdf(confidence)
    rate = min(max(hits / trials, 0.0), 1.0)
    centre = rate + z * z / (2 * trials)
    spread = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return min(rate, max(0.0, (centre - spread) / (1 + z * z / trials)))
