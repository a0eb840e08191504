"""What the measurements say about a change. Pure; precedence ROLLBACK > ASK > HOLD > SUCCESS.

Absence of evidence never proves success and never reverts: a rule that could not be measured holds the verdict.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.names import ChangeId
from bot.model.recipe import RollbackMode, Watch
from bot.model.verdict import Measurement, Recovery, RuleOutcome, Verdict, VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFacts:
    """All that a verdict rests on.

    `before` is the rollback rule measured on the time before the change took effect; `paused` is the policy's switch.
    """

    change: ChangeId
    effective_at: datetime
    watch: Watch
    success: Measurement
    rollback: Measurement
    before: Measurement
    paused: bool = False


def judge(facts: WatchFacts, now: datetime) -> Verdict:
    """Give the verdict on one change at one moment."""
    armed = facts.before.outcome is not RuleOutcome.HOLDS
    kind, sentence = _on_breach(facts, now) if facts.rollback.outcome is RuleOutcome.HOLDS else _otherwise(facts, now)
    deadline = facts.effective_at + facts.watch.deadline
    if kind is VerdictKind.HOLD and now >= deadline:
        kind, sentence = VerdictKind.ASK, f"no verdict by {format_time(deadline)}: {sentence}"
    return Verdict(
        change=facts.change,
        kind=kind,
        at=now,
        sentence=sentence,
        success=facts.success,
        rollback=facts.rollback,
        armed=armed,
    )


def _on_breach(facts: WatchFacts, now: datetime) -> tuple[VerdictKind, str]:
    watch, sentence = facts.watch, facts.rollback.sentence
    if facts.before.outcome is RuleOutcome.HOLDS:
        return VerdictKind.ASK, f"the breach was there before the change: {sentence}"
    if _is_early(facts, now):
        return VerdictKind.HOLD, f"a breach, but the watch arms {_after(watch.arm_after)} the deployment"
    if watch.mode is RollbackMode.SHADOW:
        return VerdictKind.HOLD, f"would be rolled back (mode shadow): {sentence}"
    if facts.paused:
        return VerdictKind.ASK, f"would be rolled back, but the policy is paused: {sentence}"
    return VerdictKind.ROLLBACK, sentence


def _otherwise(facts: WatchFacts, now: datetime) -> tuple[VerdictKind, str]:
    """Judge without a breach: success needs a rollback rule that says no, and a watch that could have heard it."""
    if facts.rollback.outcome is not RuleOutcome.DOES_NOT_HOLD:
        why = f"the rollback rule cannot be measured ({facts.rollback.outcome}): {facts.rollback.sentence}"
        return VerdictKind.HOLD, why
    if facts.success.outcome is RuleOutcome.HOLDS and _is_early(facts, now):
        return VerdictKind.HOLD, f"success, but the watch arms {_after(facts.watch.arm_after)} the deployment"
    kind = VerdictKind.SUCCESS if facts.success.outcome is RuleOutcome.HOLDS else VerdictKind.HOLD
    return kind, facts.success.sentence


def _is_early(facts: WatchFacts, now: datetime) -> bool:
    return now < facts.effective_at + facts.watch.arm_after


def judge_recovery(rollback: Measurement, *, effective_at: datetime, within: timedelta, now: datetime) -> Recovery:
    """Tell whether a rollback helped: the breach is measurably gone, or still there when the time is up."""
    match rollback.outcome:
        case RuleOutcome.DOES_NOT_HOLD:
            return Recovery.RECOVERED
        case RuleOutcome.HOLDS if now >= effective_at + within:
            return Recovery.NOT_RECOVERED
        case _:
            return Recovery.PENDING


def _after(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes after"
