"""The tests that a recipe chooses: how they are written, and which rules they fit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recipes.repository_files import FILES, files

from bot.model.proof import (
    ControlChoice,
    Proof,
    RankChoice,
    RankTest,
    SequenceChoice,
    SequenceTest,
    ShareTest,
    SurvivalChoice,
    SurvivalTest,
)
from bot.model.settings import Policy
from bot.recipes.check import Check
from bot.recipes.library import CompiledRecipe, Library, load_library

RECIPE = FILES["pow/passport_backlog.yml"]
LABELLED = FILES["pow/settings/feeds.yml"].replace(
    "    unit: days\n", "    unit: days\n    labels: {office: office}\n"
)
OPEN = FILES["pow/settings/feeds.yml"].replace(
    "    columns: {at: closed_at, value: days}\n    unit: days\n",
    "    columns: {start: opened, end: closed}\n    unit: days\n    open_cases: true\n",
)


def load(more: str, *, feeds: str | None = None, recipe: str = RECIPE) -> Library:
    changed = {"passport_backlog": recipe + more} | ({"feeds": feeds} if feeds else {})
    return load_library(files(**changed), endpoints={})


def loaded(more: str, **changes: Any) -> CompiledRecipe:
    library = load(more, **changes)
    (found,) = library.recipes
    return found


READ: list[tuple[str, Proof | None]] = [
    ("", None),
    ("rollback_test: wilson\n", ShareTest.WILSON),
    ("rollback_test: {kind: cusum}\n", ShareTest.CUSUM),
    ("rollback_test: mann_whitney\n", RankChoice()),
    (
        "rollback_test: {kind: mann_whitney, alpha: 5%, effect: 0.7, every: 12_h, looks: 9, min_samples: 80}\n",
        RankChoice(alpha=0.05, effect=0.7, every=timedelta(hours=12), looks=9, min_samples=80),
    ),
]


@pytest.mark.parametrize(("text", "test"), READ)
def test_a_test_is_a_name_or_a_mapping(text: str, test: Proof | None):
    found = loaded(text)
    assert found.recipe.watch.test == test
    assert found.watching[0].guard.test == test


def test_groups_that_the_change_has_not_reached_are_named_by_label():
    guard = 'guardrails: [{rule: "median(wait_time) > 9_days", test: {kind: mann_whitney, control: {office: %s}}}]\n'
    recipe = RECIPE.replace("wait_time < 7_days for 3_days", "median(wait_time) < 7_days for 3_days")
    for text, values in (("north", ("north",)), ("[north, east]", ("north", "east"))):
        found = loaded(guard % text, feeds=LABELLED, recipe=recipe)
        assert found.guards[0].guard.test == RankChoice(control={"office": values})


RATIO = FILES["pow/settings/feeds.yml"].replace(
    "    window: 5min\n", "    window: 5min\n    labels: {office: office}\n"
)


def test_a_ratio_may_be_held_against_groups_that_the_change_has_not_reached():
    recipe = RECIPE.replace("error_rate > 5%", "mean(error_rate) > 5%")
    found = loaded("rollback_test: {kind: wilson, control: {office: [north, east]}}\n", feeds=RATIO, recipe=recipe)
    assert found.recipe.watch.test == ControlChoice(control={"office": ("north", "east")})


def test_success_may_have_to_be_proven():
    assert loaded("success_test: confidence_sequence\n").recipe.watch.success_test == SequenceChoice()
    found = loaded("success_test: {kind: confidence_sequence, alpha: 1%, best_at: 500, min_samples: 60}\n")
    assert found.recipe.watch.success_test == SequenceChoice(alpha=0.01, best_at=500, min_samples=60)


def test_a_test_of_open_cases():
    recipe = RECIPE.replace("max(wait_time)", "median(wait_time)").replace(
        "wait_time < 7_days for 3_days", "median(wait_time over 30_days) < 7_days"
    )
    guard = (
        'guardrails: [{rule: "p90(wait_time over 30_days) > 40_days", test: {kind: kaplan_meier, confidence: 95%}}]\n'
    )
    assert loaded(guard, feeds=OPEN, recipe=recipe).guards[0].guard.test == SurvivalChoice(confidence=0.95)


NUMBERS = """
tests:
  mann_whitney: {alpha: 2%, effect: 70%, every: 6_h, looks: 12, min_samples: 90}
  kaplan_meier: {confidence: 95%}
  confidence_sequence: {alpha: 10%, best_at: 300, min_samples: 70}
"""
OWN = RankTest(alpha=0.02, effect=0.7, every=timedelta(hours=6), looks=12, min_samples=90)
CHOSEN: list[tuple[str, Proof, RankTest | SurvivalTest]] = [
    ("", RankChoice(), RankTest()),
    ("", SurvivalChoice(), SurvivalTest()),
    (NUMBERS, RankChoice(), OWN),
    (NUMBERS, RankChoice(looks=3), replace(OWN, looks=3)),
    (NUMBERS, RankChoice(control={"office": ("north",)}), replace(OWN, control={"office": ("north",)})),
    (
        NUMBERS,
        RankChoice(alpha=0.05, effect=0.55, every=timedelta(days=1), min_samples=60),
        replace(OWN, alpha=0.05, effect=0.55, every=timedelta(days=1), min_samples=60),
    ),
    (NUMBERS, SurvivalChoice(), SurvivalTest(confidence=0.95)),
    (NUMBERS, SurvivalChoice(confidence=0.9), SurvivalTest(confidence=0.9)),
]


def policy_of(text: str) -> Policy:
    library = load_library(files(policy=FILES["pow/settings/policy.yml"] + text), endpoints={})
    assert library.settings is not None, library.diagnostics
    return library.settings.policy


@pytest.mark.parametrize(("text", "choice", "expected"), CHOSEN)
def test_what_a_recipe_leaves_open_is_the_policys(text: str, choice: Proof, expected: RankTest | SurvivalTest):
    test = policy_of(text).rollback.chosen(choice)
    assert expected in (test.ranks, test.survival)
    assert None in (test.ranks, test.survival)


PROVING: list[tuple[str, SequenceChoice | None, SequenceTest | None]] = [
    ("", SequenceChoice(), SequenceTest()),
    (NUMBERS, None, None),
    (NUMBERS, SequenceChoice(), SequenceTest(alpha=0.1, best_at=300, min_samples=70)),
    (NUMBERS, SequenceChoice(alpha=0.01), SequenceTest(alpha=0.01, best_at=300, min_samples=70)),
    (NUMBERS, SequenceChoice(best_at=50, min_samples=55), SequenceTest(alpha=0.1, best_at=50, min_samples=55)),
]


@pytest.mark.parametrize(("text", "choice", "expected"), PROVING)
def test_what_success_must_be_proven_by_is_the_policys_as_well(
    text: str, choice: SequenceChoice | None, expected: SequenceTest | None
):
    assert policy_of(text).rollback.proving(choice) == expected


@pytest.mark.parametrize(
    "text",
    [
        "tests: {mann_whitney: {alpha: 0%}}\n",
        "tests: {mann_whitney: {control: {office: north}}}\n",
        "tests: {kaplan_meier: {confidence: 40%}}\n",
        "tests: {confidence_sequence: {min_samples: 3}}\n",
        "tests: {wilson: {}}\n",
    ],
)
def test_a_policy_cannot_ask_for_a_test_that_proves_nothing(text: str):
    library = load_library(files(policy=FILES["pow/settings/policy.yml"] + text), endpoints={})
    assert library.settings is None
    assert library.has_error


UNFIT = [
    ('guardrails: [{rule: "wait_time > 9_days", test: wilson}]\n', "the test wilson is for one limit on a ratio"),
    ('guardrails: [{rule: "wait_time > 9_days for 2_days", test: mann_whitney}]\n', "mann_whitney is for one metric"),
    ('guardrails: [{rule: "wait_time > 9_days", test: kaplan_meier}]\n', "kaplan_meier is for a median"),
    (
        'guardrails: [{rule: "wait_time > 9_days", test: {kind: mann_whitney, control: {office: north}}}]\n',
        "with the labels of `control`",
    ),
    ("rollback_test: {kind: wilson, control: {office: north}}\n", "with the labels of `control`"),
    ('guardrails: [{rule: "max(error_rate) > 50%", test: wilson}]\n', "the test wilson is for one limit on a ratio"),
    ("rollback_test: {kind: cusum, control: {office: north}}\n", "`control` means nothing to the test cusum"),
    ("rollback_test: {kind: cusum, looks: 3}\n", "`looks` means nothing to the test cusum"),
    ("rollback_test: {kind: mann_whitney, confidence: 99%}\n", "`confidence` means nothing to the test mann_whitney"),
]


@pytest.mark.parametrize(("text", "message"), UNFIT)
def test_a_test_that_proves_nothing_of_its_rule_is_refused(text: str, message: str):
    (fault,) = load(text).diagnostics
    assert fault.id == Check.TEST_UNFIT
    assert message in fault.message


def test_success_that_is_no_mean_cannot_be_proven_by_one():
    recipe = RECIPE.replace("wait_time < 7_days for 3_days", "max(wait_time) < 30_days")
    (fault,) = load("success_test: confidence_sequence\n", recipe=recipe).diagnostics
    assert (fault.id, fault.line) == (Check.TEST_UNFIT, recipe.count("\n") + 1)
