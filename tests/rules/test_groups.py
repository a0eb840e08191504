"""What case files cannot say of groups: their bounds, and series whose labels do not fit the catalog."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rules.environment import CATALOG, NOW, compiled, readings, series

from bot.model.series import Sample
from bot.model.verdict import RuleOutcome
from bot.rules.display import show_group
from bot.rules.evaluate import Needs, evaluate
from bot.rules.groups import MAX_GROUPS
from bot.rules.units import is_taken

PROCESSING = next(metric for metric in CATALOG if metric.name.endswith("processing"))
QUEUE = next(metric for metric in CATALOG if metric.name.endswith("scan_queue"))


def measured(rule, samples):
    data = {metric.name: series(metric, samples) for metric in (PROCESSING, QUEUE)}
    return evaluate(compiled(rule), data, now=NOW, needs=Needs())


def offices(count, days=5.0):
    return tuple(
        Sample(at=NOW - timedelta(hours=1), value=days, labels=(f"office {place:05}",)) for place in range(count)
    )


def test_as_many_groups_as_are_allowed_are_measured_and_told_in_few_words():
    found = measured("processing > 3_days by office", offices(MAX_GROUPS))
    assert found.outcome is RuleOutcome.HOLDS
    assert len(found.groups) == MAX_GROUPS
    assert found.sentence.startswith("by office: holds in 10000 of 10000; office 00000: ")
    assert found.sentence.endswith("; and 9997 more")
    assert len(found.sentence) < 600
    assert len(found.observed) < 200


@pytest.mark.parametrize(
    ("rule", "count", "words"),
    [
        ("processing > 3_days by office", MAX_GROUPS + 1, "too many groups: 10001 by office, each on 1 windows"),
        ("scan_queue > 3 by office in 1 of 9_000 windows", 112, "too many groups: 112 by office, each on 9000"),
    ],
)
def test_too_many_groups_are_an_error_that_says_how_many(rule, count, words):
    found = measured(rule, offices(count))
    assert (found.outcome, found.groups) == (RuleOutcome.ERROR, ())
    assert found.sentence.startswith(words)


def test_a_series_without_the_label_is_an_error():
    bare = replace(series(PROCESSING, offices(2)), labels=())
    found = evaluate(compiled("processing > 3_days by office"), {PROCESSING.name: bare}, now=NOW, needs=Needs())
    assert found.outcome is RuleOutcome.ERROR
    assert "came without the label office" in found.sentence


def test_labels_are_found_by_their_names_and_not_by_their_places():
    samples = tuple(replace(sample, labels=("walk-in", *sample.labels)) for sample in offices(2))
    turned = replace(series(PROCESSING, samples), labels=("kind", "office"))
    found = evaluate(compiled("processing > 3_days by office"), {PROCESSING.name: turned}, now=NOW, needs=Needs())
    assert found.groups == ("office 00000", "office 00001")


def test_a_group_with_data_before_the_change_only_is_no_group():
    data = readings({"processing": "north | 1d: 9 1; south | 1d: 9 _ _ _"})
    rule = compiled("processing < before(processing over 9_days) by every office")
    found = evaluate(rule, data, now=NOW, needs=Needs(changed_at=NOW - timedelta(days=1)))
    assert (found.outcome, found.groups) == (RuleOutcome.HOLDS, ("north",))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (("north",), "north"),
        (("north", ""), "north, (empty)"),
        (("a\tb\n\nc",), "a b c"),
        (("\u200b\u202e\x00",), "(empty)"),
        (("x" * 61,), "x" * 59 + "…"),
        (("x" * 58 + " yz",), "x" * 58 + "…"),
        (("x" * 60,), "x" * 60),
    ],
)
def test_a_groups_name_is_short_and_printable(values, shown):
    assert show_group(values) == shown


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("permits", False),
        ("chf", False),
        ("super_x", False),
        ("person", False),
        ("days", True),
        ("h", True),
        ("month", True),
        ("time", True),
        ("ratio", True),
        ("quotient", True),
        ("per_head", True),
        ("usd_per_head", True),
    ],
)
def test_a_unit_may_not_take_a_name_that_means_something(name, taken):
    assert is_taken(name) is taken
