from dataclasses import replace
from typing import Any

import pytest

from bot.forge.port import RevertConflict, Reverted
from bot.model.change import KeyChange
from bot.model.level import Level
from bot.model.names import ChangeId, CommitSha, Digest, RecipeId
from bot.model.recipe import Recipe, RollbackMode, Watch
from bot.monitor.rollback import AskPerson, RollbackFacts, TakeBack, plan_rollback
from bot.propose.change import rollback_id

PATH, EVIDENCE = "patches/services/A.yml", "patches/evidence/0123456789abcdef.json"
OLD, NEW = b"changes:\n  x: 2\n", b"changes:\n  x: 4\n"
BEFORE = {PATH: OLD, EVIDENCE: None}
MERGED = {PATH: NEW, EVIDENCE: b"{}"}
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


def facts(**changes: Any) -> RollbackFacts:
    given = RollbackFacts(
        change=CHANGE,
        recipe=a_recipe(),
        merge=CommitSha("a" * 40),
        keys=(KeyChange(target="A", key="x", before=2, after=4),),
        before=BEFORE,
        merged=MERGED,
        now=MERGED,
        revert=Reverted(tree="t", files=BEFORE),
        is_rollback=False,
        rollbacks_today=0,
        rollbacks_per_day=4,
    )
    return replace(given, **changes)


def test_an_exact_inverse_goes_its_way():
    plan = plan_rollback(facts())
    assert isinstance(plan, TakeBack)
    assert plan.draft_because == ()
    assert plan.files == BEFORE
    assert plan.change.rollback_of == CHANGE
    assert plan.change.keys == (KeyChange(target="A", key="x", before=4, after=2),)
    assert plan.change.id == rollback_id(CHANGE) != CHANGE


ASKED = [
    ("a rollback of a rollback", {"is_rollback": True}, "never rolled back"),
    ("a conflict", {"revert": RevertConflict(paths=(PATH,))}, PATH),
    ("the daily cap", {"rollbacks_today": 4}, "limit"),
    ("a byte differs", {"revert": Reverted(tree="t", files={PATH: OLD + b"#", EVIDENCE: None})}, "exactly"),
    ("a file is missing", {"revert": Reverted(tree="t", files={PATH: OLD})}, "exactly"),
    ("a file too many", {"revert": Reverted(tree="t", files={**BEFORE, "x": b""})}, "exactly"),
]


@pytest.mark.parametrize(("changes", "reason"), [each[1:] for each in ASKED], ids=[each[0] for each in ASKED])
def test_what_the_bot_cannot_prove_it_asks(changes: dict[str, Any], reason: str):
    plan = plan_rollback(facts(**changes))
    assert isinstance(plan, AskPerson)
    assert reason in plan.reason


DRAFTS = [
    ("mode propose", {"recipe": a_recipe(watch=Watch(mode=RollbackMode.PROPOSE))}, "propose"),
    ("irreversible", {"recipe": a_recipe(reversible=False)}, "not reversible"),
    ("a later change", {"now": {**MERGED, PATH: NEW + b"# later\n"}}, "changed again"),
]


@pytest.mark.parametrize(("changes", "reason"), [each[1:] for each in DRAFTS], ids=[each[0] for each in DRAFTS])
def test_what_a_person_must_see_first_is_a_draft(changes: dict[str, Any], reason: str):
    plan = plan_rollback(facts(**changes))
    assert isinstance(plan, TakeBack)
    assert len(plan.draft_because) == 1
    assert reason in plan.draft_because[0]
