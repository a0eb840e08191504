from dataclasses import replace
from typing import Any

import pytest

from bot.approve.footprint import Footprint, is_back, values_changed
from bot.forge.port import RevertConflict, Reverted
from bot.model.change import KeyChange
from bot.model.level import Level
from bot.model.names import ChangeId, Digest, RecipeId
from bot.model.recipe import Recipe, RollbackMode, Watch
from bot.monitor.rollback import AskPerson, RollbackFacts, TakeBack, plan_rollback
from bot.propose.change import rollback_id
from bot.propose.desired import Unreadable

PATH, JOURNEY = "patches/services/A.yml", "patches/journeys/j.yml"
EVIDENCE = "patches/evidence/0123456789abcdef.json"
OLD, NEW = b"service: A\nchanges:\n  x: 2\n  y: 1\n", b"service: A\nchanges:\n  x: 4\n  y: 1\n"
LATER = NEW.replace(b"y: 1", b"y: 3")
BEFORE: dict[str, bytes | None] = {PATH: OLD, EVIDENCE: None}
MERGED: dict[str, bytes | None] = {PATH: NEW, EVIDENCE: b"{}"}
CHANGE = ChangeId("0123456789abcdef")


def a_recipe(**changes: Any) -> Recipe:
    recipe = Recipe(
        id=RecipeId("R"),
        version=1,
        path="pow/r.yml",
        digest=Digest("sha256:0"),
        watch_feeds=(),
        bottleneck_rule="",
        service_patches=(),
        journey_patches=(),
        hitl_threshold=Level.MEDIUM,
        success_metric="",
        rollback_on="",
    )
    return replace(recipe, **changes)


def a_footprint(now: dict[str, bytes | None], **parts: dict[str, bytes | None]) -> Footprint:
    return Footprint(**{"before": BEFORE, "merged": MERGED, "now": now, **parts})


def facts(**changes: Any) -> RollbackFacts:
    given = RollbackFacts(
        change=CHANGE,
        recipe=a_recipe(),
        footprint=a_footprint(MERGED),
        revert=Reverted(tree="t", files=BEFORE),
        is_rollback=False,
        opened_today=0,
        opened_per_day=4,
    )
    return replace(given, **changes)


def test_an_exact_inverse_goes_its_way():
    plan = plan_rollback(facts())
    assert isinstance(plan, TakeBack)
    assert plan.draft_because == ()
    assert plan.files == BEFORE
    assert plan.change.rollback_of == CHANGE
    assert plan.change.keys == (KeyChange(target="A", key="x", before=4, after=2),)
    assert [(edit.path, edit.before, edit.after) for edit in plan.change.edits] == [(PATH, NEW, OLD)]
    assert plan.change.id == rollback_id(CHANGE) != CHANGE


ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a rollback of a rollback": ({"is_rollback": True}, "never rolled back"),
    "a conflict over every value": (
        {
            "revert": RevertConflict(paths=(PATH,)),
            "footprint": a_footprint({**MERGED, PATH: NEW.replace(b"x: 4", b"x: 6")}),
        },
        PATH,
    ),
    "the daily cap": ({"opened_today": 4}, "limit"),
    "a byte differs": ({"revert": Reverted(tree="t", files={PATH: OLD + b"#", EVIDENCE: None})}, "exactly"),
    "a file is missing": ({"revert": Reverted(tree="t", files={PATH: OLD})}, "exactly"),
    "a file too many": ({"revert": Reverted(tree="t", files={**BEFORE, "x": b""})}, "exactly"),
    "nothing left to revert": (
        {"footprint": a_footprint({**MERGED, EVIDENCE: None}), "revert": Reverted(tree="t", files={})},
        "changes no value",
    ),
    "only evidence left": (
        {
            "footprint": a_footprint({PATH: OLD, EVIDENCE: b"{}"}),
            "revert": Reverted(tree="t", files={EVIDENCE: None}),
        },
        "changes no value",
    ),
    "a file that is no desired state by now": (
        {
            "footprint": a_footprint({**MERGED, PATH: b"what\n" + NEW}),
            "revert": Reverted(tree="t", files={PATH: b"what\n" + OLD, EVIDENCE: None}),
        },
        "cannot be taken back",
    ),
    "a file that a revert would remove": (
        {"footprint": a_footprint({**MERGED, PATH: LATER}), "revert": Reverted(tree="t", files={PATH: None})},
        "not there on both sides",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), ASKED.values(), ids=ASKED)
def test_what_the_bot_cannot_prove_it_asks(changes: dict[str, Any], reason: str):
    plan = plan_rollback(facts(**changes))
    assert isinstance(plan, AskPerson)
    assert reason in plan.reason


DRAFTS: dict[str, tuple[dict[str, Any], str]] = {
    "mode propose": ({"recipe": a_recipe(watch=Watch(mode=RollbackMode.PROPOSE))}, "propose"),
    "irreversible": ({"recipe": a_recipe(reversible=False)}, "not reversible"),
    "a later change": (
        {
            "footprint": a_footprint({**MERGED, PATH: LATER}),
            "revert": Reverted(tree="t", files={PATH: OLD.replace(b"y: 1", b"y: 3"), EVIDENCE: None}),
        },
        f"`{PATH}` was changed again",
    ),
    "evidence that is gone": (
        {"footprint": a_footprint({PATH: NEW, EVIDENCE: None}), "revert": Reverted(tree="t", files={PATH: OLD})},
        f"`{EVIDENCE}` was changed again",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), DRAFTS.values(), ids=DRAFTS)
def test_what_a_person_must_see_first_is_a_draft(changes: dict[str, Any], reason: str):
    plan = plan_rollback(facts(**changes))
    assert isinstance(plan, TakeBack)
    assert len(plan.draft_because) == 1
    assert reason in plan.draft_because[0]
    assert plan.change.keys == (KeyChange(target="A", key="x", before=4, after=2),)


def test_all_reasons_are_given_at_once():
    recipe = a_recipe(reversible=False, watch=Watch(mode=RollbackMode.PROPOSE))
    plan = plan_rollback(facts(recipe=recipe))
    assert isinstance(plan, TakeBack)
    assert len(plan.draft_because) == 2


BACK: dict[str, tuple[bytes | None, bool]] = {
    "the bytes from before": (OLD, True),
    "the value in other words": (b"service: A\nchanges: {x: 2, y: 1}\n", True),
    "the value beside a later change": (OLD.replace(b"y: 1", b"y: 9"), True),
    "as merged": (NEW, False),
    "a third value": (OLD.replace(b"x: 2", b"x: 3"), False),
    "another kind of the same value": (OLD.replace(b"x: 2", b"x: 2.0"), False),
    "the key is gone": (b"service: A\nchanges: {y: 1}\n", False),
    "no desired state any more": (b"[", False),
    "no file any more": (None, False),
}


@pytest.mark.parametrize(("content", "expected"), BACK.values(), ids=BACK)
def test_a_change_is_back_when_every_value_that_it_set_is_what_it_was(content: bytes | None, *, expected: bool):
    assert is_back(a_footprint({PATH: content, EVIDENCE: b"{}"})) is expected


def test_half_of_a_change_is_not_all_of_it():
    old, new = b"journey: j\nversion: v1\n", b"journey: j\nversion: v2\n"
    footprint = Footprint(
        before={**BEFORE, JOURNEY: old},
        merged={**MERGED, JOURNEY: new},
        now={PATH: OLD, JOURNEY: new, EVIDENCE: None},
    )
    assert not is_back(footprint)
    assert is_back(replace(footprint, now={PATH: OLD, JOURNEY: old, EVIDENCE: None}))


def test_a_merge_that_set_no_value_is_never_back():
    assert not is_back(Footprint(before={EVIDENCE: None}, merged={EVIDENCE: b"{}"}, now={EVIDENCE: None}))
    added = Footprint(before={PATH: None}, merged={PATH: NEW}, now={PATH: None})
    assert not is_back(added), "a file that a merge added is not understood as a change of values"


def test_values_that_cannot_be_compared_are_named():
    found = values_changed({PATH: OLD}, {PATH: b"service: B\nchanges: {}\n"})
    assert isinstance(found, Unreadable)
    assert found.path == PATH


def test_a_conflict_over_lines_is_a_draft_of_the_values_that_still_stand():
    now = {**MERGED, PATH: NEW + b"  z: 9\n"}
    plan = plan_rollback(facts(revert=RevertConflict(paths=(PATH,)), footprint=a_footprint(now)))
    assert isinstance(plan, TakeBack)
    assert plan.is_partial
    assert plan.files == {PATH: OLD + b"  z: 9\n"}
    assert "conflict" in plan.draft_because[0]


def test_what_lies_around_it_makes_it_a_draft_each_reason_once():
    plan = plan_rollback(facts(cautions=("too old", "too old"), recipe=a_recipe(reversible=False)))
    assert isinstance(plan, TakeBack)
    assert plan.draft_because == ("the recipe says that it is not reversible", "too old")
