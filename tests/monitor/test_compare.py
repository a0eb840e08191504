"""A metric against a baseline by ranks, and how long cases last: arms that are named, and looks that are counted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bot.model.clock import format_time
from bot.model.names import ChangeId, FeedName
from bot.model.proof import RankChoice, RankTest, ShareTest, SurvivalChoice, SurvivalTest
from bot.model.series import FailureKind, FeedFailure, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import DAY
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.breach import breach_of, lookback
from bot.monitor.compare import unaided_look
from bot.monitor.previous import PreviousRun, Run
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

LIVE = datetime(2026, 1, 19, 8, tzinfo=UTC)
HOUR, DAYS = timedelta(hours=1), timedelta(days=1)
WAIT = FeedName("metrics.passport.wait_time")
METRIC = Metric(name=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=DAYS, labels=("office",))
PLAIN = replace(METRIC, labels=())
YES, NO, GREY, FEW = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY, RuleOutcome.INSUFFICIENT
CONTROL = {"office": ("north",)}


def level(before: float, after: float, *, start: float = 8.0) -> Mapping[float, float]:
    """Return levels by days from the change: `before` from `start` days before it on, then `after`."""
    return {-start: before, 0.0: after}


def samples(levels: Mapping[float, float], office: str, *, seed: int, days: float = 5.0) -> list[Sample]:
    """Lay four samples an hour around the level that holds at the time."""
    dice, found = Random(seed), []
    at = LIVE + DAYS * min(levels)
    while at < LIVE + DAYS * days:
        age = (at - LIVE) / DAYS
        value = levels[max(each for each in levels if each <= age)] + dice.gauss(0, 2)
        found.append(Sample(at=at, value=value, labels=(office,) if office else ()))
        at += HOUR / 4
    return found


def a_series(held: list[Sample], metric: Metric) -> Series:
    return Series(
        feed=WAIT,
        unit=DAY,
        kind=SeriesKind.READINGS,
        window=DAYS,
        span=Window(start=LIVE - DAYS * 30, end=LIVE + DAYS * 30),
        samples=tuple(held),
        labels=metric.labels,
    )


def a_rule(text: str, metric: Metric) -> Rule:
    rule = compile_rule(text, Scope(watched=(), metrics=(metric,)))
    assert isinstance(rule, Rule), rule
    return rule


def held_to(test: RankTest | SurvivalTest) -> RollbackTest:
    return RollbackTest(ranks=test) if isinstance(test, RankTest) else RollbackTest(survival=test)


def measure(
    text: str,
    held: list[Sample],
    test: RankTest | SurvivalTest,
    *,
    age: timedelta = DAYS,
    metric: Metric = METRIC,
    previous: PreviousRun | None = None,
) -> Measurement:
    needs, data = Needs(fresh_after=LIVE, changed_at=LIVE), {WAIT: a_series(held, metric)}
    return breach_of(a_rule(text, metric), data, held_to(test), now=LIVE + age, needs=needs, previous=previous)


SOUTH, NORTH = "south", "north"
ARMS = [
    # south, north, outcome, what it was compared with
    ("worse than the group beside it", level(10, 14), level(10, 10), YES, "than office north at the same time"),
    ("as good as the group beside it, which got worse, too", level(10, 14), level(10, 14), GREY, "office north"),
    ("worse by a trifle", level(10, 10.3), level(10, 10), GREY, "office north"),
    ("a group that was better before", level(14, 14), level(10, 10), GREY, "in the same hours 7 days before"),
    ("worse than its own week before", level(10, 14), level(5, 5), YES, "in the same hours 7 days before"),
]


@pytest.mark.parametrize(("south", "north", "expected", "arm"), [each[1:] for each in ARMS], ids=[e[0] for e in ARMS])
def test_the_best_baseline_is_a_group_that_was_like_it(south, north, expected, arm):
    held = [*samples(south, SOUTH, seed=1), *samples(north, NORTH, seed=2)]
    found = measure("mean(wait_time) > 5_days", held, RankTest(control=CONTROL))
    assert found.outcome is expected, found.sentence
    assert arm in found.sentence
    if "days before" in arm:
        assert "office north: they differed before the change already" in found.sentence


def test_what_is_certain_and_a_trifle_is_no_harm():
    """On much data every difference is certain; this one is there in 54% of all pairs."""
    dense = [
        replace(each, at=each.at + HOUR / 80 * n, value=each.value + 0.3 * (each.at >= LIVE))
        for n in range(20)
        for each in samples({-7.0: 10.0}, "", seed=n, days=1)
    ]
    held = [each for each in dense if each.at >= LIVE or each.at < LIVE - DAYS * 6]
    found = measure("mean(wait_time) > 9_days", held, RankTest(), metric=PLAIN)
    assert "by a chance of" in found.sentence
    assert float(found.sentence.partition("by a chance of ")[2].partition(",")[0]) < 0.0004
    assert found.outcome is GREY
    assert measure("mean(wait_time) > 9_days", held, RankTest(effect=0.51), metric=PLAIN).outcome is YES


def test_a_group_that_nobody_knows_from_before_is_no_baseline():
    held = [*samples(level(10, 14), SOUTH, seed=1), *samples({0.0: 10.0}, NORTH, seed=2)]
    found = measure("mean(wait_time) > 5_days", held, RankTest(control=CONTROL))
    assert "office north: too few samples before the change to tell whether they were alike" in found.sentence
    assert "in the same hours 7 days before" in found.sentence
    absent = measure("mean(wait_time) > 5_days", samples(level(10, 14), SOUTH, seed=1), RankTest(control=CONTROL))
    assert "office north: " in absent.sentence


def test_without_a_named_group_it_is_the_same_hours_of_a_week_before():
    for after, expected in ((14.0, YES), (10.0, GREY), (6.0, NO)):
        held = samples(level(10, after), "", seed=3)
        found = measure("mean(wait_time) > 9_days", held, RankTest(), metric=PLAIN)
        assert found.outcome is expected, found.sentence
        if expected is not NO:
            assert "no control group is named" in found.sentence


def test_a_rule_that_looks_downwards_is_turned_around():
    for after, expected in ((6.0, YES), (10.0, GREY)):
        found = measure("mean(wait_time) < 15_days", samples(level(10, after), "", seed=4), RankTest(), metric=PLAIN)
        assert found.outcome is expected, found.sentence


def test_without_any_baseline_the_limit_alone_counts():
    held = samples({0.0: 14.0}, "", seed=5)
    found = measure("mean(wait_time over 4h) > 9_days", held, RankTest(), metric=PLAIN)
    assert found.outcome is YES
    assert "no baseline, so its limit alone counts" in found.sentence
    assert "the same hours 7 days before: 0 samples" in found.sentence
    few = measure("mean(wait_time over 4h) > 9_days", held, RankTest(min_samples=500), metric=PLAIN)
    assert "96 samples since, 500 needed" in few.sentence


# The run before

FIRST = Run(change=ChangeId("1" * 16), effective_at=LIVE - DAYS * 60, until=LIVE)
RUN_BEFORE = "as long after the deployment of the run before, change 1111111111111111 (2025-11-20T08:00:00Z)"


def the_run_before(levels: Mapping[float, float], *, look: int = 1, office: str = "", seed: int = 9) -> PreviousRun:
    """Return what a feed holds of the day of a look after the first run: levels by days from its deployment."""
    window = FIRST.aligned(Window(start=LIVE + DAYS * (look - 1), end=LIVE + DAYS * look), LIVE)
    held = samples(levels, office, seed=seed) if levels else []
    shifted = [replace(each, at=each.at - (LIVE - FIRST.effective_at)) for each in held]
    metric = METRIC if office else PLAIN
    return PreviousRun(run=FIRST, window=window, reading=a_series(shifted, metric))


RUNS = [
    # after this change, after the run before, at which look; outcome
    ("worse than the run before", {0.0: 14.0}, {0.0: 10.0}, 1, YES),
    ("as bad as the run before", {0.0: 14.0}, {0.0: 14.0}, 1, GREY),
    ("as bad as the run before was on its second day", {0.0: 14.0}, {0.0: 10.0, 1.0: 14.0}, 2, GREY),
    ("worse than the run before was on its second day", {0.0: 14.0}, {0.0: 14.0, 1.0: 10.0}, 2, YES),
    ("within the limit, so that there is nothing to compare", {0.0: 8.0}, {0.0: 1.0}, 1, NO),
]


@pytest.mark.parametrize(
    ("after", "before", "look", "expected"), [each[1:] for each in RUNS], ids=[each[0] for each in RUNS]
)
def test_where_no_week_before_is_known_it_is_the_run_before_at_the_same_age(after, before, look, expected):
    held, previous = samples(after, "", seed=5), the_run_before(before, look=look)
    found = measure("mean(wait_time) > 9_days", held, RankTest(), age=DAYS * look, metric=PLAIN, previous=previous)
    assert found.outcome is expected, found.sentence
    if expected is not NO:
        assert RUN_BEFORE in found.sentence
        assert "(no control group is named; the same hours 7 days before: 0 samples)" in found.sentence


@pytest.mark.parametrize("days", [-400, -9, 3, 1000])
def test_how_long_ago_the_run_before_was_changes_nothing_but_its_date(days: int):
    held, previous, by = samples({0.0: 14.0}, "", seed=5), the_run_before({0.0: 10.0}), timedelta(days=days)
    run, reading = replace(FIRST, effective_at=FIRST.effective_at + by), previous.reading
    assert isinstance(reading, Series)
    moved = PreviousRun(
        run=run,
        window=Window(start=previous.window.start + by, end=previous.window.end + by),
        reading=replace(reading, samples=tuple(replace(each, at=each.at + by) for each in reading.samples)),
    )
    one, other = (
        measure("mean(wait_time) > 9_days", held, RankTest(), metric=PLAIN, previous=each)
        for each in (previous, moved)
    )
    assert one.outcome is other.outcome is YES
    dates = (format_time(each.effective_at) for each in (FIRST, run))
    assert one.sentence.replace(next(dates), next(dates)) == other.sentence


def test_a_better_baseline_comes_before_the_run_before():
    better = level(10, 14), "in the same hours 7 days before"
    for levels, arm in (better, ({0.0: 14.0}, RUN_BEFORE)):
        held = samples(levels, "", seed=5)
        found = measure(
            "mean(wait_time) > 9_days", held, RankTest(), metric=PLAIN, previous=the_run_before({0.0: 10.0})
        )
        assert arm in found.sentence
    group = [*samples(level(10, 14), SOUTH, seed=1), *samples(level(10, 10), NORTH, seed=2)]
    previous = the_run_before({0.0: 10.0}, office=SOUTH)
    found = measure("mean(wait_time) > 5_days", group, RankTest(control=CONTROL), previous=previous)
    assert "office north at the same time" in found.sentence


def test_of_the_run_before_it_is_the_groups_that_are_treated_now():
    held, test = samples({0.0: 14.0}, SOUTH, seed=1), RankTest(control=CONTROL)
    for office, expected in ((SOUTH, YES), (NORTH, RuleOutcome.HOLDS)):
        found = measure(
            "mean(wait_time over 4h) > 9_days", held, test, previous=the_run_before({0.0: 10.0}, office=office)
        )
        assert found.outcome is expected
        assert (RUN_BEFORE in found.sentence) is (office == SOUTH)
        assert ("holds nothing from" in found.sentence) is (office == NORTH)


SLOW = FeedFailure(feed=WAIT, kind=FailureKind.TIMEOUT, message="no answer in 10 s")
NO_RUNS = [
    ("none is known", None, "no run before it that ended in success is known"),
    (
        "something else was live by then",
        replace(the_run_before({}), run=replace(FIRST, until=FIRST.effective_at + HOUR), reading=None),
        "change 1111111111111111: something else was live from 2025-11-20T09:00:00Z on",
    ),
    (
        "the feed fails for that time",
        replace(the_run_before({}), reading=SLOW),
        "metrics.passport.wait_time cannot be read: no answer in 10 s",
    ),
    (
        "the feed no longer keeps that time",
        the_run_before({}),
        "metrics.passport.wait_time holds nothing from 2025-11-20T08:00:00Z on any more",
    ),
    ("too little of it is kept", the_run_before({0.8: 10.0}), "change 1111111111111111: 20 samples"),
]


@pytest.mark.parametrize(("previous", "why"), [each[1:] for each in NO_RUNS], ids=[each[0] for each in NO_RUNS])
def test_without_the_run_before_the_limit_alone_counts_and_it_says_why(previous: PreviousRun | None, why: str):
    held = samples({0.0: 14.0}, "", seed=5)
    found = measure("mean(wait_time over 4h) > 9_days", held, RankTest(), metric=PLAIN, previous=previous)
    assert found.outcome is YES
    assert "no baseline, so its limit alone counts" in found.sentence
    assert why in found.sentence


UNAIDED = [
    ("no week before", {0.0: 14.0}, RankTest(), DAYS, True),
    ("a week before", level(10, 14), RankTest(), DAYS, False),
    ("nothing is wrong", {0.0: 5.0}, RankTest(), DAYS, False),
    ("too few since", {0.0: 14.0}, RankTest(min_samples=500), DAYS, False),
    ("before the first look", {0.0: 14.0}, RankTest(), HOUR, False),
]


@pytest.mark.parametrize(
    ("levels", "test", "age", "expected"), [each[1:] for each in UNAIDED], ids=[each[0] for each in UNAIDED]
)
def test_the_run_before_is_asked_for_only_where_a_breach_has_no_better_baseline(levels, test, age, expected):
    rule, data = a_rule("mean(wait_time) > 9_days", PLAIN), {WAIT: a_series(samples(levels, "", seed=5), PLAIN)}
    needs = Needs(fresh_after=LIVE, changed_at=LIVE)
    window = unaided_look(rule, data, test, now=LIVE + age, needs=needs)
    assert window == (Window(start=LIVE, end=LIVE + DAYS) if expected else None)


def test_there_are_so_many_looks_and_between_two_the_last_one_stands():
    held = samples(level(10, 14), "", seed=6)

    def at(age: timedelta, looks: int = 3) -> Measurement:
        return measure("mean(wait_time) > 9_days", held, RankTest(looks=looks), age=age, metric=PLAIN)

    assert (at(HOUR).outcome, at(HOUR).sentence) == (FEW, "the first look is at 2026-01-20T08:00:00Z")
    assert at(DAYS).sentence == at(DAYS + HOUR * 23).sentence
    assert at(DAYS * 3).outcome is YES
    assert (at(DAYS * 4).outcome, at(DAYS * 4).sentence) == (FEW, "all 3 looks are used")
    assert "at most 0.0033 at look 2 of 3" in at(DAYS * 2).sentence
    assert "at most 0.01 at look 1 of 1" in at(DAYS, looks=1).sentence


def test_before_the_change_there_is_nothing_to_compare_with():
    rule = compile_rule("wait_time > 9_days", Scope(watched=(), metrics=(PLAIN,)))
    assert isinstance(rule, Rule)
    found = breach_of(rule, {}, held_to(RankTest()), now=LIVE, needs=Needs())
    assert found.outcome is NO
    assert lookback(rule, held_to(RankTest())) >= DAYS * 29


def test_shifting_all_times_and_renaming_groups_changes_nothing():
    held = [*samples(level(10, 14), SOUTH, seed=1), *samples(level(10, 10), NORTH, seed=2)]
    names = {SOUTH: "a", NORTH: "z"}
    renamed = [replace(each, labels=(names[each.labels[0]],)) for each in held]
    one = measure("mean(wait_time) > 5_days", held, RankTest(control=CONTROL))
    other = measure("mean(wait_time) > 5_days", renamed[::-1], RankTest(control={"office": ("z",)}))
    assert one.outcome is other.outcome
    assert other.sentence == one.sentence.replace("office north", "office z")


def test_healthy_changes_are_hardly_ever_taken_back_over_all_looks():
    found = []
    for seed in range(5):
        held = samples(level(10, 10), "", seed=seed, days=21)
        ages = (DAYS * day for day in range(1, 22, 4))
        found += [
            measure("mean(wait_time) > 5_days", held, RankTest(), age=age, metric=PLAIN).outcome for age in ages
        ]
    assert YES not in found


# Cases of which some are open

CASES = replace(PLAIN, open_cases=True)


def opened(lasting: float, *, share: float) -> list[Sample]:
    """230 cases of twelve days, of which a share lasts so long and the others a day."""
    dice = Random(8)
    return [
        Sample(at=LIVE + DAYS * (n / 20), value=lasting if dice.random() < share else 1.0, ended=True)
        for n in range(230)
    ]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.9, YES), (0.7, YES), (0.55, GREY), (0.2, NO)], ids=["most", "many", "half", "few"]
)
def test_cases_that_last_must_be_provably_too_many(share: float, expected: RuleOutcome):
    found = measure(
        "median(wait_time over 30_days) > 3_days",
        opened(8.0, share=share),
        SurvivalTest(),
        age=DAYS * 12,
        metric=CASES,
    )
    assert found.outcome is expected, found.sentence
    if expected is YES:
        assert "last longer than 3 days with 99.0% confidence, 50% is the limit" in found.sentence


def test_cases_that_end_too_soon_may_be_harm_as_well():
    for share, expected in ((0.1, YES), (0.45, GREY)):
        found = measure(
            "median(wait_time over 30_days) < 3_days",
            opened(8.0, share=share),
            SurvivalTest(),
            age=DAYS * 12,
            metric=CASES,
        )
        assert found.outcome is expected, found.sentence


@pytest.mark.parametrize("choice", [None, ShareTest.WILSON, ShareTest.CUSUM, RankChoice(), SurvivalChoice()])
def test_a_recipe_chooses_a_test_and_the_policy_keeps_its_numbers(choice):
    policy = RollbackTest(breaches=9, confidence=0.95)
    chosen = policy.chosen(choice)
    assert (chosen.confidence, chosen.window) == (policy.confidence, policy.window)
    assert chosen.is_of_chance == (choice is None or isinstance(choice, ShareTest))
    assert chosen.breaches == (6 if choice is ShareTest.CUSUM else 9)
