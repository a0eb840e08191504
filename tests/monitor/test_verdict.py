from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.names import ChangeId
from bot.model.recipe import ROLLBACK, SUCCESS, Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch
from bot.model.verdict import Measurement, Recovery, RuleOutcome, VerdictKind
from bot.monitor.clocks import WatchClock
from bot.monitor.verdict import GuardFacts, WatchFacts, judge, judge_recovery

LIVE = datetime(2026, 1, 5, 9, tzinfo=UTC)
YES, NO = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD
UNKNOWN = (
    RuleOutcome.GREY,
    RuleOutcome.NO_DATA,
    RuleOutcome.INSUFFICIENT,
    RuleOutcome.STALE,
    RuleOutcome.ERROR,
)


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


def test_time_that_nothing_could_be_seen_in_is_none_that_a_rollback_had():
    measured = a_measurement(YES)
    age = timedelta(days=3)
    for frozen, recovery in ((timedelta(days=1), Recovery.NOT_RECOVERED), (timedelta(days=2), Recovery.PENDING)):
        found = judge_recovery(measured, effective_at=LIVE, within=timedelta(days=2), now=LIVE + age, frozen=frozen)
        assert found is recovery


# Every outcome under every policy: what a rule for harm says, with a success that holds

GREY, NONE, FEW, OLD, BAD = UNKNOWN[0], UNKNOWN[1], UNKNOWN[2], UNKNOWN[3], UNKNOWN[4]
ROLL, ASK, HOLD, WON = VerdictKind.ROLLBACK, VerdictKind.ASK, VerdictKind.HOLD, VerdictKind.SUCCESS
DAY = timedelta(days=1)
OUTCOMES_BY_POLICY = {
    # no data for an hour:       hold, breach, ok; for a day: hold, breach, ok
    YES: (ROLL, ROLL, ROLL, ROLL, ROLL, ROLL),
    NO: (WON, WON, WON, WON, WON, WON),
    GREY: (HOLD, HOLD, HOLD, HOLD, HOLD, HOLD),
    NONE: (HOLD, HOLD, WON, ASK, ROLL, WON),
    OLD: (HOLD, HOLD, WON, ASK, ROLL, WON),
    FEW: (HOLD, HOLD, HOLD, HOLD, HOLD, HOLD),
    BAD: (HOLD, HOLD, HOLD, HOLD, HOLD, HOLD),
}
POLICIES = [(silent, policy) for silent in (timedelta(hours=1), DAY) for policy in NoData]
CELLS = [
    (outcome, silent, policy, OUTCOMES_BY_POLICY[outcome][place])
    for outcome in RuleOutcome
    for place, (silent, policy) in enumerate(POLICIES)
]


@pytest.mark.parametrize(("outcome", "silent", "policy", "kind"), CELLS)
def test_every_outcome_under_every_policy(outcome, silent, policy, kind):
    watch = Watch(no_data=policy)
    given_facts = replace(facts(YES, outcome, watch=watch), clock=WatchClock(silence={ROLLBACK: silent}))
    assert judge(given_facts, LIVE + LATER).kind is kind
    # The same rule beside one that says no: a guardrail is as good as the recipe's own rule, a signal only asks.
    guard = Guard(name="slow", rule="", no_data=policy)
    clock = WatchClock(silence={"slow": silent})
    beside = GuardFacts(guard=guard, now=a_measurement(outcome), before=a_measurement(NO))
    assert judge(replace(facts(YES, NO), guards=(beside,), clock=clock), LIVE + LATER).kind is kind
    signal = replace(beside, guard=replace(guard, role=GuardRole.SIGNAL))
    expected = ASK if kind is ROLL else kind
    assert judge(replace(facts(YES, NO), guards=(signal,), clock=clock), LIVE + LATER).kind is expected
    shadow = replace(beside, guard=replace(guard, mode=RollbackMode.SHADOW))
    assert judge(replace(facts(YES, NO), guards=(shadow,), clock=clock), LIVE + LATER).kind is WON


@pytest.mark.parametrize("before", RuleOutcome)
def test_silence_is_harm_only_of_a_feed_that_spoke_before(before: RuleOutcome):
    watch = Watch(no_data=NoData.BREACH)
    clock = WatchClock(silence={ROLLBACK: DAY})
    given_facts = replace(facts(NO, NONE, before=before, watch=watch), clock=clock)
    spoke = before in {NO, GREY, FEW}
    assert judge(given_facts, LIVE + LATER).kind is (ROLL if spoke else ASK)


BLIND = WatchClock(failures=5, blind=True, frozen=DAY)
BLINDNESS = [
    # success, rollback, verdict
    (BAD, NO, ASK),
    (YES, BAD, ASK),
    (BAD, BAD, ASK),
    (BAD, YES, ROLL),
    (NO, NO, HOLD),
]


@pytest.mark.parametrize(("success", "rollback", "kind"), BLINDNESS)
def test_a_blind_rule_asks_and_one_that_sees_still_decides(success, rollback, kind):
    verdict = judge(replace(facts(success, rollback), clock=BLIND), LIVE + LATER)
    assert verdict.kind is kind
    assert ("blind for 5 looks in a row" in verdict.sentence) == (kind is ASK)


def test_success_without_data_for_a_day_tells_a_person():
    for silent, kind in ((DAY / 2, HOLD), (DAY, ASK)):
        clock = WatchClock(silence={SUCCESS: silent})
        assert judge(replace(facts(NONE, NO), clock=clock), LIVE + LATER).kind is kind


AT_DEADLINE = [
    # on_deadline, success, rollback, verdict
    *((OnDeadline.ASK_HUMAN, success, rollback, ASK) for success in (NO, NONE) for rollback in (NO, GREY)),
    (OnDeadline.KEEP, NO, NO, VerdictKind.KEEP),
    (OnDeadline.KEEP, NONE, NO, VerdictKind.KEEP),
    *((OnDeadline.KEEP, NO, unknown, ASK) for unknown in UNKNOWN),
    (OnDeadline.KEEP, NO, YES, ROLL),
    (OnDeadline.KEEP, YES, NO, WON),
    (OnDeadline.ROLLBACK, NO, NO, ROLL),
    *((OnDeadline.ROLLBACK, unknown, NO, ASK) for unknown in UNKNOWN),
    *((OnDeadline.ROLLBACK, NO, unknown, ASK) for unknown in UNKNOWN),
    (OnDeadline.ROLLBACK, YES, NO, WON),
]


@pytest.mark.parametrize(("wanted", "success", "rollback", "kind"), AT_DEADLINE)
def test_what_follows_at_the_deadline_needs_evidence_like_any_verdict(wanted, success, rollback, kind):
    verdict = judge(facts(success, rollback, watch=Watch(on_deadline=wanted)), LIVE + LATE)
    assert verdict.kind is kind
    assert verdict.inconclusive == (kind is ASK)


def test_a_deadline_takes_nothing_back_in_shadow_mode_or_while_the_policy_is_paused():
    watch = Watch(on_deadline=OnDeadline.ROLLBACK)
    given_facts = facts(NO, NO, watch=watch)
    assert judge(replace(given_facts, paused=True), LIVE + LATE).kind is ASK
    shadow = replace(given_facts, watch=replace(watch, mode=RollbackMode.SHADOW))
    assert judge(shadow, LIVE + LATE).kind is ASK
    propose = replace(given_facts, watch=replace(watch, mode=RollbackMode.PROPOSE))
    assert judge(propose, LIVE + LATE).mode is RollbackMode.PROPOSE


def test_no_deadline_passes_while_nothing_is_seen():
    given_facts = replace(facts(NO, NO), clock=WatchClock(frozen=DAY))
    assert judge(given_facts, LIVE + timedelta(days=21, hours=23)).kind is HOLD
    assert judge(given_facts, LIVE + timedelta(days=22)).kind is ASK


@given(given_facts=FACTS, age=AGES)
def test_what_is_inconclusive_is_a_persons_whatever_comes(given_facts: WatchFacts, age: timedelta):
    verdict = judge(replace(given_facts, clock=WatchClock(over=True)), LIVE + age)
    assert (verdict.kind, verdict.inconclusive) == (ASK, True)


def test_a_breach_from_before_takes_back_only_what_made_it_worse():
    for worse, kind in ((None, ASK), (NO, ASK), (GREY, ASK), (YES, ROLL)):
        measured = None if worse is None else a_measurement(worse, "worse")
        verdict = judge(replace(facts(NO, YES, before=YES), worse=measured), LIVE + LATER)
        assert verdict.kind is kind
        assert ("worse than before the change" in verdict.sentence) == (kind is ROLL)


def test_the_worst_rule_decides_and_is_named():
    def beside(name: str, outcome: RuleOutcome) -> GuardFacts:
        guard = Guard(name=name, rule="", mode=RollbackMode.PROPOSE)
        return GuardFacts(guard=guard, now=a_measurement(outcome, name), before=a_measurement(NO))

    given_facts = replace(facts(YES, NO), guards=(beside("first", GREY), beside("second", YES)))
    verdict = judge(given_facts, LIVE + LATER)
    assert (verdict.kind, verdict.by, verdict.mode) == (ROLL, "second", RollbackMode.PROPOSE)
    assert verdict.sentence == "second: second HOLDS"
    assert verdict.deciding.rule == "second"
    assert [seen.name for seen in verdict.guards] == ["first", "second"]
    held = judge(replace(facts(YES, NO), guards=(beside("first", GREY),)), LIVE + LATER)
    assert (held.kind, held.by) == (HOLD, "first")
    assert judge(facts(YES, NO), LIVE + LATER).deciding.rule == "rollback"


@given(
    outcomes=st.lists(OUTCOMES, min_size=1, max_size=4),
    names=st.lists(st.text("abc", min_size=1, max_size=3), min_size=4, max_size=4, unique=True),
)
def test_renaming_rules_changes_no_verdict(outcomes: list[RuleOutcome], names: list[str]):
    def named(chosen: list[str]) -> VerdictKind:
        guards = tuple(
            GuardFacts(guard=Guard(name=name, rule=""), now=a_measurement(outcome), before=a_measurement(NO))
            for name, outcome in zip(chosen, outcomes, strict=False)
        )
        return judge(replace(facts(YES, NO), guards=guards), LIVE + LATER).kind

    assert named(names) is named([f"x{place}" for place in range(4)])


@given(outcomes=st.lists(OUTCOMES, max_size=3), more=OUTCOMES)
def test_one_more_rule_never_makes_success_of_what_was_none(outcomes: list[RuleOutcome], more: RuleOutcome):
    def kind(of: list[RuleOutcome]) -> VerdictKind:
        guards = tuple(
            GuardFacts(guard=Guard(name=f"g{n}", rule=""), now=a_measurement(each), before=a_measurement(NO))
            for n, each in enumerate(of)
        )
        return judge(replace(facts(YES, NO), guards=guards), LIVE + LATER).kind

    order = list(VerdictKind)
    assert order.index(kind([*outcomes, more])) <= order.index(kind(outcomes))


def test_success_waits_until_the_last_of_the_rules_is_armed():
    late = Guard(name="late", rule="", arm_after=timedelta(hours=5))
    guarded = replace(
        facts(YES, NO), guards=(GuardFacts(guard=late, now=a_measurement(NO), before=a_measurement(NO)),)
    )
    assert judge(guarded, LIVE + timedelta(hours=4)).kind is VerdictKind.HOLD
    assert judge(guarded, LIVE + timedelta(hours=5)).kind is VerdictKind.SUCCESS


@pytest.mark.parametrize("mode", [RollbackMode.AUTO, RollbackMode.PROPOSE])
def test_a_rollback_is_a_draft_where_the_recipe_says_propose(mode: RollbackMode):
    verdict = judge(facts(NO, YES, watch=Watch(mode=mode)), LIVE + LATER)
    assert (verdict.kind, verdict.mode) == (VerdictKind.ROLLBACK, mode)


@pytest.mark.parametrize("wanted", OnDeadline)
def test_a_person_who_is_asked_is_asked_at_the_deadline_too_whatever_the_recipe_says(wanted: OnDeadline):
    silent = WatchClock(silence={SUCCESS: timedelta(days=2)})
    asked = replace(facts(RuleOutcome.NO_DATA, NO, watch=Watch(on_deadline=wanted)), clock=silent)
    assert judge(asked, LIVE + LATER).kind is VerdictKind.ASK
    assert judge(asked, LIVE + LATE).kind is VerdictKind.ASK
