"""How long cases last when some are still open: durations in, quantiles out. It knows no clock and no feed.

A case that is open has lasted so long and will last longer. Left out, or taken for ended, it makes every duration
look short; the product-limit estimate counts it as long as it has lasted, and no further.

Source: E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

from bot.model.series import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """One case: how long it has lasted, and whether it is over."""

    duration: float
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The curve from one duration at which cases ended on: the share that lasts longer.

    `spread` is Greenwood's sum, of ended / (at risk * (at risk - ended)): the variance of `share` is its square times
    that. It is infinite once nobody is left.
    """

    duration: float
    share: float
    spread: float


def cases_of(samples: Iterable[Sample], *, unit: float, end: datetime) -> tuple[Lasting, ...]:
    """Return cases as they stood at `end`: what ended later was open then. Durations are in `unit` seconds."""
    cases: list[Lasting] = []
    for sample in samples:
        age = (end - sample.at).total_seconds() / unit
        ended = sample.ended and sample.value <= age
        cases.append(Lasting(duration=sample.value if ended else min(sample.value, age), ended=ended))
    return tuple(cases)


def curve_of(cases: Iterable[Lasting]) -> tuple[Step, ...]:
    """Return the product-limit curve; of equal durations those that ended come before those that are open.

    Source of the spread: M. Greenwood, The natural duration of cancer, Reports on Public Health 33 (1926).
    """
    counts: dict[float, tuple[int, int]] = {}
    for case in cases:
        ended, left = counts.get(case.duration, (0, 0))
        counts[case.duration] = ended + case.ended, left + 1
    steps: list[Step] = []
    share, spread, at_risk = 1.0, 0.0, sum(left for _, left in counts.values())
    for duration in sorted(counts):
        ended, left = counts[duration]
        if ended:
            share *= (at_risk - ended) / at_risk
            spread = spread + ended / (at_risk * (at_risk - ended)) if ended < at_risk else math.inf
            steps.append(Step(duration=duration, share=share, spread=spread))
        at_risk -= left
    return tuple(steps)


def quantile(curve: Iterable[Step], level: float) -> float | None:
    """Return the shortest duration that at least a share `level` of the cases does not exceed.

    None where the curve does not come down so far, for too many cases are still open: the quantile is longer than all
    that was seen, and by how much nobody knows.
    """
    return next((step.duration for step in curve if step.share <= 1.0 - level + _ROUNDING), None)


def share_lasting(curve: Iterable[Step], duration: float) -> Step:
    """Return the curve at a duration: the share of cases that lasts longer."""
    found = Step(duration=0.0, share=1.0, spread=0.0)
    for step in curve:
        if step.duration > duration:
            break
        found = step
    return found


def bounds(step: Step, confidence: float) -> tuple[float, float]:
    """Return one-sided bounds, each with this confidence, of a share of the curve.

    On the scale log(-log(share)), where they stay between 0 and 1. Source: J. D. Kalbfleisch and R. L. Prentice, The
    Statistical Analysis of Failure Time Data (1980), section 1.4. Where the curve has not come down, or is at zero,
    the scale has no spread; then nothing is known but that it is a share.
    """
    if not 0.0 < step.share < 1.0 or not math.isfinite(step.spread):
        return 0.0, 1.0
    logarithm = math.log(step.share)
    width = NormalDist().inv_cdf(confidence) * math.sqrt(step.spread) / -logarithm
    return step.share ** math.exp(width), step.share ** math.exp(-width)


_ROUNDING = 1e-12
"""What a product of many quotients may be off."""
