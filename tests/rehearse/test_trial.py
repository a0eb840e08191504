"""Recipe tests played: what passes, what is missed, and that nothing which is skipped would have said anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.repository_files import edited, files
from rehearse.trial_stage import HEAD, fit_text, play_text, staged
from tries import tries

from bot.model.series import FeedFailure, Sample, Window
from bot.model.trial import Aspect
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.recipes.recipe_tests import WrittenSeries
from bot.recipes.recipe_tests_fit import FittedTest
from bot.recipes.recipe_tests_notation import Run, read_runs
from bot.rehearse.trial import Stage
from bot.rehearse.trial_data import Supply
from bot.rehearse.trial_watch import Instruments, TrialWatch

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALM = "      error_rate: {every: 5min, values: 1/50x2880}\n"


def series(wait: str, errors: str = "1/50x2880") -> str:
    return f"""\
    series:
      wait_time: {{every: 1_h, values: {wait}}}
      error_rate: {{every: 5min, values: {errors}}}
"""


def deployed(after: str = "2_days") -> str:
    return f"    events: [{{at: {after}, happens: deploy}}]\n"


def expecting(*lines: str) -> str:
    return "    expect:\n" + "".join(f"      - {{{line}}}\n" for line in lines)


def told(body: str, given: dict[str, bytes] | None = None) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(miss.aspect, miss.expected, miss.came) for miss in play_text(body, given).misses]


PASSING = [
    ("a firing that is expected", series("12x24 24x24 12x48") + expecting("at: 2_days, fires: true")),
    ("calm", series("12x72")),
    ("a firing named by its proposal alone", series("24x24") + expecting("at: 1_day, proposes: true")),
    ("a firing named by its outcome alone", series("24x24") + expecting("at: 1_day, bottleneck: HOLDS")),
    ("whatever comes, where that is allowed", "    unexpected: allow\n" + series("24x48") + deployed("1_day")),
    ("no series at all", expecting("at: 1_day, bottleneck: NO_DATA, because: has no data")),
    (
        "a success",
        series("5x240") + deployed() + expecting("at: 4_days, verdict: HOLD", "at: 5_days, verdict: SUCCESS"),
    ),
    (
        "a verdict that stays after its time",
        series("5x240") + deployed() + expecting("at: 9_days, verdict: SUCCESS, success: HOLDS"),
    ),
    (
        "a rollback",
        series("12x240", "1/50x600 9/50x600")
        + deployed()
        + expecting("at: 2_days 4_h, verdict: ROLLBACK, rollback: HOLDS, because: [limit 5.00%, broken in]"),
    ),
    (
        "a breach that goes away again is no success of its own",
        series("12x240", "9/50x864 1/50x2016")
        + deployed()
        + expecting("at: 2_days 2_h, verdict: ASK", "at: 4_days, verdict: HOLD"),
    ),
    (
        "a second watch after the first is over",
        series("5x240")
        + "    events: [{at: 1_day, happens: deploy}, {at: 5_days, happens: deploy}]\n"
        + expecting("at: 4_days, verdict: SUCCESS", "at: 6_days, verdict: HOLD", "at: 8_days, verdict: SUCCESS"),
    ),
    (
        "a reason alone",
        series("12x24") + expecting("at: 1_day, because: needs > 20 days"),
    ),
    (
        "a reason alone during a watch",
        series("12x96", "1/50x1152") + deployed() + expecting("at: 3_days, because: needs < 7 days"),
    ),
    (
        "nothing proposed while nothing fires",
        series("12x24") + expecting("at: 1_day, proposes: false"),
    ),
    (
        "one proposal for one firing, and again after a success",
        series("24x24 5x120 24x24")
        + deployed("1_day")
        + expecting(
            "at: 23_h, fires: true, proposes: true",
            "at: 2_days, proposes: false",
            "at: 4_days 20_h, verdict: SUCCESS",
            "at: 7_days, fires: true, proposes: false, because: the desired state holds its values already",
        ),
    ),
    (
        "a redline that stays what was proposed",
        series("24x96", "1/50x1152")
        + deployed()
        + expecting(
            "at: 4_days, redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 4, journeys/passport_renewal.version: v1 -> v2}"
        ),
    ),
    (
        "a merge without a proposal is the change that would be proposed",
        series("12x96", "1/50x1152")
        + "    events: [{at: 1_day, happens: merge}, {at: 2_days, happens: merge}, {at: 2_days, happens: deploy}]\n"
        + expecting(
            "at: 3_days, redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 4, journeys/passport_renewal.version: v1 -> v2}"
        ),
    ),
]


@pytest.mark.parametrize("body", [case[1] for case in PASSING], ids=[case[0] for case in PASSING])
def test_these_pass(body):
    assert told(body) == []


MISSING = [
    (
        "a firing that does not come",
        series("12x24") + expecting("at: 1_day, fires: true"),
        [(Aspect.FIRES, ("true",), ("false",))],
    ),
    (
        "a firing that nobody expects",
        series("12x24 24x24 12x48"),
        [(Aspect.FIRES, (), ("true",))],
    ),
    (
        "a firing that is denied, told once",
        series("24x24") + expecting("at: 1_day, fires: false"),
        [(Aspect.FIRES, ("false",), ("true",))],
    ),
    (
        "more firings than are told one by one",
        series(" ".join(["24", "12x30"] * 6)),
        [(Aspect.FIRES, (), ("true",))] * 3 + [(Aspect.FIRES, (), ("and 3 more",))],
    ),
    (
        "another outcome",
        series("12x24") + expecting("at: 1_day, bottleneck: STALE"),
        [(Aspect.BOTTLENECK, ("STALE",), ("DOES_NOT_HOLD",))],
    ),
    (
        "no watch",
        series("12x24") + expecting("at: 1_day, verdict: HOLD, success: HOLDS, rollback: HOLDS"),
        [
            (Aspect.SUCCESS, ("HOLDS",), ("no watch",)),
            (Aspect.ROLLBACK, ("HOLDS",), ("no watch",)),
            (Aspect.VERDICT, ("HOLD",), ("no watch",)),
        ],
    ),
    (
        "a success that nobody expects",
        series("5x240") + deployed(),
        [(Aspect.VERDICT, (), ("SUCCESS",))],
    ),
    (
        "another verdict, told once",
        series("5x240") + deployed() + expecting("at: 6_days, verdict: HOLD"),
        [(Aspect.VERDICT, ("HOLD",), ("SUCCESS",))],
    ),
    (
        "no change",
        series("12x24") + expecting("at: 1_day, redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 4}"),
        [(Aspect.REDLINE, ("PHOTO_VALIDATOR.max_blur_px: 2 -> 4",), ())],
    ),
    (
        "no proposal",
        series("12x24") + expecting("at: 1_day, proposes: true"),
        [(Aspect.PROPOSES, ("true",), ("false",))],
    ),
    (
        "a rejection of nothing",
        series("12x24") + "    events: [{at: 12_h, happens: reject}]\n",
        [(Aspect.EVENT, ("reject a proposal",), ("no proposal is open",))],
    ),
    (
        "a rejection of what is merged",
        "    unexpected: allow\n"
        + series("24x48")
        + "    events: [{at: 1_day, happens: merge}, {at: 2_days, happens: reject}]\n",
        [(Aspect.EVENT, ("reject a proposal",), ("no proposal is open",))],
    ),
]


@pytest.mark.parametrize(("body", "misses"), [case[1:] for case in MISSING], ids=[case[0] for case in MISSING])
def test_these_miss_something(body, misses):
    assert told(body) == misses


def test_a_reason_is_looked_for_in_what_the_expectation_names():
    body = series("12x96", "1/50x1152") + deployed()
    body += expecting("at: 3_days, verdict: HOLD, because: needs > 20 days")
    (miss,) = play_text(body).misses
    assert miss.aspect is Aspect.BECAUSE
    assert miss.expected == ("needs > 20 days",)
    assert [sentence.split("; ")[1] for sentence in miss.came] == ["needs < 7 days for 3 days"]


def test_a_rollback_puts_the_values_back_and_lets_the_recipe_rest():
    body = (
        series("24x240", "1/50x600 9/50x600")
        + deployed()
        + expecting(
            "at: 1_day, fires: true, proposes: true",
            "at: 3_days, verdict: ROLLBACK",
            "at: 4_days, proposes: false, because: was taken back; it stays on hold",
        )
    )
    assert told(body) == []


def test_a_recipe_that_the_policy_holds_back_fires_and_proposes_nothing():
    paused = edited("policy", "threshold_cap: MEDIUM\n", "threshold_cap: MEDIUM\npaused: true\n")
    body = series("24x48") + expecting("at: 1_day, fires: true, proposes: false, because: the policy pauses")
    assert told(body, dict(paused)) == []
    merged = (
        series("24x48") + "    events: [{at: 1_day, happens: merge}]\n" + expecting("at: 2_days, proposes: false")
    )
    assert told(merged, dict(paused)) == []


def test_a_paused_policy_asks_instead_of_rolling_back():
    paused = edited("policy", "threshold_cap: MEDIUM\n", "threshold_cap: MEDIUM\npaused: true\n")
    body = (
        series("12x240", "1/50x600 9/50x2280") + deployed() + expecting("at: 3_days, verdict: ASK, because: paused")
    )
    assert told(body, dict(paused)) == []


def test_values_of_every_kind_are_shown_as_they_are_written():
    recipe = files()["pow/passport_backlog.yml"].decode()
    recipe = recipe.replace("max_blur_px: 4", "max_blur_px: 4\n      mode: lenient\n      retry: false")
    body = series("24x24") + expecting(
        "at: 1_day, redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 4, PHOTO_VALIDATOR.mode: strict -> lenient, "
        "PHOTO_VALIDATOR.retry: true -> false, journeys/passport_renewal.version: v1 -> v2}"
    )
    assert told(body, dict(files(passport_backlog=recipe))) == []


def test_a_computed_value_takes_one_step_from_what_the_last_change_left():
    recipe = files()["pow/passport_backlog.yml"].decode().replace("max_blur_px: 4", "max_blur_px: {multiply: 3}")
    recipe = recipe.replace("  journey_patch: journeys/passport_renewal@v2\n", "")
    body = (
        series("24x24 5x240 24x24 5x240 24x48", "1/50x6912")
        + "    unexpected: allow\n"
        + "    events: [{at: 1_day, happens: deploy}, {at: 12_days, happens: deploy}]\n"
        + expecting(
            "at: 23_h, redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 6}",
            "at: 11_days 12_h, redline: {PHOTO_VALIDATOR.max_blur_px: 6 -> 12}",
            "at: 22_days 12_h, proposes: false, because: the most that policy allows is 12",
        )
    )
    assert told(body, dict(files(passport_backlog=recipe))) == []


def test_a_rollback_rule_on_readings_must_hold_in_separate_windows():
    recipe = files()["pow/passport_backlog.yml"].decode().replace("error_rate > 5%", "max(wait_time) > 40_days")
    given = dict(files(passport_backlog=recipe))
    spike = series("12x72 50 12x167") + deployed() + expecting("at: 3_days 12_h, fires: true, rollback: GREY")
    assert told(spike, given) == []
    lasting = series("12x72 50x96") + deployed() + expecting("at: 6_days, fires: true, verdict: ROLLBACK")
    assert told(lasting, given) == []


def test_a_rollback_rule_on_ranks_is_measured_at_every_look_as_the_monitor_does():
    recipe = files()["pow/passport_backlog.yml"].decode()
    recipe = recipe.replace("error_rate > 5%", "wait_time > 30_days\nrollback_test: {kind: mann_whitney, every: 1_d}")
    given = dict(files(passport_backlog=recipe))
    worse = series("12x72 50x240") + deployed("3_days") + expecting("at: 6_days, fires: true, verdict: ROLLBACK")
    calm = series("12x240") + deployed("3_days") + expecting("at: 9_days, verdict: HOLD")
    assert (told(worse, given), told(calm, given)) == ([], [])


def test_a_rollback_rule_on_a_share_without_its_denominator_is_one_on_readings():
    feeds = files()["pow/settings/feeds.yml"].decode()
    feeds = feeds.replace(
        "columns: {at: at, value: errors, of: requests}", "columns: {at: at, value: share}\n    unit: '%'"
    )
    given = dict(files(feeds=feeds.replace("window: 5min", "window: 1_h")))
    body = series("12x96", "2x600 9x552") + deployed() + expecting("at: 3_days, verdict: ROLLBACK, because: separate")
    assert told(body, given) == []


def test_a_change_that_cannot_be_made_is_watched_all_the_same():
    given = dict(edited("PHOTO_VALIDATOR", "max_blur_px: 2", "max_blur_px: 4"))
    given["patches/journeys/passport_renewal.yml"] = b"journey: passport_renewal\nversion: v2\n"
    body = series("5x144") + deployed("1_day") + expecting("at: 5_days, verdict: SUCCESS, proposes: false")
    assert told(body, given) == []


def test_a_result_says_what_was_played():
    body = series("12x48", "1/50x100") + deployed("1_day")
    result = play_text(body)
    assert (result.passed, result.looks, result.length, result.curves) == (True, 48, 2 * DAY, ())
    assert [(mark.after, mark.name) for mark in result.marks] == [(DAY, "deploy")]


def test_only_a_test_that_failed_has_curves_of_the_feeds_with_data():
    result = play_text(series("12x24 24x24 _x24 errx24", "_x10"))
    (curve,) = result.curves
    assert (curve.feed, curve.unit, len(curve.means)) == ("metrics.passport.wait_time", "days", 60)
    assert (curve.means[0], curve.means[20], curve.means[40], curve.means[59]) == (12.0, 24.0, None, None)


# What is skipped


WORDS = st.sampled_from(
    [
        "5x24",
        "5x80",
        "24x24",
        "24x5",
        "6.9x30",
        "7x24",
        "20x24",
        "21",
        "24..5x30",
        "5..24x12",
        "_x10",
        "_x60",
        "nanx5",
        "errx7",
    ]
)
SHARES = st.sampled_from(
    ["1/50x300", "9/50x20", "3/50x150", "0/0x60", "_x100", "nanx9", "errx30", "0..9/50x100", "1/2x40"]
)
WAITS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
RULES = st.sampled_from(
    [
        ("max(wait_time) > 20_days", "wait_time < 7_days for 3_days", "error_rate > 5%"),
        ("wait_time > 20_days for 1_day", "mean(wait_time over 2_days) < 7_days", "max(wait_time) > 22_days"),
        (
            "p90(wait_time) > 20_days or error_rate > 8%",
            "wait_time < 7_days in 2 of 3 windows",
            "not wait_time < 20_days",
        ),
        (
            "count(error_rate) < 300",
            "mean(wait_time) < 0.5 * before(mean(wait_time over 2_days))",
            "error_rate > 1.5 * before(error_rate over 1_day)",
        ),
    ]
)


def recipe_with(bottleneck: str, success: str, rollback: str) -> dict[str, bytes]:
    recipe = files()["pow/passport_backlog.yml"].decode()
    recipe = recipe.replace('"max(wait_time) > 20_days"', f'"{bottleneck}"')
    recipe = recipe.replace("wait_time < 7_days for 3_days", f'"{success}"').replace(
        "error_rate > 5%", f'"{rollback}"'
    )
    return dict(files(passport_backlog=recipe))


@settings(max_examples=tries(25), deadline=None)
@given(
    rules=RULES, waits=WAITS, shares=st.lists(SHARES, min_size=1, max_size=5).map(" ".join), after=st.integers(0, 60)
)
def test_what_is_known_beforehand_is_what_measuring_says(rules, waits, shares, after):
    fitter, stage = staged(recipe_with(*rules))
    fitted = fit_text(HEAD + series(waits, shares), fitter)
    instruments = Instruments(fitted, stage.specs, stage.office.policy)
    start = fitted.test.start
    looks = [start + HOUR * count for count in range(1, min(fitted.test.length // HOUR, 200))]
    for now in looks:
        assert instruments.fires(now) == (instruments.bottleneck(now).outcome is RuleOutcome.HOLDS), now
    short_as_long(instruments, start + HOUR * after, looks)


def short_as_long(instruments: Instruments, change: datetime, looks: Sequence[datetime]) -> int:
    """Hold a watch that passes over looks against one that does not; return how many it passed over."""
    short, long = TrialWatch(instruments, change), TrialWatch(instruments, change)
    passed = 0
    for now in (look for look in looks if look >= change):
        if long.is_over:
            break
        may_tell = short.may_tell(now)
        found, wanted = short.look(now) if may_tell else None, long.look(now)
        assert wanted.kind is (VerdictKind.HOLD if found is None else found.kind), now
        assert found is None or found.sentence == wanted.sentence, now
        passed += not may_tell
    return passed


@pytest.mark.parametrize(
    ("test", "values", "passed"),
    [
        ("", "1/50x2016", 144),
        # Four days of calm, and the first hour of harm, which proves nothing yet; at the next look it is taken back.
        ("", "1/50x1440 9/50x576", 97),
        ("", "1/50x2015 err", 0),
        ("\nrollback_test: {kind: mann_whitney, every: 1_d}", "1/50x2016", 0),
    ],
    ids=["calm", "harm", "a feed fails once", "ranks"],
)
def test_looks_that_bring_nothing_new_are_passed_over(test, values, passed):
    recipe = files()["pow/passport_backlog.yml"].decode().replace("error_rate > 5%", f"error_rate > 5%{test}")
    fitter, stage = staged(dict(files(passport_backlog=recipe)))
    fitted = fit_text(HEAD + series("12x168", values), fitter)
    assert passed_over(fitted, stage) == passed


def passed_over(fitted: FittedTest, stage: Stage) -> int:
    """Watch a change of the second day for six days, every hour."""
    instruments = Instruments(fitted, stage.specs, stage.office.policy)
    looks = [fitted.test.start + HOUR * count for count in range(25, 169)]
    return short_as_long(instruments, fitted.test.start + DAY, looks)


@pytest.mark.parametrize(("south", "passed"), [("1/50x2016", 144), ("1/50x1440 9/50x576", 97)])
def test_looks_at_groups_of_which_one_is_a_control_are_passed_over(south, passed):
    recipe = files()["pow/passport_backlog.yml"].decode().replace("error_rate > 5%", "mean(error_rate) > 5%")
    recipe += "rollback_test: {kind: wilson, control: {office: [north]}}\n"
    columns = "columns: {at: at, value: errors, of: requests}"
    feeds = files()["pow/settings/feeds.yml"].decode()
    feeds = feeds.replace(columns, f"{columns}\n    labels: {{office: office}}")
    fitter, stage = staged(dict(files(passport_backlog=recipe, feeds=feeds)))
    body = "    series:\n      wait_time: {every: 1_h, values: 12x168}\n      error_rate:\n" + "".join(
        f"        - {{every: 5min, values: {values}, labels: {{office: {office}}}}}\n"
        for office, values in (("north", "1/50x2016"), ("south", south))
    )
    assert passed_over(fit_text(HEAD + body, fitter), stage) == passed


# The data


@given(
    waits=WAITS,
    every=st.sampled_from([HOUR, HOUR / 3, 7 * HOUR]),
    first=st.integers(-50, 300),
    length=st.integers(0, 200),
)
def test_a_reading_has_the_samples_of_its_window_and_no_others(waits, every, first, length):
    fitter, stage = staged()
    fitted = fit_text(HEAD, fitter)
    spec = stage.specs["metrics.passport.wait_time"]
    runs = tuple(run for run in read_runs(waits) if isinstance(run, Run))
    part = WrittenSeries(name="wait_time", way=(), every=every, runs=runs, labels={})
    start = fitted.test.start
    window = Window(start=start + HOUR * first, end=start + HOUR * (first + length))
    slots = [(run, value) for run in runs for value in run.values]
    wanted = [
        Sample(at=start + every * place, value=value)
        for place, (run, value) in enumerate(slots)
        if run.slot == "value" and window.holds(start + every * place)
    ]
    supply = Supply(spec, (part,), start)
    place = (window.end - start) // every
    fails = 0 <= place < len(slots) and slots[place][0].slot == "err"
    read = supply.reading(window, asked_at=window.end)
    assert isinstance(read, FeedFailure) == fails
    found = supply.series(window)
    assert list(found.samples) == wanted
    assert found.dropped == sum(
        run.slot == "nan" and window.holds(start + every * place) for place, (run, _) in enumerate(slots)
    )


LABELLED = (
    "    series:\n      wait_time:\n"
    "        - {every: 1_h, values: 24x48, labels: {office: north}}\n"
    "        - {every: 1_h, values: 12x48, labels: {office: south}}\n"
)


def labelled(rule: str) -> dict[str, bytes]:
    given = dict(recipe_with(rule, "mean(wait_time) < 7_days for 3_days", "error_rate > 5%"))
    feeds = given["pow/settings/feeds.yml"].decode()
    columns = "columns: {at: closed_at, value: days}"
    given["pow/settings/feeds.yml"] = feeds.replace(columns, f"{columns}\n    labels: {{office: office}}").encode()
    return given


def test_labelled_series_reach_rules_by_group():
    given = labelled("wait_time > 20_days by office")
    assert told(LABELLED + expecting("at: 1_day, fires: true, because: north"), given) == []
    given = labelled("wait_time > 20_days by every office")
    assert told(LABELLED + expecting("at: 1_day, fires: false"), given) == []


def test_labelled_series_are_pooled_where_a_rule_asks_for_that():
    given = labelled("mean(wait_time) > 17_days")
    assert told(LABELLED + expecting("at: 1_day, fires: true, because: 18 days (n=48)"), given) == []
