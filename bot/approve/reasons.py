"""Reasons as a tree: the worst child decides a branch and speaks for it (pure)."""

from bot.model.decision import GateStatus, Reason

SEVERITY = (GateStatus.REFUSED, GateStatus.DISAPPROVED, GateStatus.PENDING, GateStatus.APPROVED)
"""From what no review mends to what lets pass."""


def good(name: str, sentence: str) -> Reason:
    """Return a reason that lets pass."""
    return Reason(name=name, status=GateStatus.APPROVED, sentence=sentence)


def refused(name: str, sentence: str) -> Reason:
    """Return a breach of a rule."""
    return Reason(name=name, status=GateStatus.REFUSED, sentence=sentence)


def disapproved(name: str, sentence: str) -> Reason:
    """Return a person's or the calendar's no."""
    return Reason(name=name, status=GateStatus.DISAPPROVED, sentence=sentence)


def pending(name: str, sentence: str) -> Reason:
    """Return something that is still to come."""
    return Reason(name=name, status=GateStatus.PENDING, sentence=sentence)


def all_of(name: str, sentence: str, children: tuple[Reason, ...]) -> Reason:
    """Join reasons that must all let pass; `sentence` is what they say together if they do."""
    worst = worst_first(children)[0]
    if worst.status is GateStatus.APPROVED:
        return Reason(name=name, status=GateStatus.APPROVED, sentence=sentence, children=children)
    return Reason(name=name, status=worst.status, sentence=worst.sentence, children=children)


def worst_first(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Order reasons by what they block, keeping the order among equals."""
    return tuple(sorted(reasons, key=lambda reason: SEVERITY.index(reason.status)))
