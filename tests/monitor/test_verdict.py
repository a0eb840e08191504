from datetime import UTC, datetime, timedelta

import pytest

from bot.model.names import ChangeId
from bot.model.recipe import RollbackMode, Watch
from bot.model.verdict import Measurement, Recovery, RuleOutcome, VerdictKind
from bot.monitor.verdict import WatchFacts, judge, judge_recovery

LIVE = datetime(2026, 1, 5, 9, tzinfo=UTC)
YES, NO = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD
UNKNOWN = (RuleOutcome.NO_DATA, RuleOutcome.INSUFFICIENT, RuleOutcome.STALE, RuleOutcome.ERROR)


def a_measurement(outcome: RuleOutcome, rule: str = "rule") -> Measurement:
    return Measurement(rule=rule, outcome=outcome, sentence=f"{rule} {outcome}")


def facts(success: RuleOutcome, rollback: RuleOutcome, *, before: RuleOutcome = NO, watch: Watch | None = None):
    return WatchFacts(
        change=ChangeId("c"),
        effective_at=LIVE,
        watch=watch or Watch(),
        success=a_measurement(success, "success"),
        rollback=a_measurement(rollback, "rollback"),
        before=a_measurement(before, "before"),
    )


EARLY, LATER, LATE = timedelta(minutes=10), timedelta(days=1), timedelta(days=22)
KINDS = [
    # success, rollback, before, age, verdict
    (YES, YES, NO, LATER, VerdictKind.ROLLBACK),
    (NO, YES, NO, LATER, VerdictKind.ROLLBACK),
    (NO, YES, NO, LATE, VerdictKind.ROLLBACK),
    (NO, YES, NO, EARLY, VerdictKind.HOLD),
    (NO, YES, YES, LATER, VerdictKind.ASK),
    (YES, YES, YES, LATER, VerdictKind.ASK),
    (YES, NO, NO, LATER, VerdictKind.SUCCESS),
    (YES, NO, YES, LATER, VerdictKind.SUCCESS),
    (YES, NO, NO, LATE, VerdictKind.SUCCESS),
    (NO, NO, NO, LATER, VerdictKind.HOLD),
    (NO, NO, NO, LATE, VerdictKind.ASK),
]


@pytest.mark.parametrize(("success", "rollback", "before", "age", "kind"), KINDS)
def test_the_worst_that_is_proven_decides(success, rollback, before, age, kind):
    assert judge(facts(success, rollback, before=before), LIVE + age).kind is kind


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_absence_of_evidence_never_proves_success_and_never_reverts(unknown: RuleOutcome):
    assert judge(facts(YES, unknown), LIVE + LATER).kind is VerdictKind.HOLD
    assert judge(facts(unknown, NO), LIVE + LATER).kind is VerdictKind.HOLD
    assert judge(facts(unknown, unknown), LIVE + LATER).kind is VerdictKind.HOLD
    assert judge(facts(YES, unknown), LIVE + LATE).kind is VerdictKind.ASK


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_an_unknown_past_does_not_disarm_the_watch(unknown: RuleOutcome):
    verdict = judge(facts(NO, YES, before=unknown), LIVE + LATER)
    assert (verdict.kind, verdict.armed) == (VerdictKind.ROLLBACK, True)


def test_shadow_mode_says_what_it_would_do():
    verdict = judge(facts(NO, YES, watch=Watch(mode=RollbackMode.SHADOW)), LIVE + LATER)
    assert verdict.kind is VerdictKind.HOLD
    assert "would be rolled back" in verdict.sentence


def test_a_verdict_gives_the_reason_that_decided():
    assert judge(facts(NO, YES), LIVE + LATER).sentence == "rollback HOLDS"
    assert judge(facts(YES, NO), LIVE + LATER).sentence == "success HOLDS"
    assert "cannot be measured (NO_DATA)" in judge(facts(YES, RuleOutcome.NO_DATA), LIVE + LATER).sentence


RECOVERIES = [
    (NO, timedelta(hours=1), Recovery.RECOVERED),
    (YES, timedelta(hours=1), Recovery.PENDING),
    (YES, timedelta(days=2), Recovery.NOT_RECOVERED),
    *((unknown, timedelta(days=30), Recovery.PENDING) for unknown in UNKNOWN),
]


@pytest.mark.parametrize(("outcome", "age", "recovery"), RECOVERIES)
def test_recovery_needs_evidence_either_way(outcome: RuleOutcome, age: timedelta, recovery: Recovery):
    measured = a_measurement(outcome)
    assert judge_recovery(measured, effective_at=LIVE, within=timedelta(days=2), now=LIVE + age) is recovery
