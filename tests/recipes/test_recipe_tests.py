"""Files of recipe tests: the notation of series, reading with places, the fit to a repository's recipes and feeds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes.repository_files import files

from bot.model.errors import Diagnostic, Severity
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.recipes.library import load_library
from bot.recipes.recipe_tests import Happening, RecipeTestFile, read_test_file
from bot.recipes.recipe_tests_fit import FittedTest, Fitter
from bot.recipes.recipe_tests_index import tested_recipes as recipes_with_tests
from bot.recipes.recipe_tests_notation import MAX_VALUES, NotationFault, Run, Slot, read_runs
from bot.report.diagnostics import text_of

PATH = "pow/tests/passport.yml"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# The notation


def spelled(text: str) -> list[str]:
    """Read a text and write every value that it stands for."""
    found: list[str] = []
    for run in read_runs(text):
        assert isinstance(run, Run), run
        tail = "" if run.of is None else f"/{run.of:g}"
        values = [f"{value:g}{tail}" for value in run.values]
        found += values if run.slot is Slot.VALUE else [str(run.slot)] * run.count
    return found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("24", ["24"]),
        ("24x3", ["24"] * 3),
        ("1 2.5 -3", ["1", "2.5", "-3"]),
        ("24..6x4", ["24", "18", "12", "6"]),
        ("1..1x2", ["1", "1"]),
        ("1.5..2.5x3", ["1.5", "2", "2.5"]),
        ("-2..2x3", ["-2", "0", "2"]),
        ("1/50x2", ["1/50", "1/50"]),
        ("1..3/50x3", ["1/50", "2/50", "3/50"]),
        ("0/0", ["0/0"]),
        ("_", ["_"]),
        ("_x2 nan err", ["_", "_", "nan", "err"]),
        ("  1\n  2\t3 ", ["1", "2", "3"]),
    ],
)
def test_a_word_stands_for_these_values(text, values):
    assert spelled(text) == values


@pytest.mark.parametrize(
    ("text", "offset", "width", "message"),
    [
        ("", 0, 1, "no values"),
        ("24x72 abc", 6, 3, "`abc` is no value"),
        ("24 x72", 3, 3, "`x72` repeats nothing"),
        ("24x0", 0, 4, "`24x0` repeats nothing"),
        ("24..6", 0, 5, "a line has at least two values"),
        ("24..6x1", 0, 7, "a line has at least two values"),
        ("1/-50", 0, 5, "a denominator is not below zero"),
        ("1e999", 0, 5, "`1e999` is no value"),
        ("inf", 0, 3, "`inf` is no value"),
        ("007", 0, 3, "`007` is no value"),
        ("9" * 60, 0, 60, "`" + "9" * 40 + "…` is no value"),
        ("1 2x999999999", 2, 11, "more than 200,000 values"),
        ("x", 0, 1, "`x` is no value"),
    ],
)
def test_a_fault_of_the_notation_has_its_place(text, offset, width, message):
    first = read_runs(text)[0]
    assert isinstance(first, NotationFault)
    assert (first.offset, first.width, first.message) == (offset, width, message)
    assert first.hint


def test_every_fault_is_told_up_to_a_bound():
    assert [fault.message for fault in read_runs("a 1 b") if isinstance(fault, NotationFault)] == [
        "`a` is no value",
        "`b` is no value",
    ]
    assert len(read_runs("a " * 1_000)) == 20


def test_a_repeat_is_never_expanded_before_it_is_counted():
    assert read_runs(f"1x{MAX_VALUES}") == (Run(slot=Slot.VALUE, count=MAX_VALUES, first=1, last=1),)
    assert isinstance(read_runs(f"1x{MAX_VALUES} 1")[0], NotationFault)


@given(st.text(alphabet="0123456789.x/_-nanerr \n", max_size=40))
def test_any_text_is_runs_or_faults_inside_it(text):
    for each in read_runs(text):
        if isinstance(each, NotationFault):
            assert 0 <= each.offset <= max(0, len(text) - 1)
            assert each.offset + each.width <= max(1, len(text))
        else:
            assert 1 <= each.count <= MAX_VALUES


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(2, 500))
def test_a_line_goes_from_its_first_to_its_last_value_and_never_beyond(first, last, count):
    values = Run(slot=Slot.VALUE, count=count, first=first, last=last).values
    assert (len(values), values[0], values[-1]) == (count, first, last)
    low, high = min(first, last), max(first, last)
    room = 1e-9 * max(abs(low), abs(high))
    assert all(low - room <= value <= high + room for value in values)


# Reading


def read(text: str) -> RecipeTestFile:
    found = read_test_file(PATH, text.encode())
    assert isinstance(found, RecipeTestFile), found
    return found


def faults(text: str) -> tuple[Diagnostic, ...]:
    found = read_test_file(PATH, text.encode())
    assert not isinstance(found, RecipeTestFile)
    return found


WHOLE = """\
recipe: PASSPORT_BACKLOG
start: 2026-03-01T00:00:00+01:00
looks: 2_h
unexpected: allow
series:
  wait_time: {every: 1_h, values: 5}
  error_rate: {every: 15min, values: 1/50x8}
tests:
  - name: the first
    series:
      wait_time: {every: 2_h, values: 24x3}
    events:
      - {at: 2_days, happens: deploy}
      - {at: 1_day 6_h, happens: merge}
    expect:
      - at: 3_days
        fires: false
        proposes: true
        redline: {PHOTO_VALIDATOR.max_blur_px: 2 -> 4}
        bottleneck: STALE
        success: HOLDS
        rollback: NO_DATA
        verdict: HOLD
        because: [one, two]
  - name: the second
    recipe: OTHER
    start: 2026-01-05T06:00:00Z
    looks: 1_h
    unexpected: fail
"""


def test_everything_that_a_file_says_is_read():
    first, second = read(WHOLE).tests
    assert (first.name, first.recipe, first.looks, first.fails_unexpected) == (
        "the first",
        "PASSPORT_BACKLOG",
        2 * HOUR,
        False,
    )
    assert first.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert {series.name: (series.every, len(series.runs)) for series in first.series} == {
        "wait_time": (2 * HOUR, 1),
        "error_rate": (HOUR / 4, 1),
    }
    assert [(event.at, event.happens) for event in first.events] == [
        (DAY + 6 * HOUR, Happening.MERGE),
        (2 * DAY, Happening.DEPLOY),
    ]
    (expected,) = first.expectations
    assert (expected.at, expected.fires, expected.proposes) == (3 * DAY, False, True)
    assert expected.redline == {"PHOTO_VALIDATOR.max_blur_px": "2 -> 4"}
    assert (expected.bottleneck, expected.success, expected.rollback, expected.verdict) == (
        RuleOutcome.STALE,
        RuleOutcome.HOLDS,
        RuleOutcome.NO_DATA,
        VerdictKind.HOLD,
    )
    assert expected.because == ("one", "two")
    assert (second.recipe, second.start, second.looks, second.fails_unexpected) == (
        "OTHER",
        datetime(2026, 1, 5, 6, tzinfo=UTC),
        HOUR,
        True,
    )


def test_what_is_left_out_has_a_default():
    (test,) = read("tests:\n  - {name: bare, recipe: PASSPORT_BACKLOG}\n").tests
    assert (test.start, test.looks, test.fails_unexpected) == (datetime(2026, 1, 5, tzinfo=UTC), HOUR, True)
    assert (test.series, test.events, test.expectations, test.length) == ((), (), (), timedelta(0))


def test_a_test_lasts_until_its_last_value_event_or_expectation():
    text = "tests:\n  - name: one\n    recipe: AA\n    series: {wait_time: {every: 1_h, values: 1x5}}\n"
    assert read(text).tests[0].length == 5 * HOUR
    assert read(text + "    events: [{at: 7_h, happens: merge}]\n").tests[0].length == 7 * HOUR
    assert read(text + "    expect: [{at: 9_h, fires: true}]\n").tests[0].length == 9 * HOUR


HEAD = "tests:\n  - name: one\n    recipe: AA\n"
BROKEN = [
    ("no recipe", "tests:\n  - name: one\n", "POW010", (2, 5), "`one` names no recipe"),
    ("no tests", "recipe: AA\n", "POW010", (1, 1), "`tests` is missing"),
    ("no name", "tests:\n  - recipe: AA\n", "POW010", (2, 5), "`name` is missing in `tests.0`"),
    ("an unknown key", HEAD + "    expected: []\n", "POW011", (4, 5), "unknown key `expected` in `tests.0`"),
    (
        "a value in the notation",
        HEAD + '    series: {wait_time: {every: 1_h, values: "5 6a 7"}}\n',
        "POW032",
        (4, 49),
        "`6a` is no value",
    ),
    (
        "a value on the second line of folded text",
        HEAD + "    series:\n      wait_time:\n        every: 1_h\n        values: >\n          5\n          6a\n",
        "POW032",
        (9, 11),
        "`6a` is no value",
    ),
    (
        "no such day",
        HEAD + "    start: 2026-02-30T00:00:00Z\n",
        "POW013",
        (4, 12),
        "there is no time 2026-02-30T00:00:00Z",
    ),
    ("a year of long ago", HEAD + "    start: 0001-01-01T00:00:00Z\n", "POW013", (4, 12), None),
    ("a list as values", HEAD + "    series: {wait_time: {every: 1_h, values: [5]}}\n", "POW012", None, None),
    (
        "a number that is none of the notation",
        HEAD + "    series: {wait_time: {every: 1_h, values: 1e-9}}\n",
        "POW032",
        (4, 46),
        None,
    ),
    ("no time between", HEAD + "    series: {wait_time: {every: 0_h, values: 5}}\n", "POW013", (4, 33), None),
    ("an expectation of nothing", HEAD + "    expect: [{at: 1_h}]\n", "POW013", None, None),
    ("an unknown verdict", HEAD + "    expect: [{at: 1_h, verdict: success}]\n", "POW013", None, None),
    ("a redline without an arrow", HEAD + "    expect: [{at: 1_h, redline: {A.b: '4'}}]\n", "POW013", None, None),
    (
        "more looks than are played",
        HEAD + "    looks: 1s\n    expect: [{at: 1_day, fires: true}]\n",
        "POW032",
        (2, 5),
        "`one` looks 86,400 times, at most 20,000 are played",
    ),
    (
        "a longer time than is played",
        HEAD + "    expect: [{at: 9999_weeks, fires: true}]\n",
        "POW032",
        (2, 5),
        "`one` takes 69,993 days, at most 3,660 are played",
    ),
    (
        "more values than are played",
        HEAD + "    series:\n      a: {every: 1s, values: 1x150000}\n      b: {every: 1s, values: 1x150000}\n",
        "POW032",
        (2, 5),
        "`one` has 300,000 values, at most 200,000 are played",
    ),
    ("a duplicate key", HEAD + "    recipe: BB\n", "POW004", (4, 5), None),
    ("no YAML", "tests: [", "POW002", None, None),
]


@pytest.mark.parametrize(
    ("text", "check", "place", "message"), [case[1:] for case in BROKEN], ids=[c[0] for c in BROKEN]
)
def test_what_is_wrong_is_told_with_its_place(text, check, place, message):
    found = faults(text)
    assert check in {fault.id for fault in found}
    fault = next(fault for fault in found if fault.id == check)
    assert place is None or (fault.line, fault.column) == place, text_of(fault)
    assert message is None or fault.message == message
    assert fault.path == PATH


def test_all_that_is_wrong_is_told_at_once():
    text = HEAD + "    start: 2026-02-30T00:00:00Z\n    series: {wait_time: {every: 1_h, values: a b}}\n"
    assert [fault.message for fault in faults(text)] == [
        "there is no time 2026-02-30T00:00:00Z",
        "`a` is no value",
        "`b` is no value",
    ]


def test_the_recipes_that_tests_name_are_found_without_reading_them():
    found = recipes_with_tests(
        {
            "pow/tests/a.yml": b"recipe: AAA\ntests:\n  - name: x\n    recipe: BBB\n  - {name: y, recipe: 'CCC'}\n",
            "pow/tests/b.yml": b"# recipe: DDD\ntests: [\n",
            "pow/tests/c.yaml": b"recipe: EEE\n",
            "pow/other.yml": b"recipe: FFF\n",
        }
    )
    assert found == {"AAA", "BBB", "CCC"}


# The fit to a repository


def fitted(text: str, **changed: str | None) -> tuple[tuple[FittedTest | None, ...], tuple[Diagnostic, ...]]:
    library = load_library(files(**changed), endpoints={})
    assert library.settings is not None, library.diagnostics
    outcomes = Fitter(library, library.settings).fit(read(text))
    return tuple(each.value for each in outcomes), tuple(fault for each in outcomes for fault in each.faults)


def test_series_are_found_by_the_names_that_rules_use():
    text = """\
recipe: PASSPORT_BACKLOG
tests:
  - name: short and long
    series:
      wait_time: {every: 1_h, values: 5x3}
      metrics.passport.error_rate: {every: 5min, values: 1/50x3}
"""
    (test,), found = fitted(text)
    assert found == ()
    assert test is not None
    assert test.recipe.recipe.id == "PASSPORT_BACKLOG"
    assert {name: len(feed.parts) for name, feed in test.feeds.items()} == {
        "metrics.passport.wait_time": 1,
        "metrics.passport.error_rate": 1,
    }


ONE = "tests:\n  - name: one\n    recipe: PASSPORT_BACKLOG\n    series:\n"
MISFITS = [
    (
        "an unknown recipe",
        "tests:\n  - name: one\n    recipe: PASSPORT_BACKLOK\n",
        (3, 13),
        "no recipe `PASSPORT_BACKLOK` could be loaded",
        "did you mean `PASSPORT_BACKLOG`?",
    ),
    (
        "an unknown recipe for the whole file",
        "recipe: NOPE\ntests:\n  - name: one\n",
        (1, 9),
        "no recipe `NOPE` could be loaded",
        "known: PASSPORT_BACKLOG",
    ),
    (
        "an unknown feed",
        ONE + "      wait_tim: {every: 1_h, values: 5}\n",
        (5, 7),
        "no feed `wait_tim` that rules can read",
        "did you mean `wait_time`?",
    ),
    (
        "a feed that is no metric",
        ONE + "      complaints.passport: {every: 1_h, values: 5}\n",
        (5, 7),
        "no feed `complaints.passport` that rules can read",
        None,
    ),
    (
        "readings of a ratio",
        ONE + "      error_rate: {every: 1_h, values: 5}\n",
        (5, 32),
        "`metrics.passport.error_rate` is a ratio",
        "write numerator/denominator: 1/50",
    ),
    (
        "a ratio of readings",
        ONE + "      wait_time: {every: 1_h, values: 5 1/50}\n",
        (5, 31),
        "`metrics.passport.wait_time` is no ratio",
        "write its values in days: 24x72",
    ),
    (
        "labels of a feed without any",
        ONE + "      wait_time: {every: 1_h, values: 5, labels: {office: north}}\n",
        (5, 42),
        "`metrics.passport.wait_time` has other labels",
        "leave `labels` out",
    ),
    (
        "a feed twice, by two names",
        ONE + "      wait_time: {every: 1_h, values: 5}\n      metrics.passport.wait_time: {every: 1_h, values: 5}\n",
        (6, 7),
        "`metrics.passport.wait_time` has this series twice",
        "keep one of the two",
    ),
    (
        "a feed twice, in a list",
        ONE + "      wait_time:\n        - {every: 1_h, values: 5}\n        - {every: 1_h, values: 6}\n",
        (7, 11),
        "`metrics.passport.wait_time` has this series twice",
        "keep one of the two",
    ),
]


@pytest.mark.parametrize(("text", "place", "message", "hint"), [m[1:] for m in MISFITS], ids=[m[0] for m in MISFITS])
def test_a_test_that_does_not_fit_says_why(text, place, message, hint):
    (value,), (fault,) = fitted(text)
    assert value is None
    assert (fault.id, fault.message) == ("POW033", message)
    assert (fault.line, fault.column) == place, text_of(fault)
    assert hint is None or fault.hint == hint


def with_feeds(old: str, new: str) -> str:
    from recipes.repository_files import FEEDS  # noqa: PLC0415 -- beside its only use

    assert FEEDS.count(old) == 1
    return FEEDS.replace(old, new)


@pytest.mark.parametrize(("values", "shown"), [("-1", "-1"), ("5..61x9", "61"), ("61..5x9", "61")])
def test_values_that_the_collector_would_drop_are_refused(values, shown):
    feeds = with_feeds(
        "columns: {at: closed_at, value: days}",
        "columns: {at: closed_at, value: days}\n    min_value: 0\n    max_value: 60",
    )
    (value,), (fault,) = fitted(ONE + f"      wait_time: {{every: 1_h, values: {values}}}\n", feeds=feeds)
    assert value is None
    assert fault.message == f"{shown} days is outside what `metrics.passport.wait_time` can be, such a row is dropped"


def test_a_ratio_of_nothing_has_no_value_to_be_out_of_range():
    feeds = with_feeds("window: 5min", "window: 5min\n    max_value: 1")
    (value,), found = fitted(ONE + "      error_rate: {every: 1_h, values: 0/0 1/50 _ nan err}\n", feeds=feeds)
    assert value is not None
    assert found == ()


def test_a_name_that_means_two_feeds_must_be_written_out():
    columns = "    columns: {at: at, value: days}\n    unit: days\n"
    second = "  metrics.visa.wait_time:\n    source: csv\n    path: a.csv\n" + columns
    feeds = with_feeds("  complaints.passport:\n", second + "  complaints.passport:\n")
    recipe = (
        files()["pow/passport_backlog.yml"]
        .decode()
        .replace("[metrics.passport.wait_time]", "[metrics.passport.wait_time, metrics.visa.wait_time]")
    )
    recipe = recipe.replace("max(wait_time)", "max(metrics.visa.wait_time)").replace(
        "wait_time <", "metrics.visa.wait_time <"
    )
    (value,), (fault,) = fitted(
        ONE + "      wait_time: {every: 1_h, values: 5}\n", feeds=feeds, passport_backlog=recipe
    )
    assert value is None
    assert fault.message == "`wait_time` may mean metrics.passport.wait_time or metrics.visa.wait_time"


def test_labelled_feeds_have_a_series_for_each_part():
    feeds = with_feeds(
        "columns: {at: closed_at, value: days}",
        "columns: {at: closed_at, value: days}\n    labels: {office: office_id}",
    )
    recipe = (
        files()["pow/passport_backlog.yml"].decode().replace("wait_time < 7_days for", "mean(wait_time) < 7_days for")
    )
    text = (
        ONE
        + "      wait_time:\n"
        + "        - {every: 1_h, values: 5, labels: {office: north}}\n"
        + "        - {every: 1_h, values: 6, labels: {office: south}}\n"
    )
    (value,), found = fitted(text, feeds=feeds, passport_backlog=recipe)
    assert found == ()
    assert value is not None
    (feed,) = value.feeds.values()
    assert [part.labels for part in feed.parts] == [{"office": "north"}, {"office": "south"}]

    (value,), (fault,) = fitted(
        ONE + "      wait_time: {every: 1_h, values: 5}\n", feeds=feeds, passport_backlog=recipe
    )
    assert value is None
    assert fault.hint == "its labels are: office"


def test_a_series_that_no_rule_reads_is_a_warning_where_the_test_itself_gives_it():
    extra = "  metrics.passport.queue:\n    source: csv\n    path: a.csv\n    columns: {at: at}\n    unit: count\n"
    feeds = with_feeds("  complaints.passport:\n", extra + "  complaints.passport:\n")
    (value,), (fault,) = fitted(ONE + "      queue: {every: 1_h, values: 5}\n", feeds=feeds)
    assert value is not None
    assert (fault.severity, fault.message) == (
        Severity.WARNING,
        "no rule of PASSPORT_BACKLOG reads `metrics.passport.queue`",
    )
    shared = "series:\n  queue: {every: 1_h, values: 5}\n" + "tests:\n  - name: one\n    recipe: PASSPORT_BACKLOG\n"
    assert fitted(shared, feeds=feeds)[1] == ()
