"""The facts about photos that nobody can configure: how blurry they are, and what a blur costs."""

from math import exp, log

# Weibull distribution of blur, set so that limit 2 sends 80 % to a person, limit 4 sends 40 % fewer, 9 nearly none.
_SHAPE = 1.718
_SCALE = 4.788

_BASE_ERROR = 0.009
_BLUR_ERROR = 0.012
_SHARP_ENOUGH = 2.0

_GLANCE_SECONDS = 50.0
_BORDERLINE_SECONDS = 890.0
_BORDERLINE_WIDTH = 1.0


def share_above(limit: float) -> float:
    """Return the share of photos that are blurrier than `limit`: the share of manual reviews."""
    return exp(-((limit / _SCALE) ** _SHAPE))


def blur_at(survival: float) -> float:
    """Return the blur that a share `survival` (over 0, up to 1) of all photos exceed; draws a blur from a uniform."""
    return float(_SCALE * (-log(survival)) ** (1.0 / _SHAPE))


def error_probability(blur: float, *, seen_by_clerk: bool) -> float:
    """Return how likely a passed photo is rejected later; what a machine passes grows worse with the blur."""
    if seen_by_clerk or blur <= _SHARP_ENOUGH:
        return _BASE_ERROR
    return min(1.0, _BASE_ERROR + _BLUR_ERROR * (blur - _SHARP_ENOUGH) ** 2)


def review_seconds(blur: float) -> float:
    """Return the mean time of a manual review: a borderline photo is measured, a hopeless one settled at a glance."""
    return _GLANCE_SECONDS + _BORDERLINE_SECONDS * exp(-(blur - _SHARP_ENOUGH) / _BORDERLINE_WIDTH)
