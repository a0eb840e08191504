"""Two texts mean the same exactly when the bot would do the same with them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recipes.repository_files import RECIPE

from bot.model.level import Level
from bot.model.names import Digest, FeedName, RecipeId, ServiceName
from bot.model.proof import RankChoice, SequenceChoice, SurvivalChoice
from bot.model.recipe import (
    Guard,
    GuardRole,
    JourneyPatch,
    NoData,
    OnDeadline,
    Recipe,
    RollbackMode,
    ServicePatch,
    Watch,
)
from bot.recipes.meaning import meaning_of
from bot.recipes.recipe import RecipeFile, read_recipe


def recipe(text: str = RECIPE, path: str = "pow/passport_backlog.yml") -> Recipe:
    file = read_recipe(path, text.encode())
    assert isinstance(file, RecipeFile), file
    return file.recipe


SAME = [
    ("a comment", RECIPE.replace("hitl_threshold: MEDIUM", "hitl_threshold: MEDIUM  # see the policy")),
    ("blank lines and a comment above", "# the first loop\n\n" + RECIPE),
    ("quotes", RECIPE.replace('"max(wait_time) > 20_days"', "'max(wait_time) > 20_days'")),
    ("blanks in a rule", RECIPE.replace("max(wait_time) > 20_days", "max( wait_time )>20_days")),
    ("parentheses that say nothing", RECIPE.replace("max(wait_time) > 20_days", "(max(wait_time) > (20_days))")),
    (
        "a rule on two lines",
        RECIPE.replace("wait_time < 7_days for 3_days", ">-\n  wait_time < 7_days\n  for 3_days"),
    ),
    ("the order of keys", "hitl_threshold: MEDIUM\n" + RECIPE.replace("hitl_threshold: MEDIUM\n", "")),
    ("a default that is written out", RECIPE + "cooldown: 7_days\nreversible: true\nwatch: {mode: auto}\n"),
    ("another spelling of a time", RECIPE + "cooldown: 168_h\n"),
    ("the version", RECIPE + "version: 7\n"),
    ("line ends", RECIPE.replace("\n", "\r\n")),
    ("braces", RECIPE.replace("config:\n      max_blur_px: 4", "config: {max_blur_px: 4}")),
    ("one patch in a list", RECIPE.replace("journeys/passport_renewal@v2", "[journeys/passport_renewal@v2]")),
]


@pytest.mark.parametrize("text", [text for _, text in SAME], ids=[name for name, _ in SAME])
def test_layout_is_not_meaning(text: str):
    assert text != RECIPE
    assert meaning_of(recipe(text)) == meaning_of(recipe())


def test_neither_is_the_file_nor_what_lint_is_told_to_pass_over():
    moved = recipe(path="pow/elsewhere.yml")
    silent = replace(moved, digest=Digest("sha256:0"), silenced={"POW099": "known"})
    assert meaning_of(silent) == meaning_of(recipe())


OTHER: dict[str, Any] = {
    "id": RecipeId("OTHER"),
    "watch_feeds": (FeedName("metrics.passport.error_rate"),),
    "bottleneck_rule": "max(wait_time) > 21_days",
    "service_patches": (ServicePatch(service=ServiceName("PHOTO_VALIDATOR"), config={"max_blur_px": 5}),),
    "journey_patches": (JourneyPatch(journey="passport_renewal", version="v3"),),
    "hitl_threshold": Level.LOW,
    "success_metric": "wait_time < 7_days for 2_days",
    "rollback_on": "error_rate >= 5%",
    "process_log": FeedName("events.passport"),
    "reversible": False,
    "cooldown": timedelta(days=8),
    "high_impact": True,
    "urgent": True,
    "clear_when": "max(wait_time) < 15_days",
    "guards": (Guard(name="slow", rule="wait_time > 30_days"),),
}
"""Every field that decides something, with another value than in the text."""
OTHER_WATCH: dict[str, Any] = {
    "mode": RollbackMode.SHADOW,
    "min_samples": 6,
    "coverage": 0.8,
    "arm_after": timedelta(minutes=31),
    "deadline": timedelta(days=22),
    "recover_within": timedelta(days=3),
    "on_deadline": OnDeadline.KEEP,
    "no_data": NoData.OK,
    "grace": timedelta(days=2),
    "test": SurvivalChoice(),
    "success_test": SequenceChoice(),
}
OTHER_GUARD: dict[str, Any] = {
    "name": "other",
    "rule": "wait_time > 31_days",
    "role": GuardRole.SIGNAL,
    "mode": RollbackMode.SHADOW,
    "no_data": NoData.OK,
    "grace": timedelta(days=2),
    "arm_after": timedelta(minutes=31),
    "test": RankChoice(),
}


@pytest.mark.parametrize("field", OTHER)
def test_every_field_that_decides_something_is_meaning(field: str):
    assert meaning_of(replace(recipe(), **{field: OTHER[field]})) != meaning_of(recipe())


@pytest.mark.parametrize("field", OTHER_WATCH)
def test_how_a_change_is_watched_is_meaning(field: str):
    other = replace(recipe(), watch=replace(Watch(), **{field: OTHER_WATCH[field]}))
    assert meaning_of(other) != meaning_of(recipe())


@pytest.mark.parametrize("field", OTHER_GUARD)
def test_every_field_of_a_guard_is_meaning(field: str):
    guard = Guard(name="slow", rule="wait_time > 30_days")
    other = replace(guard, **{field: OTHER_GUARD[field]})
    assert meaning_of(replace(recipe(), guards=(guard,))) != meaning_of(replace(recipe(), guards=(other,)))


def test_no_field_is_forgotten():
    left_out = {"version", "path", "digest", "silenced", "watch"}
    assert {*OTHER, *left_out} == set(Recipe.__dataclass_fields__)
    assert set(OTHER_WATCH) == set(Watch.__dataclass_fields__)
    assert set(OTHER_GUARD) == set(Guard.__dataclass_fields__)


@pytest.mark.parametrize(("one", "other"), [(4, 4.0), (1, True), ("4", 4), (0, False)])
def test_values_of_other_kinds_mean_other_things(one: Any, other: Any):
    patches = [(ServicePatch(service=ServiceName("X"), config={"key": value}),) for value in (one, other)]
    first, second = (meaning_of(replace(recipe(), service_patches=patch)) for patch in patches)
    assert first != second


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("{add: 2}", "{add: 2.0}", True),
        ("{add: 10%}", "{add: +10.0%}", True),
        ("{add: 2}", "{add: 3}", False),
        ("{add: 2}", "{multiply: 2}", False),
        ("{add: 2}", "{add: 2%}", False),
        ("{add: 2}", "2", False),
    ],
)
def test_how_a_value_is_computed_is_meaning(one: str, other: str, *, is_same: bool):
    first, second = (
        meaning_of(recipe(RECIPE.replace("max_blur_px: 4", f"max_blur_px: {text}"))) for text in (one, other)
    )
    assert (first == second) is is_same


def test_a_rule_that_is_none_yet_still_has_a_meaning():
    broken = replace(recipe(), bottleneck_rule="max(  wait_time >")
    assert meaning_of(broken) == meaning_of(replace(broken, bottleneck_rule="max( wait_time >"))
    assert meaning_of(broken) != meaning_of(recipe())
