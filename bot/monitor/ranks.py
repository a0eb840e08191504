"""Whether one group of numbers lies above another, by ranks alone: numbers in, a probability out. It knows no clock.

Source: H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than
the other, Annals of Mathematical Statistics 18 (1947). The normal approximation with the correction for ties is that
of E. L. Lehmann, Nonparametrics (1975), section 1.4, with half a step for continuity.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEAST = 50
"""So many numbers on each side, and the normal approximation will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """How two arms compare.

    `above` is the share of all pairs in which the treated number is the larger one, ties counted half: 0.5 where
    neither lies above. `chance` is how often equal arms give as much or more.
    """

    above: float
    chance: float


def compare(*, treated: Sequence[float], control: Sequence[float]) -> Ranked:
    """Compare two arms, one-sided: does the treated one lie above the control? None of them may be empty.

    Equal numbers share their ranks, so that no order of the input and no chance decides among them.
    """
    ordered = sorted(control)
    wins = math.fsum((bisect_left(ordered, each) + bisect_right(ordered, each)) / 2 for each in treated)
    pairs, count = len(treated) * len(control), len(treated) + len(control)
    ties = math.fsum(float(tied**3 - tied) for tied in Counter([*treated, *control]).values())
    variance = pairs / 12 * (count + 1 - ties / (count * (count - 1)))
    above = wins / pairs
    if variance <= 0:
        return Ranked(above=above, chance=1.0)
    score = (wins - pairs / 2 - 0.5) / math.sqrt(variance)
    return Ranked(above=above, chance=NormalDist().cdf(-score))
