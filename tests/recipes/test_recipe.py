import json
from dataclasses import MISSING, fields
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes.repository_files import RECIPE, ROOT

from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import RecipeId
from bot.model.recipe import Computed, JourneyPatch, Operation, Recipe, RollbackMode, ServicePatch, Watch
from bot.recipes.recipe import RecipeFile, read_recipe

TUTORIAL = "pow/passport_backlog.yml"


def recipe(text: str) -> Recipe:
    read = read_recipe("pow/x.yml", text.encode())
    assert isinstance(read, RecipeFile), read
    return read.recipe


def test_the_tutorials_recipe_loads_as_it_stands():
    content = (ROOT / TUTORIAL).read_bytes()
    read = read_recipe(TUTORIAL, content)

    assert content.startswith(b"# file: pow/passport_backlog.yml\nid: PASSPORT_BACKLOG\n")
    assert isinstance(read, RecipeFile)
    assert read.recipe == Recipe(
        id=RecipeId("PASSPORT_BACKLOG"),
        version=1,
        path=TUTORIAL,
        digest=digest_of(content),
        watch_feeds=("complaints.passport", "metrics.passport.wait_time"),
        bottleneck_rule="max(wait_time) > 20_days",
        service_patches=(ServicePatch(service="PHOTO_VALIDATOR", config={"max_blur_px": 4}),),
        journey_patches=(JourneyPatch(journey="passport_renewal", version="v2"),),
        hitl_threshold=Level.MEDIUM,
        success_metric="wait_time < 7_days for 3_days",
        rollback_on="error_rate > 5%",
    )
    assert read.recipe.reference == "PASSPORT_BACKLOG@v1"


def test_what_a_recipe_leaves_out_has_the_models_defaults():
    left_out = recipe(RECIPE)

    for field in fields(Recipe):
        if field.default is not MISSING:
            assert getattr(left_out, field.name) == field.default, field.name
    assert left_out.watch == Watch()


def test_everything_that_a_recipe_may_say_is_read():
    full = recipe(
        RECIPE
        + "version: 3\nhigh_impact: true\nurgent: true\nprocess_log: events.passport\n"
        + "reversible: false\ncooldown: 2w\n"
        + "watch: {mode: propose, min_samples: 30, coverage: 80%, arm_after: 0min, deadline: 1.5_days,"
        + " recover_within: 12h}\n"
    )

    assert (full.version, full.process_log, full.reversible) == (3, "events.passport", False)
    assert full.cooldown == timedelta(weeks=2)
    assert full.high_impact
    assert full.urgent
    assert full.watch == Watch(
        mode=RollbackMode.PROPOSE,
        min_samples=30,
        coverage=0.8,
        arm_after=timedelta(0),
        deadline=timedelta(hours=36),
        recover_within=timedelta(hours=12),
    )


def test_patches_may_be_lists_and_say_changes_for_config():
    many = recipe(
        RECIPE.replace("journeys/passport_renewal@v2", "[journeys/a@v1, journeys/b@v22]").replace(
            "    service: PHOTO_VALIDATOR\n    config:\n      max_blur_px: 4\n",
            "    - {service: A, config: {x: 1, y: 'on'}}\n    - {service: B, changes: {z: 0.5}}\n",
        )
    )

    assert many.journey_patches == (JourneyPatch(journey="a", version="v1"), JourneyPatch(journey="b", version="v22"))
    assert many.service_patches == (
        ServicePatch(service="A", config={"x": 1, "y": "on"}),
        ServicePatch(service="B", config={"z": 0.5}),
    )


@pytest.mark.parametrize(
    ("text", "operation", "operand"),
    [
        ("{add: 50}", Operation.ADD, "50"),
        ("{add: -0.25}", Operation.ADD, "-0.25"),
        ("{add: 10%}", Operation.ADD_SHARE, "0.1"),
        ("{add: +10%}", Operation.ADD_SHARE, "0.1"),
        ("{add: -12.5%}", Operation.ADD_SHARE, "-0.125"),
        ("{multiply: 1.2}", Operation.MULTIPLY, "1.2"),
        ("{multiply: 2}", Operation.MULTIPLY, "2"),
        ("\n        add: 50", Operation.ADD, "50"),
    ],
)
def test_a_value_may_be_computed_from_the_present_one(text, operation, operand):
    (patch,) = recipe(RECIPE.replace("max_blur_px: 4", f"max_blur_px: {text}")).service_patches

    assert patch.config == {"max_blur_px": Computed(operation=operation, operand=Decimal(operand))}


@pytest.mark.parametrize("text", ['"+50"', '"*1.2"', "-10%", "+10%", "x2"])
def test_a_text_is_never_a_calculation(text):
    (patch,) = recipe(RECIPE.replace("max_blur_px: 4", f"max_blur_px: {text}")).service_patches

    assert patch.config == {"max_blur_px": text.strip('"')}


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3_days", timedelta(days=3)),
        ("3d", timedelta(days=3)),
        ("3 days", timedelta(days=3)),
        ("1_day", timedelta(days=1)),
        ("90min", timedelta(minutes=90)),
        ("5_minutes", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1_hour", timedelta(hours=1)),
        ("30s", timedelta(seconds=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("3_weeks", timedelta(weeks=3)),
        ("0_days", timedelta(0)),
        ("1.5h", timedelta(minutes=90)),
        ("99999_weeks", timedelta(weeks=99999)),
    ],
)
def test_lengths_of_time_are_read_in_many_spellings(text, length):
    assert recipe(f"{RECIPE}cooldown: {text}\n").cooldown == length


@pytest.mark.parametrize("text", ["3_dys", "d", "-3d", "3", "1_000d", "3_days 4h", "999999d", "3_%", "1e3d", ".5d"])
def test_other_spellings_of_time_are_refused(text):
    read = read_recipe("pow/x.yml", f"{RECIPE}cooldown: {text}\n".encode())

    assert isinstance(read, tuple)
    assert [fault.line for fault in read] == [13]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_give_a_recipe_or_diagnostics(content):
    assert read_recipe("pow/x.yml", content)


keys = st.sampled_from(
    [
        "id",
        "version",
        "watch_feeds",
        "bottleneck_rule",
        "fix_recipe",
        "service_patch",
        "config",
        "watch",
        "x",
        "cooldown",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("aA_1.@/ %", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, values, max_size=8))
def test_any_mapping_gives_a_recipe_or_diagnostics_that_point_into_the_file(mapping):
    text = json.dumps(mapping, indent=1)
    read = read_recipe("pow/x.yml", text.encode())

    assert isinstance(read, tuple)
    lines = text.split("\n")
    assert all(fault.line <= len(lines) and fault.column <= len(lines[fault.line - 1]) + 1 for fault in read)
    assert all(fault.message and "\n" not in fault.message for fault in read)


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("reversible", "on", "write true"),
        ("reversible", "NO", "write false"),
        ("version", "'2'", "write the number without quotes and units"),
        ("bottleneck_rule", "12", 'quote it if it is text: "12"'),
        ("cooldown", "7", "`pow lint --explain POW012` shows an example"),
        ("hitl_threshold", "medium", "did you mean `MEDIUM`?"),
        ("hitl_threshold", "CRITICAL", "known: LOW, MEDIUM, HIGH"),
    ],
)
def test_hints_say_what_to_write(key, value, hint):
    text = "\n".join(line for line in RECIPE.split("\n") if not line.startswith(f"{key}:")) + f"{key}: {value}\n"
    read = read_recipe("pow/x.yml", text.encode())

    assert isinstance(read, tuple)
    assert [fault.hint for fault in read] == [hint]
