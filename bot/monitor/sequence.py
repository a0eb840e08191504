"""A bound on a mean that holds at all times at once, however often somebody looks. Numbers in, bound out; no clock.

Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, Time-uniform central limit theory and
asymptotic confidence sequences, Annals of Statistics 52 (2024): the one-sided sequence of its appendix on one-sided
sequences (a half-normal mixture), and the tuning of its section on the choice of rho. It is asymptotic: the guarantee
is that of a central limit theorem which holds uniformly over time, from a first sample size on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LEAST = 50
"""Below so many samples a central limit theorem promises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """How many samples there were, their mean and their variance (of the samples, not of the mean)."""

    count: float
    mean: float
    variance: float


def moments_of(samples: Iterable[float]) -> Moments:
    """Return the moments of plain readings; exact sums, so that their order makes no difference."""
    values = list(samples)
    count = len(values)
    if not count:
        return Moments(count=0, mean=0.0, variance=0.0)
    mean = math.fsum(values) / count
    return Moments(count=count, mean=mean, variance=math.fsum((value - mean) ** 2 for value in values) / count)


def moments_of_share(hits: float, trials: float) -> Moments:
    """Return the moments of a share: so many ones among so many trials, with one more of each kind for the variance.

    The two keep a share of zero or one from looking certain (A. Agresti and B. Caffo, The American Statistician 54,
    2000, who add them for the same reason).
    """
    share = (hits + 1) / (trials + 2)
    return Moments(count=trials, mean=hits / trials if trials else 0.0, variance=share * (1 - share))


def tuning(alpha: float, best_at: float) -> float:
    """Return rho, which makes the bound tightest after about `best_at` samples; to be fixed before the first of them.

    The two-sided tuning at twice alpha: rho^2 = (-2 log(2 alpha) + log(1 - 2 log(2 alpha))) / best_at.
    """
    evidence = -2 * math.log(min(2 * alpha, 0.5))
    return math.sqrt((evidence + math.log(1 + evidence)) / best_at)


def margin(moments: Moments, *, alpha: float, rho: float) -> float:
    """Return how far from its mean a one-sided bound lies: over all sample sizes, it errs with a chance of `alpha`.

    sd * sqrt(2 (n rho^2 + 1) / (n^2 rho^2) * log(1 + sqrt(n rho^2 + 1) / (2 alpha))).
    """
    if moments.count <= 0:
        return math.inf
    spread = moments.count * rho * rho
    width = 2 * (spread + 1) / (moments.count * spread) * math.log(1 + math.sqrt(spread + 1) / (2 * alpha))
    return math.sqrt(moments.variance * width)
