"""A breach that must be confirmed: by a look long enough ago, and by every look since."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START
from monitor.test_take_back import a_watch
from monitor.watchtower import DAY, HOUR, POLICY, RECIPE

from bot.model.json import digest_of
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.monitor.confirm import is_confirmed

NOW = START + 10 * HOUR


def a_look(hours: float, outcome: str, *, phase: Phase = Phase.MEASURED, **facts: Any) -> Record:
    return Record(
        index=1,
        sequence=1,
        previous=None,
        digest=digest_of(b""),
        change=ChangeId("0" * 16),
        phase=phase,
        at=START + timedelta(hours=hours),
        facts={"rollback": {"outcome": outcome}, **facts},
    )


GUARD: dict[str, Any] = {"guards": [{"name": "latency", "now": {"outcome": "HOLDS"}}, "odd"]}
CASES: dict[str, tuple[list[Record], str, bool]] = {
    "no look before": ([], "rollback", False),
    "one look, too recent": ([a_look(9, "HOLDS")], "rollback", False),
    "one look, just long ago": ([a_look(8, "HOLDS")], "rollback", True),
    "two looks": ([a_look(7, "HOLDS"), a_look(9, "HOLDS")], "rollback", True),
    "well in between": ([a_look(7, "HOLDS"), a_look(9, "DOES_NOT_HOLD")], "rollback", False),
    "blind in between": ([a_look(7, "HOLDS"), a_look(9, "ERROR")], "rollback", False),
    "well before that": ([a_look(5, "DOES_NOT_HOLD"), a_look(8, "HOLDS"), a_look(9, "HOLDS")], "rollback", True),
    "the present look is no confirmation of itself": ([a_look(10, "HOLDS")], "rollback", False),
    "another record": ([a_look(7, "HOLDS", phase=Phase.DEPLOYED)], "rollback", False),
    "a guard": ([a_look(7, "DOES_NOT_HOLD", **GUARD)], "latency", True),
    "another guard": ([a_look(7, "HOLDS", **GUARD)], "errors", False),
    "no guards": ([a_look(7, "HOLDS")], "latency", False),
}


@pytest.mark.parametrize(("records", "rule", "expected"), CASES.values(), ids=CASES)
def test_when_a_breach_is_confirmed(records: list[Record], rule: str, *, expected: bool):
    assert is_confirmed(records, rule, now=NOW, after=2 * HOUR) is expected


def test_without_a_wish_one_look_is_enough():
    assert is_confirmed([], "rollback", now=NOW, after=None)


def test_a_rollback_waits_for_its_confirmation():
    tower, change = a_watch(settings__policy=POLICY + b"rollbacks: {confirm_after: 2h}\n")
    tower.go(2 * HOUR, errors=0.2)
    tower.monitor()
    assert tower.rollback_pulls(change) == []
    assert "wants a look to confirm it" in tower.comment(1).replace("\\", "")
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    assert tower.rollback_pulls(change) == []
    tower.go(HOUR, errors=0.2)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1


def test_what_is_taken_back_for_want_of_success_needs_no_breach():
    policy = POLICY + b"rollbacks: {confirm_after: 2h}\n"
    late = RECIPE + b"watch: {deadline: 5_days, on_deadline: rollback}\n"
    tower, change = a_watch(settings__policy=policy, blur=late)
    tower.go(6 * DAY)
    tower.monitor()
    assert len(tower.rollback_pulls(change)) == 1
