"""A ratio beyond its limit, held against a control group or what stands in for one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from monitor.watchtower import FEEDS, RECIPE, Tower, a_tower

from bot.model.names import ChangeId, FeedName
from bot.model.proof import ControlChoice, ShareTest
from bot.model.record import Phase
from bot.model.series import FailureKind, FeedFailure, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.breach import breach_of, lookback, measure_breach, reach_before, unaided, worse_of
from bot.monitor.previous import PreviousRun, Run
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

LIVE = datetime(2026, 1, 19, 8, tzinfo=UTC)
TEN, HOUR, DAYS = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
NOW = LIVE + 8 * HOUR
ERRORS = FeedName("metrics.passport.error_rate")
METRIC = Metric(name=ERRORS, unit=PERCENT, kind=SeriesKind.RATIO, window=TEN, labels=("office",))
CONTROL = {"office": ("north",)}
TEST = RollbackTest().chosen(ControlChoice(control=CONTROL))
SOUTH, NORTH = "south", "north"
YES, NO, GREY = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY
Levels = Mapping[float, float]
"""The share by days from the change, from then on; None of a share is no sample."""


def counted(levels: Levels, office: str, *, of: float = 200.0, until: datetime = NOW) -> list[Sample]:
    """Lay one count every ten minutes, of the level that holds at the time; a level below zero is silence."""
    found, at = [], LIVE + DAYS * min(levels)
    while at < until:
        share = levels[max(each for each in levels if each <= (at - LIVE) / DAYS)]
        if share >= 0:
            found.append(Sample(at=at, value=share * of, of=of, labels=(office,)))
        at += TEN
    return found


def a_series(samples: list[Sample]) -> Series:
    return Series(
        feed=ERRORS,
        unit=PERCENT,
        kind=SeriesKind.RATIO,
        window=TEN,
        span=Window(start=LIVE - DAYS * 30, end=NOW),
        samples=tuple(samples),
        labels=("office",),
    )


def a_rule(text: str = "mean(error_rate) > 5%") -> Rule:
    rule = compile_rule(text, Scope(watched=(), metrics=(METRIC,)))
    assert isinstance(rule, Rule), rule
    return rule


NEEDS = Needs(fresh_after=LIVE, changed_at=LIVE)


def measure(
    samples: list[Sample],
    *,
    rule: str = "mean(error_rate) > 5%",
    test: RollbackTest = TEST,
    previous: PreviousRun | None = None,
) -> Measurement:
    return breach_of(a_rule(rule), {ERRORS: a_series(samples)}, test, now=NOW, needs=NEEDS, previous=previous)


def level(before: float, after: float, *, start: float = -9.0) -> Levels:
    return {start: before, 0.0: after}


AT_ONCE, WEEK_BEFORE = "above office north at the same time", "above the same hours 7 days before"
DIFFERED = "before the change already"
CASES = [
    ("only the changed ones got worse", level(0.02, 0.10), level(0.02, 0.02), YES, AT_ONCE, ""),
    ("an outage for all", level(0.02, 0.10), level(0.02, 0.10), GREY, AT_ONCE, ""),
    ("an outage that hit the others harder", level(0.02, 0.10), level(0.02, 0.20), GREY, AT_ONCE, ""),
    ("worse than the others by chance", level(0.02, 0.10), level(0.02, 0.085), GREY, AT_ONCE, ""),
    ("worse than the others in an outage", level(0.02, 0.20), level(0.02, 0.10), YES, AT_ONCE, ""),
    ("within the limit, whatever the others", level(0.02, 0.04), level(0.02, 0.01), NO, "", ""),
    ("others that were better before", level(0.045, 0.10), level(0.02, 0.02), YES, WEEK_BEFORE, DIFFERED),
    ("others that were worse before", level(0.02, 0.10), level(0.10, 0.10), YES, WEEK_BEFORE, DIFFERED),
    ("others that were better by a trifle", level(0.024, 0.10), level(0.020, 0.02), YES, AT_ONCE, ""),
    ("as bad a week before", {-9: 0.1, -6: 0.02, 0: 0.1}, {-9: 0.002, 0: 0.1}, GREY, WEEK_BEFORE, DIFFERED),
    ("silent others", level(0.02, 0.10), level(0.02, -1), YES, WEEK_BEFORE, "office north: 0 counted"),
    ("others that are new", level(0.02, 0.10), {0.0: 0.02}, YES, WEEK_BEFORE, "office north: too few counted"),
]


@pytest.mark.parametrize(
    ("south", "north", "expected", "baseline", "why_not"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_it_takes_a_limit_that_is_broken_and_a_baseline_that_is_better(south, north, expected, baseline, why_not):
    found = measure([*counted(south, SOUTH), *counted(north, NORTH)])
    assert found.outcome is expected, found.sentence
    assert baseline in found.sentence
    assert why_not in found.sentence
    assert found.samples == 2400, "the share is that of the changed ones alone"


def test_the_sentence_says_what_was_compared():
    found = measure([*counted(level(0.02, 0.10), SOUTH), *counted(level(0.02, 0.02), NORTH)])
    assert found.sentence == (
        "metrics.passport.error_rate is 10.00% (n=2400), at least 8.26% with 99.9% confidence, limit 5.00%; broken "
        "in 12 of 12 windows of 10 minutes since 2026-01-19T14:00:00Z, 8 needed; since 2026-01-19T10:00:00Z 8.00 "
        "points above office north at the same time (2.00%, n=7200), at least 6.55 points with 99.992% confidence, "
        "more than 0.50 points needed"
    )
    outage = measure([*counted(level(0.02, 0.10), SOUTH), *counted(level(0.02, 0.10), NORTH)])
    assert outage.sentence.startswith("beyond the limit and not proven: metrics.passport.error_rate is 10.00%")


def test_a_limit_from_below_is_turned_around():
    for others, expected in ((0.98, YES), (0.90, GREY)):
        samples = [*counted(level(0.98, 0.90), SOUTH), *counted(level(0.98, others), NORTH)]
        found = measure(samples, rule="mean(error_rate) < 95%")
        assert found.outcome is expected, found.sentence
        assert f"below office north at the same time ({others:.2%}, n=7200)" in found.sentence


def test_what_differs_by_chance_was_alike_and_little_of_much_is_no_harm():
    few = [*counted(level(0.02, 0.30), SOUTH, of=10), *counted({-0.1: 0.05, 0.0: 0.02}, NORTH, of=10)]
    assert measure(few).outcome is YES
    assert AT_ONCE in measure(few).sentence
    for by, expected in ((0.004, GREY), (0.006, YES)):
        much = [*counted(level(0.02, 0.08 + by), SOUTH, of=1e7), *counted(level(0.02, 0.08), NORTH, of=1e7)]
        assert measure(much).outcome is expected


def test_persistence_is_asked_for_as_ever():
    spike = {-9.0: 0.02, 0.0: 0.02, 7.5 / 24: 0.40}
    found = measure([*counted(spike, SOUTH), *counted(level(0.02, 0.02), NORTH)])
    assert found.outcome is GREY
    assert "broken in 3 of 12 windows" in found.sentence
    assert "office north" not in found.sentence


RUN = Run(change=ChangeId("1" * 16), effective_at=LIVE - DAYS * 60, until=LIVE)
SHIFT = LIVE - RUN.effective_at
PREVIOUS_WINDOW = RUN.aligned(Window(start=NOW - 6 * HOUR, end=NOW), LIVE)
ALONE = counted({0.0: 0.10}, SOUTH)


def the_run_before(share: float, *, office: str = SOUTH, of: float = 200.0) -> PreviousRun:
    held = [replace(each, at=each.at - SHIFT) for each in counted({0.0: share}, office, of=of)]
    return PreviousRun(run=RUN, window=PREVIOUS_WINDOW, reading=a_series(held))


SLOW = FeedFailure(feed=ERRORS, kind=FailureKind.TIMEOUT, message="no answer in 10 s")
RUN_BEFORE = "above as long after the deployment of the run before, change 1111111111111111"
RUNS = [
    ("better then", the_run_before(0.02), YES, RUN_BEFORE),
    ("as bad then", the_run_before(0.10), GREY, RUN_BEFORE),
    ("few then", the_run_before(0.02, of=1.0), YES, "(2025-11-20T08:00:00Z): 36 counted"),
    ("none of the changed then", the_run_before(0.02, office=NORTH), YES, "holds nothing from 2025-11-20T10:00:00Z"),
    ("not to be read", replace(the_run_before(0.02), reading=SLOW), YES, "cannot be read: no answer in 10 s"),
    ("not known", None, YES, "no run before it that ended in success is known"),
]


@pytest.mark.parametrize(("previous", "expected", "said"), [c[1:] for c in RUNS], ids=[c[0] for c in RUNS])
def test_without_anything_beside_it_and_a_week_before_it_is_the_run_before_or_the_limit_alone(
    previous, expected, said
):
    found = measure(ALONE, previous=previous)
    assert found.outcome is expected
    assert said in found.sentence
    assert ("no baseline, so its limit alone counts (office north: 0 counted; " in found.sentence) == (
        RUN_BEFORE not in found.sentence
    )


UNAIDED = [
    ("nothing beside it, and no week before", ALONE, TEST, NEEDS, True),
    ("a week before", counted(level(0.02, 0.10), SOUTH), TEST, NEEDS, False),
    ("no harm", counted({0.0: 0.02}, SOUTH), TEST, NEEDS, False),
    ("no control group", ALONE, RollbackTest(), NEEDS, False),
    ("no change", ALONE, TEST, Needs(), False),
]


@pytest.mark.parametrize(
    ("samples", "test", "needs", "expected"), [c[1:] for c in UNAIDED], ids=[c[0] for c in UNAIDED]
)
def test_the_run_before_is_asked_for_only_where_a_breach_has_no_better_baseline(samples, test, needs, expected):
    window = unaided(a_rule(), {ERRORS: a_series(samples)}, test, now=NOW, needs=needs)
    assert window == (Window(start=NOW - 6 * HOUR, end=NOW) if expected else None)
    assert unaided(a_rule(), {}, test, now=NOW, needs=needs) is None
    assert unaided(a_rule("max(error_rate) > 50%"), {}, test, now=NOW, needs=needs) is None


def test_before_the_change_it_is_the_limit_of_the_changed_ones_alone():
    samples = [*counted(level(0.02, 0.10), SOUTH), *counted(level(0.30, 0.10), NORTH)]
    found = measure_breach(a_rule(), {ERRORS: a_series(samples)}, TEST, now=LIVE, since=None)
    assert (found.outcome, found.samples, found.value) == (NO, 2400, 0.02)


def test_worse_than_before_has_to_be_worse_than_the_others_as_well():
    for others, expected in ((0.08, YES), (0.20, GREY)):
        samples = [*counted(level(0.08, 0.20), SOUTH), *counted(level(0.08, others), NORTH)]
        data = {ERRORS: a_series(samples)}
        before = measure_breach(a_rule(), data, TEST, now=LIVE, since=None)
        found = worse_of(a_rule(), data, TEST, before, now=NOW, needs=NEEDS)
        assert before.outcome is YES
        assert found is not None
        assert found.outcome is expected, found.sentence
        assert AT_ONCE in found.sentence


def test_after_a_rollback_it_is_still_the_change_that_the_others_must_have_been_like_before():
    """The time before the rollback is the harm itself, in which the groups differed."""
    samples = [*counted({-9.0: 0.02, -1.0: 0.30, 0.0: 0.10}, SOUTH), *counted({-9.0: 0.02}, NORTH)]
    needs = Needs(fresh_after=LIVE, changed_at=LIVE - DAYS)
    found = breach_of(a_rule(), {ERRORS: a_series(samples)}, TEST, now=NOW, needs=needs)
    assert AT_ONCE in found.sentence


def test_a_control_group_needs_the_week_before_the_change():
    assert reach_before(a_rule(), TEST) == timedelta(days=7, hours=6)
    assert reach_before(a_rule(), RollbackTest()) == timedelta(0)
    assert lookback(a_rule(), TEST) == lookback(a_rule(), RollbackTest())


def test_it_is_the_test_wilson_with_its_own_persistence():
    assert (TEST.share, TEST.breaches, TEST.is_of_counts, TEST.is_of_chance) == (ShareTest.WILSON, 8, True, False)
    cusum = RollbackTest(share=ShareTest.CUSUM, breaches=6)
    assert cusum.chosen(ControlChoice(control=CONTROL)) == replace(
        cusum, share=ShareTest.WILSON, breaches=8, control=CONTROL
    )


def test_the_order_of_samples_and_the_names_of_groups_change_nothing():
    samples = [*counted(level(0.02, 0.10), SOUTH), *counted(level(0.02, 0.02), NORTH)]
    names = {SOUTH: "a", NORTH: "z"}
    renamed = [replace(each, labels=(names[each.labels[0]],)) for each in samples[::-1]]
    other = measure(renamed, test=RollbackTest().chosen(ControlChoice(control={"office": ("z",)})))
    assert other.sentence == measure(samples).sentence.replace("office north", "office z")


# The whole watch

BESIDE = {
    "blur": RECIPE.replace(b"error_rate > 5%", b"mean(error_rate) > 5%")
    + b"rollback_test: {kind: wilson, control: {office: north}}\n",
    "settings__feeds": FEEDS.replace(b"window: 5_minutes", b"window: 5_minutes\n    labels: {office: office}"),
}


def watch_over(south: float, north: float) -> tuple[Tower, ChangeId]:
    """Let both offices be well for eight days, a change go live, and their shares be these for three hours."""
    tower = a_tower(**BESIDE)
    tower.figures.samples[ERRORS].clear()
    start, live = tower.now, tower.now + DAYS * 8
    for office, share in ((SOUTH, south), (NORTH, north)):
        tower.figures.lay(ERRORS, start, live, share=0.02, office=office)
        tower.figures.lay(ERRORS, live, live + 3 * HOUR, share=share, office=office)
    tower.go(DAYS * 8, errors=None)
    change = tower.land()
    tower.go(3 * HOUR, errors=None)
    return tower, change


@pytest.mark.parametrize(("south", "north", "pulls"), [(0.2, 0.02, 1), (0.2, 0.2, 0), (0.02, 0.2, 0)])
def test_an_outage_that_hits_all_takes_no_change_back(south: float, north: float, pulls: int):
    tower, change = watch_over(south, north)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == pulls
    (measured,) = tower.of(change, Phase.MEASURED)
    assert (AT_ONCE in measured.facts["rollback"]["sentence"]) == (south > 0.05)
    assert [feed for feed, _ in tower.figures.asked].count(ERRORS) == 1, "it is read once, a week back and all"


def test_a_comparison_takes_three_pools_and_has_its_part_of_the_chance():
    assert (TEST.compared_over, round(TEST.compared_with, 6)) == (6 * HOUR, 0.999917)
    late = {-9.0: 0.02, 6 / 24: 0.10}
    found = measure([*counted(late, SOUTH), *counted(level(0.02, 0.02), NORTH)])
    assert "since 2026-01-19T10:00:00Z 2.67 points above office north" in found.sentence
