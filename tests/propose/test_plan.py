"""What becomes of a firing recipe, case by case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from approve.situations import a_journey_recipe, a_policy, a_recipe, an_impact_policy, low_impact
from fakes.builders import START
from propose.cases import (
    FILES,
    JOURNEY,
    JOURNEY_PATH,
    SERVICE,
    SERVICE_PATH,
    a_record,
    a_situation,
    closed,
    proposed,
)
from recipes.repository_files import RECIPE

from bot.ledger.stops import stops_of_file
from bot.model.calendar import Calendar, Freeze
from bot.model.change import Change, KeyChange
from bot.model.event import Mark
from bot.model.impact import ValueRange
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.limits import Budget
from bot.model.names import ChangeId, RecipeId, ServiceName
from bot.model.queue import WaitsFor
from bot.model.recipe import Computed, JourneyPatch, Recipe, ServicePatch
from bot.model.record import Phase, Record
from bot.model.switch import Switch
from bot.propose.budget import opened
from bot.propose.change import change_id, rollback_id
from bot.propose.plan import Held, Situation, episode_of, plan, queue
from bot.recipes.recipe import RecipeFile, read_recipe

WAIT, NOTE, FAILURE = Mark.WAIT, Mark.NOTE, Mark.FAILURE
OTHER = replace(
    a_recipe(),
    id=RecipeId("OTHER"),
    service_patches=(ServicePatch(service=ServiceName("PHOTO_VALIDATOR"), config={"max_blur_px": 5}),),
)
ELSEWHERE = replace(
    a_recipe(),
    id=RecipeId("ELSEWHERE"),
    service_patches=(ServicePatch(service=ServiceName("PRINTER"), config={"trays": 3}),),
)
PRINTER = {"patches/services/PRINTER.yml": b"service: PRINTER\nchanges:\n  trays: 2\n"}
FROZEN = Calendar(freezes=(Freeze(first=date(2000, 1, 1), last=date(2099, 12, 31), reason="rebuilding"),))


def patching(config: Mapping[str, Any]) -> Recipe:
    return replace(a_recipe(), service_patches=(ServicePatch(service=ServiceName("PHOTO_VALIDATOR"), config=config),))


def computed(text: str) -> Computed:
    """Read how a value is computed, as a recipe writes it."""
    read = read_recipe("pow/x.yml", RECIPE.replace("max_blur_px: 4", f"max_blur_px: {text}").encode())
    assert isinstance(read, RecipeFile), read
    (rule,) = read.recipe.service_patches[0].config.values()
    assert isinstance(rule, Computed)
    return rule


def after(phase: Phase, **facts: Any) -> tuple[Record, Record]:
    return proposed(), a_record(phase, "a" * 16, index=2, **facts)


HELD = {
    "the policy is paused": (a_recipe(), a_situation(policy=a_policy(paused=True)), WAIT, "pauses all proposals"),
    "everything is stopped": (
        a_recipe(),
        a_situation(switch=Switch(stops=stops_of_file("pow/STOP", b"Photos are lost."))),
        WAIT,
        "fires, but everything is stopped by pow/STOP: Photos are lost.",
    ),
    "its target is stopped": (
        a_recipe(),
        a_situation(switch=Switch(stops=stops_of_file("pow/STOP", b"target:PHOTO_VALIDATOR"))),
        WAIT,
        "fires, but PHOTO_VALIDATOR is stopped by pow/STOP",
    ),
    "the recipe is muted": (a_recipe(), a_situation(muted=frozenset({a_recipe().id})), NOTE, "muted"),
    "it is proposed": (a_recipe(), a_situation(proposed()), NOTE, "proposed already in pull request 3"),
    "it is decided": (
        a_recipe(),
        a_situation(*after(Phase.DECIDED, result="approved")),
        NOTE,
        "proposed already in pull request 3",
    ),
    "it is rejected but not closed yet": (
        a_recipe(),
        a_situation(*after(Phase.DECIDED, result="rejected")),
        NOTE,
        "proposed already",
    ),
    "it is merged": (a_recipe(), a_situation(*after(Phase.MERGED)), NOTE, "being rolled out"),
    "it is deployed": (a_recipe(), a_situation(*after(Phase.DEPLOYED)), NOTE, "being rolled out"),
    "it is synced": (a_recipe(), a_situation(*after(Phase.SYNCED)), NOTE, "under watch"),
    "it is under watch": (a_recipe(), a_situation(*after(Phase.MEASURED)), NOTE, "under watch"),
    "it is being taken back": (a_recipe(), a_situation(*after(Phase.REVERTED)), NOTE, "taken back"),
    "it was rejected yesterday": (a_recipe(), a_situation(proposed(), closed("rejected")), WAIT, "was rejected"),
    "it expired yesterday": (a_recipe(), a_situation(proposed(), closed("expired")), WAIT, "was expired"),
    "it was rolled back long ago": (
        a_recipe(),
        a_situation(proposed(), closed("rolled_back", days_ago=300)),
        WAIT,
        "stays on hold",
    ),
    "it failed": (a_recipe(), a_situation(proposed(), closed("failed")), WAIT, "stays on hold"),
    "another recipe's change of its target was taken back": (
        a_recipe(),
        a_situation(proposed(recipe="OTHER"), closed("rolled_back")),
        WAIT,
        "stays on hold",
    ),
    "the value is there already": (patching({"max_blur_px": 2}), a_situation(), WAIT, "holds its values already"),
    "the key is not adopted": (patching({"other": 2}), a_situation(), FAILURE, "has no `other`"),
    "the file is not there": (a_recipe(), a_situation(files={}), FAILURE, f"there is no {SERVICE_PATH}"),
    "the file is broken": (a_recipe(), a_situation(files={SERVICE_PATH: b"["}), FAILURE, "cannot be read"),
    "the value spans lines": (
        patching({"mode": "strict"}),
        a_situation(files={SERVICE_PATH: b"service: PHOTO_VALIDATOR\nchanges:\n  mode: >\n    lenient\n"}),
        FAILURE,
        "spans several lines",
    ),
    "the value cannot go further": (
        patching({"max_blur_px": computed("{add: 1}")}),
        a_situation(files={SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 12")}),
        WAIT,
        "fires, but max_blur_px is 12 already, and the most that policy allows is 12",
    ),
    "the value rounds to itself": (
        patching({"max_blur_px": computed("{multiply: 1.2}")}),
        a_situation(),
        WAIT,
        "fires, but max_blur_px stays 2: 2 \u00d7 1.2 = 2.4, rounded to 2",
    ),
    "nothing bounds a computed value": (
        patching({"max_blur_px": computed("{add: 1}")}),
        a_situation(policy=a_policy(ranges={})),
        FAILURE,
        "policy has no range",
    ),
    "nothing can be computed from a text": (
        patching({"mode": computed("{add: 1}")}),
        a_situation(files={SERVICE_PATH: SERVICE + b"  mode: strict\n"}),
        FAILURE,
        "mode is text",
    ),
    "it sets one value twice": (
        replace(a_recipe(), service_patches=a_recipe().service_patches * 2),
        a_situation(),
        FAILURE,
        "sets max_blur_px of PHOTO_VALIDATOR twice",
    ),
    "the value is out of range": (
        a_recipe(),
        a_situation(policy=a_policy(ranges={"max_blur_px": ValueRange(minimum=1, maximum=3)})),
        FAILURE,
        "outside of what policy allows: 1 to 3",
    ),
    "another change works on the target": (
        a_recipe(),
        a_situation(proposed(recipe="OTHER")),
        WAIT,
        "works on the same target",
    ),
    "the calendar is closed": (
        a_recipe(),
        a_situation(policy=a_policy(calendar=FROZEN)),
        WAIT,
        "the calendar is closed: frozen until the end of 2099-12-31: rebuilding",
    ),
    "as many as allowed wait for people": (
        ELSEWHERE,
        a_situation(proposed(), files={**FILES, **PRINTER}, policy=a_policy(budget=Budget(people=1))),
        Mark.WARNING,
        "the limit is reached: 1 of 1 proposals that wait for people are open",
    ),
    "no proposals are allowed": (
        a_recipe(),
        a_situation(policy=a_policy(proposals_per_run=0)),
        WAIT,
        "made its 0 proposals already",
    ),
}


@pytest.mark.parametrize(("recipe", "situation", "mark", "sentence"), HELD.values(), ids=HELD.keys())
def test_a_firing_recipe_is_held(recipe: Recipe, situation: Situation, mark: Mark, sentence: str) -> None:
    (held,) = plan([recipe], situation)

    assert isinstance(held, Held)
    assert (held.recipe, held.mark) == (recipe.id, mark)
    assert sentence in held.sentence


PROPOSED = {
    "for the first time": (a_recipe(), a_situation()),
    "after a success": (a_recipe(), a_situation(proposed(), closed("success"))),
    "after the cool-down": (a_recipe(), a_situation(proposed(), closed("rejected", days_ago=7))),
    "rejected, but the recipe was edited": (
        replace(a_recipe(), digest=digest_of(b"edited")),
        a_situation(proposed(), closed("rejected")),
    ),
    "rolled back, but the recipe was edited": (
        replace(a_recipe(), digest=digest_of(b"edited")),
        a_situation(proposed(), closed("rolled_back")),
    ),
    "another recipe is open elsewhere": (
        a_recipe(),
        a_situation(proposed(recipe="OTHER", keys=[{"target": "PRINTER", "key": "trays"}])),
    ),
    "another recipe is muted": (a_recipe(), a_situation(muted=frozenset({RecipeId("OTHER")}))),
}


@pytest.mark.parametrize(("recipe", "situation"), PROPOSED.values(), ids=PROPOSED.keys())
def test_a_firing_recipe_is_proposed(recipe: Recipe, situation: Situation) -> None:
    (change,) = plan([recipe], situation)

    assert isinstance(change, Change)
    assert change.keys == (KeyChange(target="PHOTO_VALIDATOR", key="max_blur_px", before=2, after=4),)
    assert change.edits[0].before == SERVICE
    assert change.edits[0].after == SERVICE.replace(b"px: 2", b"px: 4")
    assert change.branch == f"pow/passport_backlog/{change.id}"


def test_service_and_journey_change_together() -> None:
    (change,) = plan([a_journey_recipe()], a_situation())

    assert isinstance(change, Change)
    assert change.targets == ("PHOTO_VALIDATOR", "journeys/passport_renewal")
    assert [edit.after for edit in change.edits] == [
        SERVICE.replace(b"px: 2", b"px: 4"),
        JOURNEY.replace(b"v1", b"v2"),
    ]


def test_what_is_in_place_already_is_left_out() -> None:
    files = {**FILES, JOURNEY_PATH: JOURNEY.replace(b"v1", b"v2")}
    (change,) = plan([a_journey_recipe()], a_situation(files=files))

    assert isinstance(change, Change)
    assert change.targets == ("PHOTO_VALIDATOR",)


def test_two_keys_of_one_file_are_one_edit() -> None:
    content = b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2\n  min_light: 5\n"
    (change,) = plan([patching({"max_blur_px": 4, "min_light": 3})], a_situation(files={SERVICE_PATH: content}))

    assert isinstance(change, Change)
    assert len(change.edits) == 1
    assert change.edits[0].after == b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 4\n  min_light: 3\n"


def test_a_computed_value_follows_from_the_present_one() -> None:
    situation = a_situation(files={SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 5")})
    (change,) = plan([patching({"max_blur_px": computed("{add: 50%}")})], situation)

    assert isinstance(change, Change)
    assert change.keys == (KeyChange(target="PHOTO_VALIDATOR", key="max_blur_px", before=5, after=8),)
    assert change.keys[0].how == "5 + 50% = 7.5, rounded to 8"
    assert b"max_blur_px: 8  # pixels" in change.edits[0].after


def test_a_change_id_depends_on_what_a_value_comes_to_and_not_on_how() -> None:
    recipes = [patching({"max_blur_px": asked}) for asked in (4, computed("{add: 2}"), computed("{multiply: 2}"))]
    changes = [plan([recipe], a_situation())[0] for recipe in recipes]
    farther = plan([recipes[1]], a_situation(files={SERVICE_PATH: SERVICE.replace(b"px: 2", b"px: 4")}))[0]

    assert len({each.id for each in changes if isinstance(each, Change)}) == 1
    assert isinstance(farther, Change)
    assert farther.id != changes[1].id  # type: ignore[union-attr]


def test_what_goes_no_further_is_left_out_beside_what_does() -> None:
    content = SERVICE.replace(b"px: 2", b"px: 12") + b"  min_light: 5\n"
    asked = patching({"max_blur_px": computed("{add: 1}"), "min_light": 3})
    (change,) = plan([asked], a_situation(files={SERVICE_PATH: content}))

    assert isinstance(change, Change)
    assert [key.key for key in change.keys] == ["min_light"]


def test_several_services_and_journeys_are_edits_of_their_files_each_in_its_own_manner() -> None:
    """Quotes, comments, order, line ends, braces and block texts of each file stay as they are."""
    windows = b"# the printer\r\nservice: PRINTER\r\nchanges:\r\n  mode: 'slow'  # of two\r\n  trays: 2\r\n"
    braces = b'service: DESK\nchanges: {open: 9, note: "a, b"}  # hours\n'
    block = b"service: FORM\nchanges:\n  text: |\n    mode: slow\n    trays: 2\n  pages: 2.5\n"
    visa = b'# visas\njourney: visa\nversion: "v1"  # since May\n'
    given = {"PRINTER": windows, "DESK": braces, "FORM": block}
    files = {**FILES, **{f"patches/services/{name}.yml": text for name, text in given.items()}}
    files["patches/journeys/visa.yml"] = visa
    patches = {
        "PRINTER": {"mode": "it's fast", "trays": computed("{multiply: 2}")},
        "DESK": {"note": "c, d", "open": computed("{add: -1}")},
        "FORM": {"pages": computed("{add: 20%}")},
    }
    recipe = replace(
        a_recipe(),
        service_patches=tuple(ServicePatch(service=ServiceName(name), config=each) for name, each in patches.items()),
        journey_patches=(
            JourneyPatch(journey="passport_renewal", version="v2"),
            JourneyPatch(journey="visa", version="v2"),
        ),
    )
    ranges = {key: ValueRange(minimum=1, maximum=12) for key in ("trays", "open", "pages")}
    (change,) = plan([recipe], a_situation(files=files, policy=a_policy(ranges=ranges)))

    assert isinstance(change, Change)
    assert {edit.path.rsplit("/", 1)[-1]: edit.after for edit in change.edits} == {
        "PRINTER.yml": windows.replace(b"'slow'", b"'it''s fast'").replace(b"trays: 2", b"trays: 4"),
        "DESK.yml": braces.replace(b"open: 9", b"open: 8").replace(b"a, b", b"c, d"),
        "FORM.yml": block.replace(b"2.5", b"3.0"),
        "passport_renewal.yml": JOURNEY.replace(b"v1", b"v2"),
        "visa.yml": visa.replace(b"v1", b"v2"),
    }


def test_of_two_recipes_on_one_target_the_first_is_proposed() -> None:
    first, second = plan([a_recipe(), OTHER], a_situation())

    assert isinstance(first, Change)
    assert isinstance(second, Held)
    assert "the proposal of PASSPORT_BACKLOG in this run changes PHOTO_VALIDATOR as well" in second.sentence


def test_no_more_than_the_limit_is_proposed_and_the_rest_is_told() -> None:
    situation = a_situation(files={**FILES, **PRINTER}, policy=a_policy(proposals_per_run=1))
    first, second = plan([a_recipe(), ELSEWHERE], situation)

    assert isinstance(first, Change)
    assert isinstance(second, Held)
    assert (second.mark, "1 proposals already" in second.sentence) == (WAIT, True)


LOW = {"impact": {"level": "LOW"}, "threshold": "MEDIUM"}
MEDIUM = {"impact": {"level": "MEDIUM"}, "threshold": "MEDIUM"}


@pytest.mark.parametrize(
    ("facts", "budget", "proposed_too"),
    [
        (MEDIUM, Budget(people=1, automatic=1), True),
        (LOW, Budget(people=1, automatic=1), False),
        (LOW, Budget(people=0, automatic=2), True),
        ({"impact": {"level": "?"}, "threshold": "MEDIUM"}, Budget(people=0, automatic=1), True),
        ({"impact": None, "threshold": "MEDIUM"}, Budget(people=0, automatic=1), True),
    ],
)
def test_what_waits_for_people_never_keeps_back_what_needs_none(
    facts: Mapping[str, Any], budget: Budget, *, proposed_too: bool
) -> None:
    policy = replace(low_impact(), impact=an_impact_policy(keys={"trays": Level.LOW}, relative_change=()))
    situation = a_situation(
        proposed(**facts), files={**FILES, **PRINTER}, policy=replace(policy, budget=budget), muted=frozenset()
    )
    (planned,) = plan([ELSEWHERE], situation)

    assert isinstance(planned, Change) is proposed_too


def test_a_budget_counts_what_this_run_proposes_too() -> None:
    situation = a_situation(files={**FILES, **PRINTER}, policy=a_policy(budget=Budget(people=1)))
    first, second = plan([a_recipe(), ELSEWHERE], situation)

    assert isinstance(first, Change)
    assert isinstance(second, Held)
    assert "1 of 1 proposals that wait for people" in second.sentence


URGENT = replace(ELSEWHERE, urgent=True)
THIRD = replace(
    a_recipe(),
    id=RecipeId("THIRD"),
    service_patches=(ServicePatch(service=ServiceName("SCANNER"), config={"dpi": 600}),),
)
THREE = {**FILES, **PRINTER, "patches/services/SCANNER.yml": b"service: SCANNER\nchanges:\n  dpi: 300\n"}


def test_what_is_urgent_goes_first_and_has_room_of_its_own() -> None:
    full = a_policy(budget=Budget(people=1, urgent=1), proposals_per_run=1)
    held, urgent = plan([a_recipe(), URGENT], a_situation(files=THREE, policy=full))
    assert isinstance(urgent, Change)
    assert urgent.urgent
    assert isinstance(held, Held)
    assert held.waits_for is WaitsFor.NEXT_RUN


def test_beyond_its_room_what_is_urgent_counts_as_all_others_do() -> None:
    waiting = proposed(urgent=True, keys=[], recipe="SOMETHING")
    for people, is_proposed in ((1, True), (0, False)):
        policy = a_policy(budget=Budget(people=people, urgent=1))
        (planned,) = plan([URGENT], a_situation(waiting, files=THREE, policy=policy))
        assert isinstance(planned, Change) is is_proposed
        assert not (isinstance(planned, Change) and planned.urgent)


def test_an_urgent_one_that_is_open_takes_no_room_of_others() -> None:
    waiting = proposed(urgent=True, keys=[], recipe="SOMETHING")
    (planned,) = plan([ELSEWHERE], a_situation(waiting, files=THREE, policy=a_policy(budget=Budget(people=1))))
    assert isinstance(planned, Change)


IN_A_MONTH = "the last is proposed by 2026-03-30T09:00:00Z, or sooner if somebody decides on what is open"
QUEUES = {
    "nobody waits": ((), a_situation(policy=a_policy(budget=Budget(people=3))), ()),
    "for the next run": (
        (),
        a_situation(policy=a_policy(proposals_per_run=2)),
        ("1 waits for the next runs, 2 a run: the last is proposed in 1 run",),
    ),
    "for room that a decision makes": (
        (),
        a_situation(policy=a_policy(budget=Budget(people=1))),
        (f"2 wait for room among 1 proposals that wait for people: {IN_A_MONTH}",),
    ),
    "for ever": (
        (),
        a_situation(policy=a_policy(budget=Budget(people=0))),
        ("3 wait for room among 0 proposals that wait for people: none is ever proposed",),
    ),
    "for runs that make none": (
        (),
        a_situation(policy=a_policy(proposals_per_run=0)),
        ("3 wait for the next runs, 0 a run: none is ever proposed",),
    ),
}


@pytest.mark.parametrize(("records", "situation", "said"), QUEUES.values(), ids=QUEUES)
def test_a_cycle_says_how_long_the_queue_is_and_when_it_ends(
    records: tuple[Record, ...], situation: Situation, said: tuple[str, ...]
) -> None:
    there = replace(situation, files=THREE, records=records)
    planned = plan([a_recipe(), ELSEWHERE, THIRD], there)
    assert queue([each for each in planned if isinstance(each, Held)], there) == said


def test_two_recipes_on_two_targets_are_both_proposed() -> None:
    planned = plan([a_recipe(), ELSEWHERE], a_situation(files={**FILES, **PRINTER}))

    assert all(isinstance(each, Change) for each in planned)


def test_one_recipes_fault_leaves_the_others_alone() -> None:
    faulty, fine = plan(
        [replace(OTHER, service_patches=patching({"x": 1}).service_patches), a_recipe()], a_situation()
    )

    assert isinstance(faulty, Held)
    assert isinstance(fine, Change)


def test_the_same_plan_has_the_same_change_id() -> None:
    assert plan([a_recipe()], a_situation()) == plan([a_recipe()], a_situation(now=START + timedelta(days=3)))


def test_a_new_episode_has_a_new_change_id() -> None:
    (first,) = plan([a_recipe()], a_situation())
    (second,) = plan([a_recipe()], a_situation(proposed(), closed("success")))

    assert isinstance(first, Change)
    assert isinstance(second, Change)
    assert (first.episode, second.episode) == ("first", "a" * 16)
    assert first.id != second.id


def test_a_rollback_is_no_episode_of_its_own() -> None:
    rollback = "b" * 16
    records = (
        proposed(),
        closed("rolled_back", days_ago=2),
        proposed(rollback, rollback_of="a" * 16),
        closed("success", rollback),
    )

    assert episode_of(records, a_recipe().id) == "a" * 16


KEYS = (KeyChange(target="S", key="a", before=1, after=2), KeyChange(target="S", key="b", before=1, after=2))


@pytest.mark.parametrize(
    "other",
    [
        change_id(replace(a_recipe(), version=2), KEYS, episode="first"),
        change_id(replace(a_recipe(), id=RecipeId("OTHER")), KEYS, episode="first"),
        change_id(a_recipe(), KEYS, episode="second"),
        change_id(a_recipe(), KEYS[:1], episode="first"),
        change_id(a_recipe(), (KEYS[0], replace(KEYS[1], after=2.0)), episode="first"),
        change_id(a_recipe(), (KEYS[0], replace(KEYS[1], before=True)), episode="first"),
        change_id(a_recipe(), (KEYS[0], replace(KEYS[1], target="T")), episode="first"),
    ],
)
def test_everything_that_matters_is_in_the_change_id(other: ChangeId) -> None:
    assert other != change_id(a_recipe(), KEYS, episode="first")
    assert len(other) == 16


def test_the_order_of_keys_is_not_in_the_change_id() -> None:
    assert change_id(a_recipe(), KEYS, episode="first") == change_id(a_recipe(), KEYS[::-1], episode="first")


def test_a_change_has_one_rollback() -> None:
    assert rollback_id(ChangeId("a" * 16)) == rollback_id(ChangeId("a" * 16))
    assert rollback_id(ChangeId("a" * 16)) != rollback_id(ChangeId("b" * 16))


def test_a_limit_that_is_reached_shows_without_any_run() -> None:
    policy = a_policy(budget=replace(a_policy().budget, people=1))
    records = (proposed(impact={"level": "MEDIUM"}, threshold="MEDIUM"),)
    assert opened(records, policy).reached(policy) == (
        "the limit is reached: 1 of 1 proposals that wait for people are open",
    )
    assert opened((), policy).reached(policy) == ()
