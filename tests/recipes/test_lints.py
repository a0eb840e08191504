"""What recipes mean: a table of recipes that say something else than their authors think, and of others."""

import re
from collections.abc import Mapping

import pytest
from recipes.repository_files import FILES, RECIPE, edited, files

from bot.model.errors import Diagnostic, Severity
from bot.recipes.lint import lint

PATH = "pow/passport_backlog.yml"
ERROR, WARNING = Severity.ERROR, Severity.WARNING


def repository(feeds: str = "", **keys: str) -> Mapping[str, bytes]:
    """Return the small repository with other rules, further keys, and `old -> new` edits of its feeds."""
    text = RECIPE
    for key, value in keys.items():
        line = f"{key}: {value}\n"
        text, count = re.subn(rf"^{key}: .*\n", line, text, flags=re.MULTILINE)
        text += "" if count else line
    changed = FILES["pow/settings/feeds.yml"]
    for edit in filter(None, feeds.split(";")):
        old, _, new = edit.partition("->")
        assert changed.count(old.strip()) == 1, old
        changed = changed.replace(old.strip(), new.strip("\n "))
    return files(passport_backlog=text, feeds=changed)


def found(repository: Mapping[str, bytes]) -> list[Diagnostic]:
    return [fault for fault in lint(repository, endpoints={}) if fault.path == PATH]


def told(repository: Mapping[str, bytes]) -> list[tuple[str, Severity]]:
    return [(fault.id, fault.severity) for fault in found(repository)]


OPENED = "columns: {at: closed_at, value: days} -> columns: {at: opened, start: opened, end: closed}"
NAMED = "columns: {at: closed_at, value: days} -> columns: {at: createdAt, value: days}"
CLOSED = "columns: {at: closed_at, value: days} -> columns: {start: opened, end: closed}"
KEPT = "unit: days -> unit: days\n    keeps: 4_days"
LABELLED = "unit: days -> unit: days\n    labels: {office: office}"
RANGED = "unit: days -> unit: days\n    min_value: 0\n    max_value: 30"
SHARE = "columns: {at: at, value: errors, of: requests} -> columns: {at: at, value: pct}\n    unit: '%'"

# (feeds, keys of the recipe, what is said)
CASES: list[tuple[str, dict[str, str], list[tuple[str, Severity]]]] = [
    # against one another
    ("", {"rollback_on": "wait_time > 5_days"}, [("POW046", ERROR)]),
    ("", {"rollback_on": "error_rate > 5% or wait_time > 5_days"}, [("POW046", ERROR)]),
    ("", {"rollback_on": "error_rate > 5% or wait_time > 8_days"}, []),
    (
        "",
        {"success_metric": "max(wait_time) < 7_days", "rollback_on": "min(wait_time) < 7_days"},
        [("POW046", ERROR)],
    ),
    ("", {"success_metric": "max(wait_time) < 7_days", "rollback_on": "min(wait_time) > 7_days"}, []),
    ("", {"success_metric": "wait_time > 7_days for 3_days"}, [("POW060", ERROR)]),
    ("", {"success_metric": "max(wait_time) < 25_days for 3_days"}, [("POW060", WARNING)]),
    ("", {"success_metric": "max(wait_time) < 20_days for 3_days"}, []),
    ("", {"success_metric": "7_days > wait_time for 3_days"}, []),
    ("", {"success_metric": "7_days < wait_time for 3_days"}, [("POW060", ERROR)]),
    ("", {"success_metric": "count(wait_time) > 7 for 3_days"}, []),
    ("", {"success_metric": "stddev(wait_time) > 7_days for 3_days"}, []),
    ("", {"success_metric": "wait_time - wait_time over 2_days > 7_days"}, []),
    ("", {"bottleneck_rule": "error_rate < 5%"}, [("POW060", WARNING)]),
    ("", {"bottleneck_rule": "sum(error_rate) < 5"}, []),
    ("", {"rollback_on": "error_rate < 5%"}, [("POW060", WARNING)]),
    ("", {"success_metric": "error_rate > 5%"}, [("POW046", ERROR)]),
    ("", {"bottleneck_rule": "wait_time > 20_days", "rollback_on": "wait_time > 15_days"}, [("POW061", WARNING)]),
    ("", {"bottleneck_rule": "wait_time > 20_days", "rollback_on": "wait_time > 25_days"}, []),
    (
        "",
        {"bottleneck_rule": "wait_time > 20_days", "rollback_on": "max(wait_time) > 15_days"},
        [("POW061", WARNING)],
    ),
    # groups
    (LABELLED, {"success_metric": "wait_time < 7_days by office for 3_days"}, [("POW062", WARNING)]),
    (LABELLED, {"success_metric": "wait_time < 7_days by every office for 3_days"}, []),
    (
        LABELLED,
        {
            "success_metric": "wait_time < 7_days by every office for 3_days",
            "rollback_on": "mean(wait_time) > 5_days",
        },
        [("POW046", ERROR)],
    ),
    (
        LABELLED,
        {
            "success_metric": "sum(wait_time) < 7_days by every office for 3_days",
            "rollback_on": "sum(wait_time) > 5_days",
        },
        [],
    ),
    (
        LABELLED,
        {
            "success_metric": "mean(wait_time) < 7_days for 3_days",
            "bottleneck_rule": "wait_time > 20_days by office",
            "rollback_on": "mean(wait_time) > 15_days",
        },
        [],
    ),
    # foregone
    (RANGED, {"bottleneck_rule": "max(wait_time) > 30_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "max(wait_time) >= 0_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "max(wait_time) > 29_days"}, []),
    (RANGED, {"bottleneck_rule": "error_rate > 7% or wait_time > 31_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "error_rate > 7% and wait_time > 31_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "error_rate > 7% or not wait_time > 31_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "not wait_time > 31_days and wait_time >= 0_days"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "40_days < max(wait_time)"}, [("POW059", ERROR)]),
    (RANGED, {"bottleneck_rule": "max(wait_time) > min(wait_time) + 40_days"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "wait_time > 20_days and wait_time < 10_days"}, [("POW059", ERROR)]),
    (
        "",
        {"bottleneck_rule": "wait_time > 20_days or not wait_time > 20_days", "rollback_on": "error_rate > 5%"},
        [("POW059", ERROR)],
    ),
    ("", {"bottleneck_rule": "not wait_time < 20_days"}, []),
    ("", {"rollback_on": "error_rate > 100%"}, [("POW059", WARNING)]),
    ("", {"rollback_on": "error_rate <= 100%"}, [("POW059", WARNING)]),
    ("", {"rollback_on": "count(wait_time) < 1"}, [("POW059", ERROR)]),
    ("", {"rollback_on": "count(error_rate) < 1"}, []),
    ("window: 5min -> min_value: 0\n    max_value: 3\n    window: 5min", {"rollback_on": "error_rate > 120%"}, []),
    (
        f"{CLOSED};unit: days -> unit: days\n    max_value: 0",
        {"rollback_on": "wait_time > 1_day"},
        [("POW059", ERROR), ("POW059", ERROR), ("POW059", ERROR)],
    ),
    ("unit: days -> unit: days\n    max_value: 9", {"bottleneck_rule": "wait_time > 9_days"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "wait_time > mean(wait_time)"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "wait_time <= wait_time or error_rate > 5%"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "wait_time > wait_time over 2_days"}, []),
    ("", {"bottleneck_rule": "wait_time / 0 > 1_day"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "error_rate > 5% and not -(wait_time / (2 - 2)) > 1_day"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "1_day < 2 * wait_time / 0"}, [("POW059", ERROR)]),
    ("", {"bottleneck_rule": "wait_time / (100% - error_rate) > 20_days"}, []),
    # when it is gone
    ("", {"clear_when": "max(wait_time) < 15_days"}, []),
    ("", {"clear_when": "max(wait_time) <= 20_days"}, []),
    ("", {"clear_when": "max(wait_time) > 25_days"}, [("POW084", ERROR)]),
    ("", {"clear_when": "max(wait_time) < 21_days"}, [("POW084", ERROR)]),
    ("", {"clear_when": "wait_time < 15_days"}, []),
    # samples
    (SHARE, {}, [("POW045", WARNING)]),
    (
        SHARE,
        {"rollback_on": "wait_time > 30_days", "success_metric": "error_rate < 5% for 1_h"},
        [("POW045", WARNING)],
    ),
    ("", {"watch": "{min_samples: 1}"}, [("POW055", WARNING)]),
    ("", {"watch": "{min_samples: 2}"}, []),
    ("", {"watch": "{min_samples: 1}", "bottleneck_rule": "wait_time > 20_days"}, []),
    (
        "",
        {
            "watch": "{min_samples: 1}",
            "bottleneck_rule": "wait_time > 20_days",
            "rollback_on": "p90(error_rate) > 5%",
        },
        [("POW051", WARNING)],
    ),
    (
        "",
        {
            "watch": "{min_samples: 1}",
            "bottleneck_rule": "wait_time > 20_days",
            "rollback_on": "error_rate > 5% for 1_h",
        },
        [("POW051", WARNING)],
    ),
    (
        "",
        {"watch": "{min_samples: 1}", "bottleneck_rule": "error_rate > 20%", "rollback_on": "sum(error_rate) > 5"},
        [],
    ),
    # windows
    ("", {"success_metric": "wait_time < 7_days for 2_days"}, [("POW056", WARNING)]),
    ("", {"success_metric": "wait_time < 7_days for 36_h"}, [("POW056", WARNING)]),
    ("", {"success_metric": "wait_time < 7_days for 1_day"}, [("POW056", WARNING)]),
    ("", {"success_metric": "error_rate < 1% and wait_time < 7_days for 2_days"}, [("POW056", WARNING)]),
    ("", {"success_metric": "error_rate < 1% and wait_time < 7_days for 3_days"}, []),
    ("", {"success_metric": "error_rate < 1% or wait_time < 7_days for 3_days"}, [("POW057", WARNING)]),
    (
        "",
        {"rollback_on": "error_rate > 5% and wait_time over 7_days > 30_days in 6 of 12 windows"},
        [("POW057", WARNING)],
    ),
    ("", {"rollback_on": "error_rate > 5% in 6 of 12 windows"}, []),
    ("", {"rollback_on": "error_rate > 2 * before(error_rate over 7_days) in 6 of 12 windows"}, []),
    (KEPT, {"success_metric": "wait_time < 7_days for 6_days"}, [("POW058", ERROR)]),
    (KEPT, {"success_metric": "wait_time < 7_days for 3_days"}, []),
    ("unit: days -> unit: days\n    keeps: 3_days\n    delay: 1_day", {}, [("POW058", ERROR)]),
    (
        "unit: days -> unit: days\n    keeps: 8_days",
        {"rollback_on": "wait_time > 2 * before(wait_time)"},
        [("POW058", ERROR)],
    ),
    ("unit: days -> unit: days\n    keeps: 30_days", {"rollback_on": "wait_time > 2 * before(wait_time)"}, []),
    ("", {"success_metric": "wait_time < 7_days for 22_days"}, [("POW063", WARNING)]),
    ("", {"success_metric": "wait_time < 7_days in 22 of 30 windows"}, [("POW063", WARNING)]),
    ("", {"success_metric": "wait_time < 7_days in 20 of 30 windows"}, []),
    (
        "",
        {"success_metric": "wait_time < 7_days", "watch": "{deadline: 1_day, arm_after: 2_days}"},
        [("POW063", WARNING)],
    ),
    # durations that are cut short
    (OPENED, {}, [("POW054", ERROR)]),
    (CLOSED, {}, []),
    (NAMED, {}, [("POW054", WARNING)]),
    (OPENED, {"success_metric": "wait_time < 7_days for 8_days"}, []),
    (OPENED, {"success_metric": "wait_time < 7_days for 7_days"}, []),
    (OPENED, {"success_metric": "wait_time < 7_days for 7_days", "watch": "{arm_after: 0min}"}, [("POW054", ERROR)]),
    (OPENED, {"success_metric": "wait_time < 7_days in 9 of 12 windows"}, []),
    (OPENED, {"success_metric": "wait_time < 7_days in 3 of 12 windows"}, [("POW054", ERROR)]),
    (OPENED, {"success_metric": "wait_time < 7_days"}, [("POW054", ERROR)]),
    (OPENED, {"success_metric": "error_rate < 4% and p90(wait_time) < 7_days"}, [("POW054", ERROR)]),
    (OPENED, {"success_metric": "sum(wait_time) < 7_days for 3_days"}, []),
    (OPENED, {"success_metric": "stddev(wait_time) < 7_days for 3_days"}, []),
    (OPENED, {"success_metric": "error_rate < 1% for 3_days"}, []),
    (
        OPENED,
        {"success_metric": "wait_time < 1e300_days for 3_days".replace("1e300", "1" + "0" * 290)},
        [("POW054", ERROR), ("POW060", WARNING)][:1],
    ),
    (
        OPENED,
        {"success_metric": "error_rate < 1% for 3_days", "rollback_on": "wait_time > 21_days"},
        [("POW054", WARNING)],
    ),
    (OPENED, {"success_metric": "error_rate < 1% for 3_days", "rollback_on": "wait_time > 20_days"}, []),
    (
        (
            "columns: {at: closed_at, value: days} -> hand_over: {source: A, target: B}\n"
            "    columns: {case: c, activity: a, at: opened}"
        ),
        {},
        [],
    ),
    # tests
    ("", {"id": "OTHER"}, [("POW050", WARNING)]),
]


@pytest.mark.parametrize(("feeds", "keys", "expected"), CASES, ids=lambda value: str(value)[:80])
def test_a_recipe_is_told_what_it_means(feeds, keys, expected):
    assert told(repository(feeds, **keys)) == expected, found(repository(feeds, **keys))


# (recipe's key and rule, the text that is pointed to)
PLACES = [
    ("bottleneck_rule", "error_rate > 7% or wait_time  >  31_days", "wait_time  >  31_days"),
    ("bottleneck_rule", '"not (error_rate > 7%) or count(wait_time) < 1"', "count(wait_time) < 1"),
    ("success_metric", "'wait_time < 7_days for 2_days'", "for 2_days"),
    ("rollback_on", "error_rate > 5% and wait_time over 7_days > 20_days in 6 of 12 windows", "in 6 of 12 windows"),
    ("success_metric", "mean(wait_time) < 7_days by office for 3_days", "by office"),
]


@pytest.mark.parametrize(("key", "rule", "part"), PLACES)
def test_a_doubt_points_at_the_part_of_the_rule_that_it_is_about(key, rule, part):
    feeds = f"{RANGED}\n    labels: {{office: office}}" if " by " in rule else RANGED
    (fault,) = found(repository(feeds, **{key: rule}))

    assert fault.source[fault.column - 1 : fault.column - 1 + fault.width] == part


def test_a_message_names_the_values_that_a_feed_can_have():
    messages = [
        found(repository(RANGED, bottleneck_rule=rule))[0].message
        for rule in (
            "wait_time > 31_days",
            "wait_time - 40_days > 0_days",
            "wait_time > wait_time over 2_days + 40_days",
        )
    ]

    assert [message.partition(": ")[2] for message in messages] == [
        "`mean(wait_time)` is from 0 days to 30 days, so the recipe never fires",
        "`wait_time - 40_days` is from -40 days to -10 days, so the recipe never fires",
        "`mean(wait_time) - wait_time over 2_days + 40_days` is from -70 days to -10 days, so the recipe never fires",
    ]


@pytest.mark.parametrize(
    ("feed", "rule", "words"),
    [
        ("min_value: 3", "wait_time < 3_days", "at least 3 days"),
        ("max_value: 3", "wait_time > 3_days", "at most 3 days"),
        ("max_value: 3\n    min_value: 3", "wait_time > 3_days", "always 3 days"),
    ],
)
def test_a_range_is_told_as_people_say_it(feed, rule, words):
    (fault, *_) = found(repository(f"unit: days -> unit: days\n    {feed}", bottleneck_rule=rule))

    assert f"is {words}, so" in fault.message


# Silencing

REASON = "somebody looked into it"


def silencing(*ids: str) -> str:
    return "{ignore: [" + ", ".join(f"{{id: {each}, reason: {REASON}}}" for each in ids) + "]}"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"success_metric": "wait_time < 7_days for 2_days"}, [("POW056", WARNING)]),
        ({"success_metric": "wait_time < 7_days for 2_days", "lint": silencing("POW056")}, []),
        ({"success_metric": "wait_time > 7_days for 3_days", "lint": silencing("POW060")}, []),
        ({"lint": silencing("POW056")}, [("POW067", WARNING)]),
        ({"lint": silencing("POW056", "POW056")}, [("POW067", WARNING)]),
        ({"lint": silencing("POW052", "POW053")}, []),
        ({"lint": silencing("POW099")}, [("POW066", ERROR)]),
        ({"lint": silencing("POW046"), "rollback_on": "wait_time > 5_days"}, [("POW046", ERROR), ("POW066", ERROR)]),
        ({"lint": silencing("rule-syntax")}, [("POW066", ERROR)]),
        # a rule that does not compile: nobody knows what else would be said
        ({"lint": silencing("POW056"), "rollback_on": "wait_tme > 5_days"}, [("rule-unknown-name", ERROR)]),
        ({"lint": silencing("POW050"), "id": "OTHER"}, []),
        ({"lint": "{ignore: [{id: POW056, reason: because}]}"}, [("POW013", ERROR)]),
        ({"lint": "{ignore: [{id: POW056}]}"}, [("POW010", ERROR)]),
        ({"lint": "{ignore: []}"}, [("POW013", ERROR)]),
        ({"lint": "{}"}, [("POW010", ERROR)]),
    ],
)
def test_a_doubt_is_silenced_with_a_reason_and_nothing_else_is(keys, expected):
    assert told(repository(**keys)) == expected


def test_what_cannot_be_silenced_is_told_where_it_stands():
    text = "\n  ignore:\n    - {id: POW056, reason: " + REASON + "}\n    - reason: " + REASON + "\n      id: POW50"
    by_id = {fault.id: fault for fault in found(repository(lint=text))}

    assert (by_id["POW067"].line, by_id["POW067"].column) == (15, 12)
    assert (by_id["POW066"].line, by_id["POW066"].column) == (17, 11)
    assert "did you mean `POW050`" in by_id["POW066"].hint


def test_a_recipe_silences_nothing_in_other_files():
    repository = edited("passport_backlog", "hitl_threshold", f"lint: {silencing('POW050')}\nhitl_threshold")
    other = RECIPE.replace("PASSPORT_BACKLOG", "SECOND").encode()

    assert [(fault.path, fault.id) for fault in lint({**repository, "pow/second.yml": other}, endpoints={})] == [
        (PATH, "POW067"),
        ("pow/second.yml", "POW050"),
    ]


def test_a_test_file_that_cannot_be_read_is_told():
    wrong = lint({**files(), "pow/tests/more.yml": b"tests: []\n"}, endpoints={})

    assert [(fault.path, fault.id) for fault in wrong] == [("pow/tests/more.yml", "POW013")]


def test_of_recipes_with_one_id_nothing_else_is_said():
    second = RECIPE.replace("wait_time < 7_days", "wait_time > 7_days")

    assert [
        (fault.path, fault.id) for fault in lint({**files(), "pow/second.yml": second.encode()}, endpoints={})
    ] == [
        (PATH, "POW031"),
        ("pow/second.yml", "POW031"),
    ]


ASKED = FILES["pow/settings/policy.yml"].replace(
    "  journeys: MEDIUM\n",
    "  journeys: MEDIUM\n  people_affected: [{above: 1000, level: MEDIUM}, {above: 9000, level: HIGH}]\n",
)


def test_where_policy_asks_how_many_people_a_feed_must_count_them():
    assert lint(files(policy=ASKED), endpoints={}) == (), "the process log is one row for each event of a case"
    feeds = FILES["pow/settings/feeds.yml"].partition("  events.passport:")[0]
    (fault,) = lint(files(policy=ASKED, feeds=feeds), endpoints={})
    assert (fault.path, fault.line, fault.severity) == (PATH, 2, WARNING)
    assert "no feed of this recipe counts people, so its impact is always at least HIGH" in fault.message
    counted = feeds.replace("    unit: days\n", "    unit: days\n    people: true\n")
    assert lint(files(policy=ASKED, feeds=counted), endpoints={}) == ()
