from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from ledger.ledgers import ONE, TWO, a_draft, a_proposal

from bot.ledger.lifecycle import Stage, ended, open_changes, standings
from bot.model.names import RecipeId
from bot.model.record import Draft, Phase, Record

STEPS: tuple[tuple[Phase, dict[str, Any], Stage], ...] = (
    (Phase.DECIDED, {"result": "approved"}, Stage.APPROVED),
    (Phase.MERGED, {"merge": "m" * 40}, Stage.MERGED),
    (Phase.DEPLOYED, {"merge": "m" * 40}, Stage.DEPLOYED),
    (Phase.SYNCED, {"merge": "m" * 40}, Stage.SYNCED),
    (Phase.MEASURED, {"verdict": "HOLD"}, Stage.WATCHING),
    (Phase.REVERTED, {"rollback": TWO}, Stage.REVERTING),
    (Phase.CLOSED, {"outcome": "rolled_back"}, Stage.CLOSED),
)


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
def test_a_change_stands_where_its_last_step_brought_it(count: int) -> None:
    steps = STEPS[:count]
    (standing,) = standings(written(a_proposal(), *(a_draft(phase, **facts) for phase, facts, _ in steps)))
    assert standing.stage is (steps[-1][2] if steps else Stage.PROPOSED)
    assert standing.is_open == (standing.stage is not Stage.CLOSED)


def test_a_standing_tells_who_the_change_is() -> None:
    records = written(a_proposal(), a_draft(Phase.MERGED, hours=3, merge="m" * 40))
    (standing,) = standings(records)
    assert (standing.recipe, standing.targets, standing.pull) == ("PASSPORT_BACKLOG", ("PHOTO_VALIDATOR",), 7)
    assert (standing.opened_at, standing.updated_at) == (START, START + timedelta(hours=3))
    assert (standing.merge, standing.outcome, standing.rollback) == ("m" * 40, None, None)


@pytest.mark.parametrize("result", ["rejected", "expired"])
def test_a_no_still_waits_for_its_closing(result: str) -> None:
    (standing,) = standings(written(a_proposal(), a_draft(Phase.DECIDED, result=result)))
    assert standing.stage is Stage.PROPOSED


def test_measuring_again_while_a_rollback_is_on_its_way_does_not_go_back() -> None:
    records = written(a_proposal(), a_draft(Phase.REVERTED, rollback=TWO), a_draft(Phase.MEASURED, key="later"))
    (standing,) = standings(records)
    assert (standing.stage, standing.rollback) == (Stage.REVERTING, TWO)


def test_open_changes_leave_out_the_closed_ones() -> None:
    records = written(a_proposal(), a_proposal(change=TWO), a_draft(Phase.CLOSED, outcome="success"))
    assert [standing.change for standing in open_changes(records)] == [TWO]


def test_an_ended_change_of_a_recipe_is_never_a_rollback_nor_anothers() -> None:
    records = written(
        a_proposal(),
        a_draft(Phase.CLOSED, hours=1, outcome="rolled_back"),
        a_proposal(change=TWO, hours=2, rollback_of=ONE),
        a_draft(Phase.CLOSED, change=TWO, hours=3, outcome="success"),
    )
    (found,) = ended(records, RecipeId("PASSPORT_BACKLOG"))
    assert (found.change, found.outcome) == (ONE, "rolled_back")
    assert ended(records, RecipeId("PERMITS")) == ()
    assert standings(records)[1].rollback_of == ONE
