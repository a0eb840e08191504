"""The cumulative sum of evidence that a share lies beyond its limit: counts in, evidence out. It knows no clock.

Each window adds the log-likelihood ratio of its counts, a share of twice the limit against the limit itself; what is
looked at is the largest sum over windows up to the newest.

Source: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954).
"""

from collections.abc import Sequence
from itertools import accumulate
from math import log

_HARMFUL = 2.0
"""The share that the limit is held against is so many times the limit."""


def harmful(limit: float) -> float:
    """Return the share that counts as harm: twice the limit, or half of the way to 1 where that is less."""
    return min(_HARMFUL * limit, (1.0 + limit) / 2)


def evidence_of(hits: float, trials: float, limit: float) -> float:
    """Return the log-likelihood ratio of counts: a harmful share against a share at its limit, which is below 1.

    A limit of zero is where ever smaller limits lead to: a hit is still twice as likely, a miss says nothing.
    """
    worse = harmful(limit)
    hit = log(worse / limit) if limit > 0 else log(_HARMFUL)
    return hits * hit + max(trials - hits, 0.0) * log((1.0 - worse) / (1.0 - limit))


def strongest(newest_first: Sequence[float]) -> float:
    """Return the largest sum of the evidence of windows up to the newest; never below zero."""
    return max(accumulate(newest_first, initial=0.0))


def needed(looks: int, alpha: float) -> float:
    """Return the evidence that a share at its limit reaches with a chance of at most `alpha` in so many looks.

    From any window on, the likelihood ratio is a martingale of mean 1, so it ever exceeds e^h with a chance of at
    most e^-h (J. Ville, Etude critique de la notion de collectif, 1939); there are `looks` windows to begin at.
    """
    return log(looks / alpha)
