"""Replaying a rollback rule, and a whole watch, says what the monitor itself says look by look."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearse.pasts import (
    AGE,
    ERRORS,
    LATE,
    METRICS,
    MINUTE,
    QUEUE,
    START,
    WAIT,
    failure_of,
    pasts,
    recipe_of,
    rule_of,
    series_of,
)
from tries import tries

from bot.model.proof import ControlChoice, RankChoice, SequenceChoice, ShareTest
from bot.model.recipe import RollbackMode
from bot.model.series import Sample, SeriesKind
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.monitor.breach import breach_of
from bot.monitor.success import success_of
from bot.monitor.verdict import WatchFacts, judge
from bot.recipes.library import CompiledRecipe
from bot.rehearse.replay import Looks
from bot.rehearse.replay_breach import breach_at, replay_breach
from bot.rehearse.strand import Strand
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rehearse.watch_past import EVERY, Watcher
from bot.rules.catalog import Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

TEST = RollbackTest(
    window=timedelta(minutes=5), min_samples=20, windows=6, breaches=3, pool=timedelta(minutes=30), confidence=0.9
)
ROLLBACKS = (
    "error_rate > 5%",
    "error_rate < 5%",
    "5% <= error_rate",
    "mean(error_rate) >= 0%",
    "max(error_rate) > 50%",
    "error_rate > 5% for 15_minutes",
    "age > 2_days",
    "late_time > 2_days and age > 1_days",
    "age > before(age)",
    "wait_time / age > 1",
)


@settings(max_examples=tries(100), deadline=None)
@given(
    text=st.sampled_from(ROLLBACKS),
    share=st.sampled_from(ShareTest),
    drawn=st.data(),
    since=st.one_of(st.none(), st.integers(-60, 300)),
    step=st.sampled_from([5, 7, 60]),
    begin=st.integers(0, 120),
)
def test_every_look_says_what_the_monitor_measures(text, share, drawn, since, step, begin):
    rule = rule_of(text)
    data = drawn.draw(pasts(rule.feeds))
    fresh = None if since is None else START + since * MINUTE
    needs = Needs(min_samples=2, fresh_after=fresh, changed_at=fresh or START)
    looks = Looks(start=micros_at(START + begin * MINUTE), step=micros_of(step * MINUTE), count=30)
    test = replace(TEST, share=share)
    found = replay_breach(rule, {feed: Strand(reading) for feed, reading in data.items()}, looks, test, needs)
    wanted = [breach_of(rule, data, test, now=moment_at(look), needs=needs).outcome for look in looks.moments]
    assert found == wanted


def agree(text, data, needs, looks=None, test=TEST):
    """Replay a rollback rule and hold every look against the monitor's own measurement."""
    rule = rule_of(text)
    looks = looks or Looks(start=micros_at(START), step=micros_of(10 * MINUTE), count=12)
    found = replay_breach(rule, {feed: Strand(reading) for feed, reading in data.items()}, looks, test, needs)
    wanted = [breach_of(rule, data, test, now=moment_at(look), needs=needs).outcome for look in looks.moments]
    assert found == wanted
    return set(found)


def test_counts_that_are_no_whole_numbers_stale_ones_and_those_of_another_kind():
    counts = [Sample(at=START + 5 * n * MINUTE, value=3.3, of=30.1) for n in range(12)]
    series = series_of(ERRORS, counts)
    assert RuleOutcome.HOLDS in agree("error_rate > 5%", {ERRORS: series}, Needs())
    whole = series_of(ERRORS, [replace(sample, value=3.0, of=30.0) for sample in counts[:6]])
    assert RuleOutcome.STALE in agree("error_rate > 5%", {ERRORS: whole}, Needs())
    other = replace(series, kind=SeriesKind.READINGS)
    assert agree("error_rate > 5%", {ERRORS: other}, Needs()) == {RuleOutcome.ERROR}
    assert agree("error_rate > 5%", {ERRORS: failure_of(ERRORS)}, Needs()) == {RuleOutcome.ERROR}


def test_a_rule_on_ranks_is_asked_of_the_monitor_itself():
    random = Random(5)
    waits = measured(random, 600, 1.0) + [
        replace(each, at=each.at + 600 * MINUTE) for each in measured(random, 600, 3.0)
    ]
    live = START + 600 * MINUTE
    looks = Looks(start=micros_at(live + 60 * MINUTE), step=micros_of(60 * MINUTE), count=9)
    test = TEST.chosen(RankChoice(every=60 * MINUTE * 4, min_samples=20, alpha=0.05))
    needs = Needs(fresh_after=live, changed_at=live)
    assert RuleOutcome.HOLDS in agree("wait_time > 2_days", {WAIT: series_of(WAIT, waits)}, needs, looks, test)


def test_evidence_that_adds_up_is_the_monitors_own():
    counts = [Sample(at=START + 5 * n * MINUTE, value=float(4 + n % 3), of=30.0) for n in range(30)]
    series = {ERRORS: series_of(ERRORS, counts)}
    for phase in (0, 3):
        looks = Looks(start=micros_at(START + (20 + phase) * MINUTE), step=micros_of(5 * MINUTE), count=30)
        for since in (None, START + 40 * MINUTE):
            test = replace(TEST, share=ShareTest.CUSUM)
            assert RuleOutcome.HOLDS in agree("error_rate > 5%", series, Needs(fresh_after=since), looks, test)


def offices(days: float, shares: tuple[float, ...], of: float) -> tuple[datetime, list[Sample]]:
    """Count for so many days and then three hours; shares of the north before and after, and of the south."""
    random, live = Random(4), START + timedelta(days=days)
    at, held = START, []
    while at < live + 200 * MINUTE:
        for office, before, after in (("north", *shares[:2]), ("south", *shares[2:])):
            share = before if at < live else after
            hits = of if share == 1 else float(sum(random.random() < share for _ in range(int(of))))
            held.append(Sample(at=at, value=hits, of=of, labels=(office,)))
        at += random.choice([5, 5, 5, 5, 5, 20]) * MINUTE
    return live, held


def held_against(text: str, live: datetime, held: list[Sample], *, since: int | None) -> list[RuleOutcome]:
    """Replay a ratio with a control group and hold every look against the monitor's own measurement."""
    rule = compile_rule(text, Scope(watched=(), metrics=(replace(METRICS[1], labels=("office",)),)))
    assert isinstance(rule, Rule)
    data = {ERRORS: replace(series_of(ERRORS, held), labels=("office",))}
    fresh = None if since is None else live + since * MINUTE
    needs = Needs(fresh_after=fresh, changed_at=live)
    looks = Looks(start=micros_at(live + 25 * MINUTE), step=micros_of(25 * MINUTE), count=7)
    test = TEST.chosen(ControlChoice(control={"office": ("north",)}))
    past = {feed: Strand(each) for feed, each in data.items()}
    parts = (replace(looks, count=3), replace(looks, start=looks.start + looks.step * 3, count=4))
    found = [outcome for part in parts for outcome in replay_breach(rule, past, part, test, needs)]
    assert found == [breach_of(rule, data, test, now=moment_at(at), needs=needs).outcome for at in looks.moments]
    return found


@settings(max_examples=tries(60), deadline=None)
@given(
    text=st.sampled_from(["mean(error_rate) > 5%", "mean(error_rate) < 95%"]),
    days=st.sampled_from([0.05, 1, 8]),
    shares=st.tuples(*[st.sampled_from([0.0, 0.04, 0.2, 1.0])] * 4),
    of=st.sampled_from([7.0, 40.0, 2.5]),
    since=st.one_of(st.none(), st.integers(-5, 60)),
)
def test_a_share_that_is_held_against_a_control_group_is_the_monitors_own(text, days, shares, of, since):
    held_against(text, *offices(days, shares, of), since=since)


@pytest.mark.parametrize(
    ("days", "shares", "outcome"),
    [
        (1, (0.02, 0.02, 0.02, 0.3), RuleOutcome.HOLDS),
        (1, (0.02, 0.3, 0.02, 0.3), RuleOutcome.GREY),
        (8, (0.5, 0.3, 0.02, 0.3), RuleOutcome.HOLDS),
        (0, (0.02, 0.3, 0.02, 0.3), RuleOutcome.HOLDS),
    ],
    ids=["harm", "an outage", "the others differed, and a week before it was better", "nothing is known from before"],
)
def test_harm_and_outages_are_replayed_as_what_they_are(days, shares, outcome):
    assert outcome in held_against("mean(error_rate) > 5%", *offices(days, shares, 40.0), since=0)
    opposite = RuleOutcome.GREY if outcome is RuleOutcome.HOLDS else RuleOutcome.HOLDS
    assert held_against("mean(error_rate) > 5%", *offices(days, shares, 40.0), since=0)[-1] is not opposite


def test_a_rollback_on_groups_and_one_on_the_time_before_the_change():
    offices = [
        Sample(at=START + 5 * n * MINUTE, value=n / 10, labels=(office,))
        for n in range(40)
        for office in ("north", "south")
    ]
    queue = replace(series_of(QUEUE, offices), labels=("office",))
    needs = Needs(fresh_after=START + 30 * MINUTE, changed_at=START + 30 * MINUTE)
    looks = Looks(start=micros_at(START + 40 * MINUTE), step=micros_of(10 * MINUTE), count=10)
    assert RuleOutcome.HOLDS in agree("queue > 1_days by office", {QUEUE: queue}, needs, looks)
    now = START + 120 * MINUTE
    rule = rule_of("queue > before(queue) by office")
    found = breach_at(rule, {QUEUE: Strand(queue)}, TEST, now=now, needs=needs)
    assert found == breach_of(rule, {QUEUE: queue}, TEST, now=now, needs=needs)


def counted(random: Random, minutes: int, *, worse_from: int = 10**9, of: float = 40.0) -> list[Sample]:
    return [
        Sample(
            at=START + minute * MINUTE,
            value=float(sum(random.random() < (0.2 if minute >= worse_from else 0.02) for _ in range(int(of)))),
            of=of,
        )
        for minute in range(0, minutes, 5)
    ]


def measured(random: Random, minutes: int, level: float, *, every: int = 10) -> list[Sample]:
    return [
        Sample(at=START + minute * MINUTE, value=random.uniform(0.8, 1.2) * level)
        for minute in range(0, minutes, every)
    ]


def judged_look_by_look(recipe, data, begin, until):
    """The monitor itself, at every hour; returns each verdict up to the one that ends the watch."""
    watch = recipe.recipe.watch
    needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage, fresh_after=begin, changed_at=begin)
    plain = replace(needs, coverage=Needs().coverage)
    before = breach_of(recipe.rollback, data, TEST, now=begin, needs=replace(plain, fresh_after=None))
    verdicts, now = [], begin + EVERY
    while now <= until:
        facts = WatchFacts(
            change="0" * 16,
            effective_at=begin,
            watch=watch,
            success=success_of(recipe.success, data, TEST.proving(watch.success_test), now=now, needs=needs),
            rollback=breach_of(recipe.rollback, data, TEST, now=now, needs=plain),
            before=before,
        )
        verdicts.append(judge(facts, now))
        if verdicts[-1].kind in {VerdictKind.ROLLBACK, VerdictKind.SUCCESS} or now >= begin + watch.deadline:
            break
        now += EVERY
    return verdicts


CASES = (
    ("success after its for", "age < 7_days for 5_hours", "error_rate > 5%", 3.0, 10**9),
    ("rolled back", "age < 1_days for 5_hours", "error_rate > 5%", 3.0, 900),
    ("broken before", "age < 1_days for 5_hours", "error_rate > 5%", 3.0, 0),
    ("asked at the deadline", "age < 1_days", "error_rate > 5%", 3.0, 10**9),
    ("success at once", "age < 7_days", "error_rate > 5%", 3.0, 10**9),
    ("no share", "age < 1_days", "wait_time > 3_days", 3.0, 10**9),
    ("no share, and sustained", "age < 1_days", "age > 2_days for 2_hours", 3.0, 10**9),
)


@pytest.mark.parametrize(
    ("success", "rollback", "level", "worse_from"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
@pytest.mark.parametrize("hours", [40, 26])
def test_a_watch_ends_as_the_monitor_ends_it(success, rollback, level, worse_from, hours):
    random = Random(3)
    data = {
        ERRORS: series_of(ERRORS, counted(random, 60 * 45, worse_from=worse_from)),
        AGE: series_of(AGE, measured(random, 60 * 45, level)),
        WAIT: series_of(WAIT, measured(random, 60 * 45, level, every=30)),
        LATE: failure_of(LATE),
    }
    recipe = recipe_of(success=success, rollback=rollback, deadline=timedelta(hours=30, minutes=30))
    begin, until = START + timedelta(hours=5), START + timedelta(hours=hours)
    wanted = judged_look_by_look(recipe, data, begin, until)
    past = {feed: Strand(reading) for feed, reading in data.items()}
    found = Watcher(recipe=recipe, past=past, test=TEST).watch(begin, until)
    last = wanted[-1]
    cut_off = last.kind is VerdictKind.ASK and last.at < begin + recipe.recipe.watch.deadline
    assert found.verdict is (VerdictKind.HOLD if cut_off else last.kind)
    assert found.end == last.at
    assert found.sentence == last.sentence
    assert found.asked_at == next((each.at for each in wanted if each.kind is VerdictKind.ASK), None)


@pytest.mark.parametrize(
    ("level", "verdict", "hours"),
    [(3.0, VerdictKind.SUCCESS, 9), (6.9, VerdictKind.ASK, 30), (9.0, VerdictKind.ASK, 30)],
    ids=["proven once there is enough", "true and never proven", "false"],
)
def test_a_watch_succeeds_when_its_success_is_proven(level, verdict, hours):
    random = Random(3)
    data = {
        ERRORS: series_of(ERRORS, counted(random, 60 * 45)),
        AGE: series_of(AGE, measured(random, 60 * 45, level)),
    }
    plain = recipe_of(success="mean(age over 2_hours) < 7_days", deadline=timedelta(hours=30))
    watch = replace(plain.recipe.watch, success_test=SequenceChoice(min_samples=50))
    recipe = CompiledRecipe(
        recipe=replace(plain.recipe, watch=watch),
        bottleneck=plain.bottleneck,
        success=plain.success,
        rollback=plain.rollback,
    )
    begin, until = START + timedelta(hours=5), START + timedelta(hours=40)
    wanted = judged_look_by_look(recipe, data, begin, until)[-1]
    past = {feed: Strand(reading) for feed, reading in data.items()}
    found = Watcher(recipe=recipe, past=past, test=TEST).watch(begin, until)
    assert (found.verdict, found.end, found.sentence) == (wanted.kind, wanted.at, wanted.sentence)
    assert (found.verdict, found.end) == (verdict, begin + timedelta(hours=hours))


def test_a_recipe_in_shadow_mode_never_rolls_back_unless_it_is_watched_as_if_it_could():
    random = Random(3)
    data = {ERRORS: series_of(ERRORS, counted(random, 2000, worse_from=900)), AGE: failure_of(AGE)}
    recipe = recipe_of(success="age < 1_days", rollback="error_rate > 5%", mode=RollbackMode.SHADOW)
    past = {feed: Strand(reading) for feed, reading in data.items()}
    begin, until = START + timedelta(hours=5), START + timedelta(hours=30)
    assert Watcher(recipe=recipe, past=past, test=TEST).ends(begin, until) is VerdictKind.HOLD
    auto = Watcher(recipe=recipe, past=past, test=TEST, as_auto=True)
    assert auto.ends(begin, until) is VerdictKind.ROLLBACK


@pytest.mark.parametrize("blind_after", [1, 2, 5])
def test_a_watch_that_sees_nothing_asks_after_as_many_looks_as_the_policy_says(blind_after: int):
    recipe = recipe_of(success="age < 1_days", rollback="error_rate > 5%")
    past = {feed: Strand(failure_of(feed)) for feed in (ERRORS, AGE)}
    begin, until = START + timedelta(hours=5), START + timedelta(hours=20)
    found = Watcher(recipe=recipe, past=past, test=TEST, blind_after=blind_after).watch(begin, until)
    assert found.asked_at == begin + timedelta(hours=blind_after)
    assert "in a row" in found.sentence


def test_a_watch_without_a_single_look_is_cut_off():
    recipe = recipe_of()
    found = Watcher(recipe=recipe, past={}, test=TEST).watch(START, START + timedelta(minutes=20))
    assert (found.verdict, found.sentence) == (VerdictKind.HOLD, "the history ends here")
