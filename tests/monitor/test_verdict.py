from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_shadow_mode_asks_at_the_deadline_like_any_other():
    verdict = judge(facts(NO, YES, watch=Watch(mode=RollbackMode.SHADOW)), LIVE + LATE)
    assert verdict.kind is VerdictKind.ASK
    assert "would be rolled back" in verdict.sentence


def test_a_paused_policy_leaves_a_breach_to_a_person_and_success_alone():
    breach = judge(replace(facts(NO, YES), paused=True), LIVE + LATER)
    assert breach.kind is VerdictKind.ASK
    assert "paused" in breach.sentence
    assert judge(replace(facts(YES, NO), paused=True), LIVE + LATER).kind is VerdictKind.SUCCESS


def test_no_success_before_the_watch_could_have_heard_of_harm():
    assert judge(facts(YES, NO), LIVE + EARLY).kind is VerdictKind.HOLD
    assert judge(facts(YES, NO), LIVE + timedelta(minutes=30)).kind is VerdictKind.SUCCESS


OUTCOMES = st.sampled_from(RuleOutcome)
AGES = st.timedeltas(min_value=timedelta(days=-30), max_value=timedelta(days=60))
WATCHES = st.builds(
    Watch,
    mode=st.sampled_from(RollbackMode),
    arm_after=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    deadline=st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=40)),
)
FACTS = st.builds(
    lambda success, rollback, before, watch, paused: replace(
        facts(success, rollback, before=before, watch=watch), paused=paused
    ),
    OUTCOMES,
    OUTCOMES,
    OUTCOMES,
    WATCHES,
    st.booleans(),
)


@given(given_facts=FACTS, age=AGES)
def test_only_answers_lead_to_success_or_rollback(given_facts: WatchFacts, age: timedelta):
    kind = judge(given_facts, LIVE + age).kind
    if kind is VerdictKind.SUCCESS:
        assert (given_facts.success.outcome, given_facts.rollback.outcome) == (YES, NO)
    if kind is VerdictKind.ROLLBACK:
        assert given_facts.rollback.outcome is YES
        assert given_facts.before.outcome is not YES
        assert given_facts.watch.mode is not RollbackMode.SHADOW
        assert not given_facts.paused
    if kind in {VerdictKind.SUCCESS, VerdictKind.ROLLBACK}:
        assert age >= given_facts.watch.arm_after
    if kind is VerdictKind.HOLD:
        assert age < given_facts.watch.deadline


@given(given_facts=FACTS, age=AGES, shift=st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000)))
def test_shifting_all_times_changes_no_verdict(given_facts: WatchFacts, age: timedelta, shift: timedelta):
    moved = replace(given_facts, effective_at=LIVE + shift)
    assert judge(given_facts, LIVE + age).kind is judge(moved, LIVE + shift + age).kind


@given(given_facts=FACTS, age=AGES, unknown=st.sampled_from(UNKNOWN))
def test_losing_an_answer_never_makes_a_verdict_bolder(given_facts: WatchFacts, age: timedelta, unknown: RuleOutcome):
    less = replace(given_facts, rollback=a_measurement(unknown))
    assert judge(less, LIVE + age).kind in {VerdictKind.HOLD, VerdictKind.ASK}
    less = replace(given_facts, success=a_measurement(unknown))
    assert judge(less, LIVE + age).kind is not VerdictKind.SUCCESS


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
