"""What feeds.yml says for rules by group and per time: labels, further units, delays; and what recipes make of it."""

from datetime import timedelta

import pytest
from recipes.repository_files import FEEDS, RECIPE, files

from bot.model.unit import declared_unit
from bot.recipes.library import Library, load_library

OFFICES = FEEDS.replace("feeds:", "units: [permits, chf]\nfeeds:", 1) + (
    "  metrics.passport.counter_wait:\n"
    "    source: csv\n"
    "    path: waits.csv\n"
    "    columns: {at: t, value: days}\n"
    "    labels: {office: office_id, kind: kind}\n"
    "    unit: days\n"
    "    delay: 2h\n"
    "    keeps: 90_days\n"
    "  metrics.passport.issued:\n"
    "    source: csv\n"
    "    path: issued.csv\n"
    "    columns: {at: t, value: n}\n"
    "    unit: permits\n"
)


def library_with(bottleneck: str = "max(wait_time) > 20_days", rollback: str = "error_rate > 5%") -> Library:
    text = RECIPE.replace('"max(wait_time) > 20_days"', f'"{bottleneck}"').replace("error_rate > 5%", f'"{rollback}"')
    return load_library(files(feeds=OFFICES, passport_backlog=text), endpoints={})


def test_labels_units_and_delays_are_read():
    settings = library_with().settings
    assert settings is not None
    wait, issued = settings.feeds[-2:]
    assert (wait.labels, wait.delay, wait.keeps) == (
        {"office": "office_id", "kind": "kind"},
        timedelta(hours=2),
        timedelta(days=90),
    )
    assert (issued.unit, issued.labels, issued.delay, issued.keeps) == (
        declared_unit("permits"),
        {},
        timedelta(0),
        None,
    )


@pytest.mark.parametrize(
    "rule",
    [
        "mean(counter_wait) > 20_days by office",
        "counter_wait > 20_days by every office, kind",
        "issued < 3_permits",
        "rate(issued over 7_days) < 20_permits_per_day",
    ],
)
def test_recipes_may_use_them(rule: str):
    library = library_with(bottleneck=rule)
    assert library.diagnostics == ()


def test_a_recipe_compares_with_the_time_before_its_change_only_where_there_is_one():
    rule = "wait_time > 2 * before(wait_time over 7_days)"
    assert library_with(rollback=rule).diagnostics == ()
    assert [fault.id for fault in library_with(bottleneck=rule).diagnostics] == ["rule-no-change"]
