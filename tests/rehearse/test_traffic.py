"""What traffic does to thresholds: minimums that are not reached, and healthy changes that chance takes back."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.repository_files import FILES, files
from tries import tries

from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import DAY, PLAIN_RATIO
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import measure_breach
from bot.monitor.limit import ShareLimit, share_limit_of
from bot.recipes.library import load_library
from bot.recipes.lints.subject import Subject
from bot.rehearse.chance import Counts, Dice, Judge, false_rollbacks, spread_of
from bot.rehearse.traffic import counts_of, traffic_faults, volume_of
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule

NOW = datetime(2026, 1, 5, tzinfo=UTC)
FIVE, HOUR, DAY_LONG = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
ERRORS, WAIT = FeedName("metrics.passport.error_rate"), FeedName("metrics.passport.wait_time")
METRIC = Metric(name=ERRORS, unit=PLAIN_RATIO, kind=SeriesKind.RATIO, window=FIVE)
TEST = RollbackTest(window=FIVE, pool=HOUR)


def rule_of(text: str) -> Rule:
    rule = compile_rule(text, Scope(watched=(ERRORS,), metrics=(METRIC,)))
    assert isinstance(rule, Rule), rule
    return rule


def limit_of(text: str) -> ShareLimit:
    limit = share_limit_of(rule_of(text))
    assert limit is not None
    return limit


def series(
    samples: list[tuple[float, float]], *, feed: FeedName = ERRORS, step: timedelta = FIVE, days: float = 3
) -> Series:
    """Return one sample for each step, the last one ending now."""
    start = NOW - step * len(samples)
    kind = SeriesKind.RATIO if feed == ERRORS else SeriesKind.READINGS
    return Series(
        feed=feed,
        unit=PLAIN_RATIO if feed == ERRORS else DAY,
        kind=kind,
        window=step,
        span=Window(start=NOW - timedelta(days=days), end=NOW),
        samples=tuple(Sample(at=start + step * n, value=v, of=of) for n, (v, of) in enumerate(samples)),
    )


def faults(data: Mapping[FeedName, Reading], *, feeds: str = "", ratio: str = "", **changed: str) -> list[Diagnostic]:
    """Return what is said of the small repository's recipe on data.

    `changed` are its rules, and its policy; `feeds` and `ratio` are further lines of the two feeds.
    """
    text = FILES["pow/passport_backlog.yml"]
    for key, rule in changed.items():
        start = text.index(f"{key}: ") if f"{key}: " in text else len(text)
        end = text.find("\n", start) + 1 or len(text)
        text = f"{text[:start]}{key}: {rule}\n{text[end:]}"
    own = FILES["pow/settings/feeds.yml"]
    own = own.replace("unit: days\n", f"unit: days\n    {feeds}\n" if feeds else "unit: days\n")
    own = own.replace("window: 5min\n", f"window: 5min\n    {ratio}\n" if ratio else "window: 5min\n")
    library = load_library(files(passport_backlog=text, feeds=own), endpoints={})
    assert library.settings is not None
    (compiled,) = library.recipes
    subject = Subject(
        document=library.files[0].document,
        compiled=compiled,
        feeds={feed.name: feed for feed in library.settings.feeds},
    )
    return list(traffic_faults(subject, data, library.settings.policy))


# Minimums


@pytest.mark.parametrize(
    ("waits_a_day", "expected"),
    [(10, []), (5, []), (4, ["bottleneck_rule", "success_metric"]), (0.5, ["bottleneck_rule", "success_metric"])],
)
def test_a_minimum_that_the_days_do_not_reach_is_told_for_each_rule(waits_a_day, expected):
    count = int(waits_a_day * 30)
    data = {WAIT: series([(9, 1)] * count, feed=WAIT, step=DAY_LONG / waits_a_day, days=30)}

    found = faults(data)

    assert [fault.source.partition(":")[0] for fault in found] == expected
    assert {fault.id for fault in found} <= {"POW052"}


def test_the_figures_are_the_middle_and_the_lowest_tenth():
    days = [[(9, 1)] * (2 if day % 10 == 0 else 4) for day in range(30)]
    samples = tuple(
        Sample(at=NOW - DAY_LONG * (30 - day) + HOUR * n, value=9.0)
        for day, values in enumerate(days)
        for n in range(len(values))
    )
    data = {WAIT: replace(series([], feed=WAIT, days=30), samples=samples)}

    message = faults(data)[0].message

    assert message == (
        f"`{WAIT}` has 4 in the middle of its windows of 1 day, 4 in the lowest tenth, and 5 are needed: "
        "0% of 30 windows would say anything"
    )


def beside(*volumes: float) -> Series:
    """Return errors of two offices, of so many requests in the north every five minutes, over and over."""
    whole = [Sample(at=NOW - FIVE * n, value=0.0, of=20.0, labels=("south",)) for n in range(864, 0, -1)]
    north = [
        Sample(at=NOW - FIVE * n, value=0.0, of=volumes[n % len(volumes)], labels=("north",))
        for n in range(864, 0, -1)
        if volumes
    ]
    held = sorted([*whole, *north], key=lambda sample: sample.at)
    return replace(series([]), samples=tuple(held), labels=("office",))


CONTROLS = [
    ("measured as often", "{kind: wilson, control: {office: north}}", beside(20.0), ""),
    ("too few", "{kind: wilson, control: {office: north}}", beside(1.0), "office north of"),
    ("a name that nobody has", "{kind: wilson, control: {office: nroth}}", beside(20.0), "office nroth of"),
    (
        "not measured at all",
        "{kind: wilson, control: {office: north}}",
        beside(),
        "0% of 36 windows could be compared",
    ),
    ("too few for ranks", "{kind: mann_whitney, control: {office: nroth}}", beside(20.0), "0% of 3 windows could be"),
    ("nothing to tell it by", "{kind: wilson, control: {office: north}}", replace(beside(), samples=()), ""),
]


@pytest.mark.parametrize(("test", "reading", "said"), [c[1:] for c in CONTROLS], ids=[c[0] for c in CONTROLS])
def test_a_control_group_that_is_too_small_to_compare_with_is_told(test, reading, said):
    labelled = "labels: {office: office}"
    found = faults({ERRORS: reading}, ratio=labelled, rollback_on='"mean(error_rate) > 5%"', rollback_test=test)
    assert [fault.id for fault in found] == (["POW052"] if said else [])
    assert said in "".join(fault.message for fault in found)
    assert not found or found[0].source.startswith("rollback_on")
    failed = FeedFailure(feed=ERRORS, kind=FailureKind.TIMEOUT, message="slow")
    assert not faults({ERRORS: failed}, ratio=labelled, rollback_on='"mean(error_rate) > 5%"', rollback_test=test)


def test_for_needs_its_coverage_and_other_rules_every_second_window():
    two_of_three = [(9, 1)] * 0 + [(9, float(6 if day % 3 else 1)) for day in range(30)]
    data = {WAIT: series(two_of_three, feed=WAIT, step=DAY_LONG, days=30)}

    assert [fault.line for fault in faults(data)] == [11]
    assert faults(data, success_metric="wait_time < 7_days") == []


@pytest.mark.parametrize(("requests", "expected"), [(1, ["POW052"]), (2, ["POW052"]), (3, [])])
def test_a_share_is_held_against_the_pool_of_the_policy(requests, expected):
    found = faults({ERRORS: series([(0, requests)] * 864)})

    assert [fault.id for fault in found] == expected
    assert all("policy.yml" in fault.hint for fault in found)


def test_a_count_needs_no_minimum():
    assert faults({WAIT: series([(9, 1)] * 3, feed=WAIT, step=DAY_LONG)}, bottleneck_rule="count(wait_time) < 2") == [
        fault
        for fault in faults({WAIT: series([(9, 1)] * 3, feed=WAIT, step=DAY_LONG)})
        if fault.source.startswith("success_metric")
    ]


def test_groups_are_counted_each_for_itself():
    samples = tuple(
        Sample(at=NOW - HOUR * 4 * back, value=9.0, labels=("north" if back % 2 else "south",))
        for back in range(1, 180)
    )
    data = {WAIT: replace(series([], feed=WAIT, days=30), samples=samples, labels=("office",))}
    rule = "wait_time < 7_days by every office for 3_days"

    found = faults(
        data, feeds="labels: {office: office}", success_metric=rule, bottleneck_rule="max(wait_time) > 9_days"
    )

    assert [(fault.id, fault.line) for fault in found] == [("POW052", 11)]
    assert "3 in the middle" in found[0].message


@pytest.mark.parametrize("reading", [None, FeedFailure(feed=WAIT, kind=FailureKind.TIMEOUT, message="no answer")])
def test_a_feed_that_gives_nothing_says_nothing(reading):
    assert faults({} if reading is None else {WAIT: reading, ERRORS: reading}) == []
    assert faults({WAIT: series([], feed=WAIT), ERRORS: series([])}) == []
    assert faults({WAIT: series([(9, 1)], feed=WAIT, days=0.5)}) == []


def test_volumes_count_back_from_the_end_and_leave_out_what_no_window_holds():
    found = volume_of(series([(0, float(n)) for n in range(1, 25)], step=HOUR, days=1.1), timedelta(hours=10))

    assert found is not None
    assert found.counts == (sum(range(15, 25)), sum(range(5, 15)))
    assert (found.median, found.low, found.reached(100)) == (195, 95, 0.5)


# Rollbacks by chance


def test_an_observed_share_beyond_the_limit_is_told_as_that():
    (fault,) = faults({ERRORS: series([(6, 100)] * 864)})

    assert (fault.id, fault.line, fault.column) == ("POW053", 12, 14)
    assert fault.message == "the share is 6% without any change: the limit is broken already"


@pytest.mark.parametrize(
    ("rule", "counts", "expected"),
    [
        ("error_rate > 5%", (2, 100), []),
        ("error_rate > 5%", (0, 100), []),
        ("error_rate > 5%", (1, 21), ["POW053"]),
        ("error_rate < 95%", (98, 100), []),
        ("error_rate < 95%", (20, 21), ["POW053"]),
        ("max(error_rate) > 5%", (49, 1000), []),
        ("error_rate > 5% for 1_h", (49, 1000), []),
    ],
)
def test_a_limit_near_the_usual_share_takes_healthy_changes_back(rule, counts, expected):
    assert [fault.id for fault in faults({ERRORS: series([counts] * 864)}, rollback_on=rule)] == expected


def test_a_share_that_is_no_ratio_is_not_simulated():
    data = {ERRORS: replace(series([(0.049, 1)] * 864), kind=SeriesKind.READINGS)}

    assert [fault.id for fault in faults(data) if fault.id == "POW053"] == []


def stream(rate: float, requests: int, *, bursts: float = 0, seed: int = 1, windows: int = 864) -> Counts:
    """Draw windows; with `bursts` the rate changes every hour, with that weight of its beta distribution."""
    chance = Random(seed)
    hits: list[float] = []
    now = rate
    for window in range(windows):
        if bursts and window % 12 == 0:
            now = chance.betavariate(rate * bursts, (1 - rate) * bursts)
        hits.append(float(sum(chance.random() < now for _ in range(requests))))
    return Counts(hits=tuple(hits), trials=(float(requests),) * windows)


@pytest.mark.parametrize(
    ("rate", "requests", "bursts", "low", "high"),
    [
        # healthy at 2%, at every volume
        (0.02, 5, 0, 0, 0),
        (0.02, 20, 0, 0, 0),
        (0.02, 100, 0, 0, 0),
        # just below the limit
        (0.045, 20, 0, 0.05, 0.5),
        # bursts of an hour
        (0.02, 100, 20, 0.3, 1),
    ],
)
def test_the_share_of_false_rollbacks_is_that_of_the_stream(rate, requests, bursts, low, high):
    counts = stream(rate, requests, bursts=bursts)

    found = false_rollbacks(limit_of("error_rate > 5%"), counts, TEST, arm_after=timedelta(minutes=30), watches=100)

    assert low <= found <= high


def test_the_same_data_gives_the_same_figure():
    first, second = (
        false_rollbacks(limit_of("error_rate > 5%"), stream(0.045, 20), TEST, arm_after=FIVE, watches=30)
        for _ in range(2)
    )

    assert first == second


WINDOW = st.tuples(st.integers(0, 12), st.integers(0, 40)).map(lambda pair: (float(min(pair)), float(pair[1])))


@settings(max_examples=tries(60), deadline=None)
@given(
    st.lists(WINDOW, min_size=1, max_size=30),
    st.sampled_from(["error_rate > 5%", "error_rate >= 20%", "error_rate < 90%"]),
    st.integers(1, 6),
    st.integers(1, 8),
    st.sampled_from([1, 20, 60]),
)
def test_the_simulated_monitor_says_what_the_monitor_says(windows, text, breaches, pool, least):
    test = replace(TEST, windows=8, breaches=breaches, pool=FIVE * pool, confidence=0.99, min_samples=least)
    rule, start = rule_of(text), NOW - FIVE * len(windows)
    watch = Counts(hits=tuple(hit for hit, _ in windows), trials=tuple(of for _, of in windows))
    data = {ERRORS: series(windows)}
    looks = [
        measure_breach(rule, data, test, now=start + FIVE * end, since=start).outcome is RuleOutcome.HOLDS
        for end in range(1, len(windows) + 1)
    ]
    for first in (0, 4):
        judge = Judge(limit=limit_of(text), test=test, first=first)
        assert judge.takes_back(watch) is any(looks[max(first, 1) - 1 :])


@pytest.mark.parametrize(
    ("trials", "rate"),
    [(0, 0.5), (1, 0.5), (10, 0.0), (10, 1.0), (50, 0.02), (300, 0.4), (5_000, 0.3), (10**9, 1e-3)],
)
def test_drawn_counts_have_the_mean_and_spread_of_a_binomial_distribution(trials, rate):
    drawn = Dice(seed=7).binomials((float(trials),) * 4_000, rate)
    mean, deviation = trials * rate, math.sqrt(trials * rate * (1 - rate))

    assert all(0 <= each <= trials for each in drawn)
    assert math.fsum(drawn) / len(drawn) == pytest.approx(mean, abs=4 * deviation / math.sqrt(len(drawn)) + 1e-9)
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in drawn) / len(drawn))
    assert spread == pytest.approx(deviation, rel=0.08, abs=1e-9)


@pytest.mark.parametrize(("bursts", "low", "high"), [(0, 0, 0.002), (20, 0.02, 0.09), (5, 0.1, 0.3)])
def test_the_spread_of_a_stream_is_found_again(bursts, low, high):
    assert low <= spread_of(stream(0.05, 100, bursts=bursts, windows=2_000), 12) <= high


@pytest.mark.parametrize(
    "counts",
    [
        Counts(hits=(0.0, 0.0), trials=(5.0, 5.0)),
        Counts(hits=(5.0, 5.0), trials=(5.0, 5.0)),
        Counts(hits=(1.0,), trials=(5.0,)),
        Counts(hits=(), trials=()),
    ],
)
def test_a_stream_that_shows_no_differences_has_no_spread(counts):
    assert spread_of(counts, 1) == 0


def test_drawn_rates_keep_their_mean():
    rates = Dice(seed=3).rates(0.05, 0.2)

    assert math.fsum(rates) / len(rates) == pytest.approx(0.05)
    assert max(rates) <= 1
    assert Dice(seed=3).rates(1e-300, 0.5) == (1e-300,)


def test_counts_add_up_by_window_and_leave_out_what_nobody_counts():
    samples = [(1.0, 10.0), (2.0, 10.0), (-1.0, 10.0), (3.0, 10.0)]

    found = counts_of(series(samples, step=FIVE, days=HOUR / DAY_LONG / 4), timedelta(minutes=10))

    assert found == Counts(hits=(3.0,), trials=(10.0,))


@settings(max_examples=tries(40), deadline=None)
@given(
    st.sampled_from(["error_rate > 5%", "error_rate >= 20%", "error_rate < 90%", "error_rate > 100%"]),
    st.floats(0, 1),
    st.integers(0, 60),
    st.integers(1, 4),
    st.booleans(),
)
def test_no_stream_takes_back_more_than_its_bound(text, rate, requests, breaches, is_bursty):
    test = replace(TEST, windows=4, breaches=breaches, min_samples=1)
    judge, dice = Judge(limit=limit_of(text), test=test, first=0), Dice(seed=5)
    rates = (rate, rate / 2) if is_bursty else (rate,)
    counts = Counts(hits=(0.0,), trials=(float(requests),))
    watches = [
        Counts(
            hits=tuple(n for _ in range(3) for n in dice.binomials(counts.trials * 4, rates[dice.below(len(rates))])),
            trials=counts.trials * 12,
        )
        for _ in range(50)
    ]
    taken_back = sum(map(judge.takes_back, watches)) / len(watches)
    bound = judge.bound(counts, rates, looks=12, dice=dice)

    assert taken_back <= bound + 5 * math.sqrt(min(bound, 0.25) / len(watches)) + 1e-9


def test_of_volumes_too_large_for_a_table_nothing_is_ruled_out():
    limit = limit_of("error_rate > 5%")
    large = Counts(hits=(2e4,) * 99, trials=(1e6,) * 99)

    assert Judge(limit=limit, test=TEST, first=0).bound(large, (0.02,), looks=1, dice=Dice(seed=1)) >= 1
    assert false_rollbacks(limit, large, TEST, arm_after=FIVE, watches=5) == 0
    assert false_rollbacks(limit, stream(0.02, 0), TEST, arm_after=FIVE) == 0


@pytest.mark.parametrize(("minutes", "warns"), [(5, False), (30, True), (120, True)])
def test_bursts_that_last_longer_than_the_windows_are_seen_in_what_was_observed(minutes, warns):
    """The rate of 200 requests in five minutes changes with every burst: mean 2%, intraclass correlation 0.05."""
    random, counts = Random(1), []
    while len(counts) < 7 * 288:
        rate = random.betavariate(0.38, 18.62)
        counts += [(float(sum(random.random() < rate for _ in range(200))), 200.0) for _ in range(minutes // 5)]
    found = faults({ERRORS: series(counts, days=7)})
    assert [fault.id for fault in found] == (["POW053"] if warns else [])
