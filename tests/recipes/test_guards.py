"""Rules that watch beside `rollback_on`: how they are written, and where they are wrong."""

from datetime import timedelta

import pytest
from recipes.repository_files import FILES, files

from bot.model.recipe import Guard, GuardRole, NoData, OnDeadline, RollbackMode
from bot.recipes.check import Check
from bot.recipes.library import CompiledRecipe, load_library

RECIPE = FILES["pow/passport_backlog.yml"]


def load(more: str, feeds: str | None = None) -> CompiledRecipe | tuple[tuple[str, int, str], ...]:
    """Load the recipe with more keys: compiled, or what is wrong with it by id, line below it, and message."""
    changed = {"passport_backlog": RECIPE + more} | ({"feeds": feeds} if feeds else {})
    library = load_library(files(**changed), endpoints={})
    if library.recipes:
        return library.recipes[0]
    last = RECIPE.count("\n")
    return tuple((each.id, each.line - last, each.message) for each in library.diagnostics)


def test_a_text_is_a_rule_with_every_default_of_the_watch():
    found = load('watch: {arm_after: 2_h, grace: 3_days}\nguardrails: ["wait_time > 30_days"]\n')
    assert isinstance(found, CompiledRecipe)
    (guard,) = found.guards
    assert guard.guard == Guard(
        name="guardrail_1", rule="wait_time > 30_days", grace=timedelta(days=3), arm_after=timedelta(hours=2)
    )
    assert guard.rule.text == "wait_time > 30_days"
    assert [each.guard.name for each in found.watching] == ["rollback", "guardrail_1"]
    assert found.guard_named("guardrail_1") == guard
    assert found.guard_named("rollback").rule == found.guard_named(None).rule == found.rollback


def test_every_key_is_read():
    found = load(
        "watch: {on_deadline: keep, grace: 2_days}\n"
        'guardrails:\n  - "wait_time > 30_days"\n'
        "signals:\n  - rule: wait_time > 25_days\n    name: slow\n    mode: shadow\n    no_data: hold\n"
        "    grace: 3_h\n    arm_after: 4_h\n"
    )
    assert isinstance(found, CompiledRecipe)
    assert (found.recipe.watch.on_deadline, found.recipe.watch.grace) == (OnDeadline.KEEP, timedelta(days=2))
    assert found.guards[1].guard == Guard(
        name="slow",
        rule="wait_time > 25_days",
        role=GuardRole.SIGNAL,
        mode=RollbackMode.SHADOW,
        no_data=NoData.HOLD,
        grace=timedelta(hours=3),
        arm_after=timedelta(hours=4),
    )
    assert found.ripe_after["slow"] == timedelta(days=1)


def test_faults_stand_at_their_characters():
    found = load('guardrails:\n  - "wait_time > 5%"\n  - {rule: "wait_time > 3", name: a}\n')
    assert [(check, line) for check, line, _ in found] == [("rule-unit-mismatch", 2), ("rule-missing-unit", 3)]


@pytest.mark.parametrize("name", ["rollback", "success", "guardrail_1"])
def test_a_name_is_given_once(name: str):
    found = load(f'guardrails:\n  - "wait_time > 30_days"\n  - {{rule: "wait_time > 40_days", name: {name}}}\n')
    assert found == ((Check.GUARD_NAME, 3, f"another rule is called `{name}`"),)


SPARSE, CONTINUOUS = "    kind: sparse\n", "    kind: continuous\n"
FIT = [("hold", "", True), ("hold", SPARSE, True), ("ok", SPARSE, True), ("breach", CONTINUOUS, True)]
UNFIT = [("ok", "", False), ("breach", "", False), ("ok", CONTINUOUS, False), ("breach", SPARSE, False)]


@pytest.mark.parametrize(("policy", "kind", "fits"), FIT + UNFIT)
def test_what_no_data_means_must_fit_the_feed(policy, kind, fits):
    feeds = FILES["pow/settings/feeds.yml"].replace("    window: 5min\n", "    window: 5min\n" + kind)
    for more in (
        f"watch: {{no_data: {policy}}}\n",
        f'guardrails: [{{rule: "error_rate > 9%", no_data: {policy}}}]\n',
    ):
        found = load(more, feeds)
        assert isinstance(found, CompiledRecipe) == fits
        if not isinstance(found, CompiledRecipe):
            assert {check for check, _, _ in found} == {Check.NO_DATA_POLICY}


WAIT = "    columns: {at: closed_at, value: days}\n    unit: days\n"
OPEN = "    columns: {start: opened, end: closed}\n    unit: days\n    open_cases: true\n"


def test_a_feed_with_open_cases_is_asked_for_quantiles_only():
    feeds = FILES["pow/settings/feeds.yml"].replace(WAIT, OPEN)
    found = load('guardrails: ["p90(wait_time) > 30_days", "wait_time > 30_days"]\n', feeds)
    assert [check for check, _, _ in found] == [Check.OPEN_CASES] * 3, "max, the bare mean of success, and the guard"


@pytest.mark.parametrize(
    "wrong",
    [
        WAIT + "    open_cases: true\n",
        OPEN.replace("start: opened", "at: closed, start: opened"),
        OPEN.replace("start: opened, ", ""),
    ],
)
def test_open_cases_need_a_beginning_that_dates_them(wrong: str):
    library = load_library(files(feeds=FILES["pow/settings/feeds.yml"].replace(WAIT, wrong)), endpoints={})
    assert Check.FEED in {each.id for each in library.diagnostics}
