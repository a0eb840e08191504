"""Of several suspects the newest is taken back first, and the others wait no longer than that can tell."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START

from bot.model.names import ChangeId, FeedName
from bot.model.record import Phase
from bot.monitor.suspect import Suspect, TakenBack, comes_first, newest_first
from bot.monitor.watched import Watched

OLD, NEW = ChangeId("a" * 16), ChangeId("b" * 16)
HOUR = timedelta(hours=1)
ME = Suspect(change=OLD, feeds=frozenset({FeedName("errors")}), targets=frozenset({"PHOTO"}), effective_at=START)


def taken_back(**fields: Any) -> TakenBack:
    newer = replace(ME, change=NEW, effective_at=START + HOUR)
    return TakenBack(suspect=replace(newer, **fields), begun_at=START + 2 * HOUR, within=2 * HOUR)


CASES: dict[str, tuple[tuple[TakenBack, ...], float, ChangeId | None]] = {
    "none": ((), 3, None),
    "a newer one, same feed and target": ((taken_back(),), 3, NEW),
    "same feed": ((taken_back(targets=frozenset({"PRINTER"})),), 3, NEW),
    "same target": ((taken_back(feeds=frozenset()),), 3, NEW),
    "nothing in common": ((taken_back(feeds=frozenset(), targets=frozenset()),), 3, None),
    "an older one": ((taken_back(effective_at=START - HOUR),), 3, None),
    "at the same moment, by name": ((taken_back(effective_at=START),), 3, NEW),
    "itself": ((taken_back(change=OLD, effective_at=START),), 3, None),
    "it had its time": ((taken_back(),), 4, None),
    "it has it for a moment more": ((taken_back(),), 3.99, NEW),
    "the second of two": ((taken_back(effective_at=START - HOUR), taken_back()), 3, NEW),
}


@pytest.mark.parametrize(("others", "hours", "expected"), CASES.values(), ids=CASES)
def test_who_comes_first(others: tuple[TakenBack, ...], hours: float, expected: ChangeId | None):
    assert comes_first(ME, others, START + hours * HOUR) == expected


def test_what_is_being_taken_back_comes_as_it_came_and_then_the_newest():
    def watched(name: str, **latest: Any) -> Watched:
        return Watched(id=ChangeId(name), latest={Phase(phase): facts for phase, facts in latest.items()})

    order = newest_first(
        [
            watched("first"),
            watched("begun", reverted={}),
            watched("rollback", proposed={"rollback_of": "begun"}),
            watched("last"),
        ]
    )
    assert [each.id for each in order] == ["begun", "rollback", "last", "first"]
