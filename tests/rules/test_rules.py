"""What case files cannot say: limits, rendering, the function table, and data that does not fit the catalog."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rules.environment import CATALOG, NOW, compiled, reading, readings, scope, series

from bot.model.names import FeedName
from bot.model.series import Sample, SeriesKind
from bot.model.unit import DAY, PERCENT, UNITS, Quantity
from bot.model.verdict import RuleOutcome
from bot.rules.catalog import Scope, nearest, nearest_metric
from bot.rules.compile import compile_rule
from bot.rules.display import show_duration, show_value
from bot.rules.evaluate import Needs, evaluate
from bot.rules.functions import FUNCTIONS, SYNONYMS
from bot.rules.parse import MAX_DEPTH, parse
from bot.rules.shape import threshold_of
from bot.rules.source import MAX_LENGTH, Fault, FaultId, render
from bot.rules.tape import Readings
from bot.rules.tokens import KEYWORDS
from bot.rules.units import find_unit, unit_names

WAIT = CATALOG[0]


def fault_id(text):
    found = parse(text)
    return found.id if isinstance(found, Fault) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < 1" + " " * (MAX_LENGTH - 5), None),
        ("a < 1" + " " * (MAX_LENGTH - 4), FaultId.TOO_LONG),
        ("a" * 100_000, FaultId.TOO_LONG),
        ("(" * 60 + "a" + ")" * 60, None),
        ("(" * 64 + "a" + ")" * 64, FaultId.TOO_DEEP),
        ("(" * 4000, FaultId.TOO_DEEP),
        ("-" * 4000 + "a", FaultId.TOO_DEEP),
        ("not " * 1000 + "a", FaultId.TOO_DEEP),
        ("f(" * 2000, FaultId.TOO_DEEP),
        ("+".join("a" * MAX_DEPTH), None),
        ("+".join("a" * (MAX_DEPTH + 1)), FaultId.TOO_DEEP),
        (" or ".join("a" * 800), FaultId.TOO_DEEP),
        ("a" + " over 1d" * 500, FaultId.TOO_DEEP),
        ("a < " + "9" * 300, None),
        ("a < " + "9" * 310, FaultId.NUMBER_SIZE),
        ("f(" + ",".join("a" * 1500) + ")", None),
    ],
)
def test_a_rule_has_bounds(text, expected):
    assert fault_id(text) is expected


def test_a_number_that_its_unit_makes_too_large_is_a_fault():
    found = compile_rule("wait_time < " + "9" * 307 + "_weeks", scope())
    assert isinstance(found, tuple)
    assert [fault.id for fault in found] == [FaultId.NUMBER_SIZE]


def test_long_words_are_cut_in_messages():
    for text in (f"{'x' * 900} > 3", f"{'x' * 900}(a) > 3", f"a > 3_{'x' * 900}", f"a {'x' * 900}"):
        found = compile_rule(text, scope())
        assert isinstance(found, tuple)
        assert all(len(fault.message) < 150 for fault in found)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "wait_time > 5%",
            [
                "a time (days) and a ratio (%) cannot be compared [rule-unit-mismatch]",
                "  wait_time > 5%",
                "              ^^",
                "hint: `mean(wait_time)` is a time (days), `5%` is a ratio (%)",
            ],
        ),
        (
            "wait_time > 1d\n  and\tqueue > > 3\n",
            [
                "expected a metric, a number or `(`, found `>` [rule-syntax]",
                "    and\tqueue > > 3",
                "       \t        ^",
            ],
        ),
        (
            "wait_time >\n1d <\n2d",
            [
                "comparisons do not chain [rule-chained-comparison]",
                "  1d <",
                "     ^",
                "hint: write `a < b and b < c`",
            ],
        ),
        (
            "not\nqueue\n",
            [
                "`queue` is a count, not a condition [rule-not-a-condition]",
                "  queue",
                "  ^^^^^",
                "hint: compare it: `queue > 20`",
            ],
        ),
    ],
)
def test_a_fault_is_shown_under_its_line(text, shown):
    found = compile_rule(text, scope())
    assert isinstance(found, tuple)
    assert [line for fault in found for line in render(text, fault).split("\n")] == shown


def test_a_fault_over_several_lines_is_underlined_on_its_first():
    found = compile_rule("queue > 3 and (wait_time\n+ 1d)", scope())
    assert isinstance(found, tuple)
    assert render("queue > 3 and (wait_time\n+ 1d)", found[0]).splitlines()[2] == "  " + " " * 15 + "^" * 9


def test_every_function_is_described_and_no_word_means_two_things():
    assert all(function.sentence.endswith(".") for function in FUNCTIONS.values())
    assert [name for name, function in FUNCTIONS.items() if name != function.name] == []
    assert not set(FUNCTIONS) & KEYWORDS
    assert not set(FUNCTIONS) & set(SYNONYMS)
    assert set(SYNONYMS.values()) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_used_in_a_rule(name):
    limit = {"count": "99", "rate": "99"}.get(name, "99_days")
    rule = compiled(f"{name}(wait_time) != {limit}")
    measurement = evaluate(rule, readings({"wait_time": "6h: 3 4 5"}), now=NOW, needs=Needs())
    assert measurement.outcome is RuleOutcome.HOLDS


def test_every_unit_name_is_found():
    assert all(find_unit(name) for name in unit_names())
    assert set(UNITS) <= set(unit_names())


def test_a_ratio_of_counts_is_a_plain_ratio_however_it_is_shown():
    limit = threshold_of(compiled("error_rate > 5%"))
    assert limit is not None
    assert limit.limit == Quantity(value=5.0, unit=PERCENT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": UNITS["hours"]}, "came as readings in hours, the feed settings say readings in days"),
        ({"kind": SeriesKind.RATIO}, "came as ratio in days, the feed settings say readings in days"),
    ],
)
def test_a_series_that_does_not_fit_the_catalog_is_an_error(change, words):
    found = series(WAIT, (Sample(at=NOW - timedelta(hours=1), value=5),))
    data = {WAIT.name: replace(found, **change)}
    measurement = evaluate(compiled("wait_time > 1d"), data, now=NOW, needs=Needs())
    assert measurement.outcome is RuleOutcome.ERROR
    assert words in measurement.sentence


def test_samples_from_the_future_are_not_seen():
    found = series(WAIT, tuple(Sample(at=NOW + timedelta(hours=hour), value=5) for hour in range(3)))
    measurement = evaluate(compiled("wait_time > 1d"), {WAIT.name: found}, now=NOW, needs=Needs())
    assert measurement.outcome is RuleOutcome.NO_DATA


def test_a_window_begins_with_its_start_and_ends_before_now():
    at = {hours: Sample(at=NOW - timedelta(hours=hours), value=hours + 1) for hours in (0, 24)}
    rule = compiled("wait_time == 25_days")
    measurement = evaluate(rule, {WAIT.name: series(WAIT, tuple(at.values()))}, now=NOW, needs=Needs())
    assert measurement.outcome is RuleOutcome.HOLDS


@pytest.mark.parametrize("rule", ["wait_time > 1d", "wait_time > 1d for 2d", "wait_time > 1d in 1 of 2 windows"])
def test_a_change_that_takes_effect_later_leaves_no_window(rule):
    data = readings({"wait_time": "6h: 5x12"})
    needs = Needs(fresh_after=NOW + timedelta(hours=1))
    measurement = evaluate(compiled(rule), data, now=NOW, needs=needs)
    expected = {"wait_time > 1d": RuleOutcome.STALE, "wait_time > 1d for 2d": RuleOutcome.DOES_NOT_HOLD}
    assert measurement.outcome is expected.get(rule, RuleOutcome.NO_DATA)
    assert measurement.window is not None
    assert measurement.window.length == timedelta(0)


def test_a_weight_beyond_the_floats_stays_a_number():
    data = readings({"error_rate": "10min: 1/1.7e308 1/1.7e308"})
    measurement = evaluate(compiled("max(error_rate) < 5%"), data, now=NOW, needs=Needs())
    assert measurement.outcome is RuleOutcome.HOLDS
    assert "(n=1.798e+308)" in measurement.sentence


def test_weights_need_not_be_whole():
    data = readings({"error_rate": "10min: 1/2.5"})
    measurement = evaluate(compiled("error_rate > 5%"), data, now=NOW, needs=Needs())
    assert "(n=2.5)" in measurement.sentence


def test_hints_name_what_is_known():
    nothing = Scope(watched=(), metrics=())
    assert nearest_metric("wait_time", nothing) == "nothing is known here"
    assert nearest("b", tuple("cdefghijkl")) == "known: c, d, e, f, g, h, i, j, …"
    assert nearest_metric("error_rat", scope((FeedName("complaints.visa"),))) == "did you mean `error_rate`?"


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=365), "365 days"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=100), "4.2 days"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=19_392), "5.4 hours"),
        (timedelta(milliseconds=250), "0.2 seconds"),
        (timedelta(0), "0 days"),
    ],
)
def test_durations_read_as_people_say_them(duration, shown):
    assert show_duration(duration) == shown


def test_values_read_in_their_unit():
    assert show_value(86_400, DAY) == "1 day"
    assert show_value(0.042, PERCENT) == "4.2%"
    assert show_value(0.04212345, PERCENT, exact=True) == "4.212345%"


def test_a_failing_reading_reads_as_written():
    found = reading(WAIT, "fails: no answer")
    measurement = evaluate(compiled("wait_time > 1d"), {WAIT.name: found}, now=NOW, needs=Needs())
    assert "no answer" in measurement.sentence


def test_the_widest_window_is_that_of_any_part_and_stays_so():
    rule = compiled("max(wait_time over 7_days) > 1d and mean(wait_time over 2_days) > 1d")
    assert [rule.widest, rule.widest] == [timedelta(days=7)] * 2


def test_a_rule_of_many_unknown_names_is_answered_in_bounded_time():
    crowd = tuple(replace(WAIT, name=FeedName(f"metrics.p{place}.metric_{place}")) for place in range(5_000))
    text = "max(metric_x) > 3d and (" * 30 + "metric_y > 3d" + ")" * 30
    found = compile_rule(text, Scope(watched=(), metrics=crowd))
    assert isinstance(found, tuple)
    assert len(found) == 31
    assert [bool(fault.hint) for fault in found] == [True] * 10 + [False] * 21


@pytest.mark.parametrize("rule", ["max(wait_time) > 3_days", "wait_time < 3_days for 2_days", "error_rate > 5%"])
def test_readings_that_are_made_ready_once_say_the_same_at_every_moment(rule: str):
    found = readings({"wait_time": "6h: 3 4 5"})
    kept = Readings(found)
    assert (dict(kept), len(kept)) == (found, len(found))
    for now in (NOW, NOW - timedelta(hours=8), NOW):
        assert evaluate(compiled(rule), kept, now=now, needs=Needs()) == evaluate(
            compiled(rule), found, now=now, needs=Needs()
        )
