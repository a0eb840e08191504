"""The truth tables of `and`, `or` and `not` over the outcomes of a rule; it knows nothing else.

A definite no decides an `and`, a definite yes decides an `or`, whatever is missing on the other side. Otherwise what
is missing wins, the worst first: ERROR, STALE, NO_DATA, INSUFFICIENT. `not` of something missing is still missing.
"""

from collections.abc import Iterable

from bot.model.verdict import RuleOutcome

_SEVERITY = {
    RuleOutcome.HOLDS: 0,
    RuleOutcome.DOES_NOT_HOLD: 0,
    RuleOutcome.GREY: 1,  # no part of a rule is ever grey, only what the monitor makes of a whole one
    RuleOutcome.INSUFFICIENT: 2,
    RuleOutcome.NO_DATA: 3,
    RuleOutcome.STALE: 4,
    RuleOutcome.ERROR: 5,
}
_INVERSE = {
    RuleOutcome.HOLDS: RuleOutcome.DOES_NOT_HOLD,
    RuleOutcome.DOES_NOT_HOLD: RuleOutcome.HOLDS,
}


def worst(outcomes: Iterable[RuleOutcome]) -> RuleOutcome:
    """Return the worst of some outcomes; the first of equals."""
    return max(outcomes, key=_SEVERITY.__getitem__)


def both(left: RuleOutcome, right: RuleOutcome) -> RuleOutcome:
    """`and`."""
    return _decided_by(RuleOutcome.DOES_NOT_HOLD, left, right)


def either(left: RuleOutcome, right: RuleOutcome) -> RuleOutcome:
    """`or`."""
    return _decided_by(RuleOutcome.HOLDS, left, right)


def inverse(outcome: RuleOutcome) -> RuleOutcome:
    """`not`."""
    return _INVERSE.get(outcome, outcome)


def _decided_by(decisive: RuleOutcome, left: RuleOutcome, right: RuleOutcome) -> RuleOutcome:
    return decisive if decisive in {left, right} else worst((left, right))
