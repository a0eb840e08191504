"""Who asked for a detection keeps a hand in what came of it, also where another run replaced or reopened it."""

from datetime import timedelta
from typing import Any

import pytest
from propose.cases import a_record, proposed

from bot.ledger.triggers import asked_for, last_trigger
from bot.model.names import ChangeId, RecipeId
from bot.model.record import REOPENED, Phase, Record

RECIPE = RecipeId("PASSPORT_BACKLOG")
CHANGE = ChangeId("a" * 16)
REACH = timedelta(days=14)


def triggered(days_ago: float, *, by: Any = "agent", recipe: str = RECIPE, actors: Any = ("a2a[bot]",)) -> Record:
    return a_record(Phase.TRIGGERED, "f" * 16, days_ago=days_ago, recipe=recipe, by=by, actors=actors)


def reopened(days_ago: float) -> Record:
    return a_record(Phase.DECIDED, CHANGE, days_ago=days_ago, result=REOPENED)


PROPOSED = proposed(CHANGE)
"""A day ago."""


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ((PROPOSED,), ()),
        ((), ()),
        ((triggered(1),), ()),
        ((PROPOSED, triggered(1)), ("a2a[bot]", "agent")),
        ((triggered(3), PROPOSED), ("a2a[bot]", "agent")),
        ((triggered(14.9), PROPOSED), ("a2a[bot]", "agent")),
        ((triggered(15.1), PROPOSED), ()),
        ((PROPOSED, triggered(0.5)), ()),
        ((PROPOSED, triggered(0.5), reopened(0.4)), ("a2a[bot]", "agent")),
        ((PROPOSED, reopened(0.6), triggered(0.5)), ()),
        ((triggered(2, recipe="OTHER"), PROPOSED), ()),
        ((triggered(3), triggered(2, by="sam", actors=("sam",)), PROPOSED), ("a2a[bot]", "agent", "sam")),
        ((triggered(3, by=None, actors=None), PROPOSED), ()),
        ((triggered(3, by=7, actors=[1, "x"]), PROPOSED), ("x",)),
    ],
)
def test_who_asked_before_it_was_last_proposed_had_a_hand_in_it(
    records: tuple[Record, ...], names: tuple[str, ...]
) -> None:
    assert asked_for(records, CHANGE, REACH) == names


def test_the_last_trigger_of_a_recipe_is_found() -> None:
    first, second, other = triggered(3), triggered(2), triggered(1, recipe="OTHER")

    assert last_trigger((first, second, other), RECIPE) is second
    assert last_trigger((other,), RECIPE) is None
