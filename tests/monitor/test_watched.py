"""What the ledger's records tell of the changes under watch."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START, a_sha

from bot.model.errors import LedgerError
from bot.model.json import digest_of
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.monitor.watched import Watched, closing_of, is_recorded, watch_list

ONE, TWO = ChangeId("1" * 16), ChangeId("2" * 16)


def a_record(phase: Phase, change: ChangeId = ONE, *, hours: float = 0, **facts: Any) -> Record:
    return Record(
        index=1,
        sequence=1,
        previous=None,
        digest=digest_of(b""),
        change=change,
        phase=phase,
        at=START + timedelta(hours=hours),
        facts=facts,
    )


LIVE = (
    a_record(Phase.PROPOSED, pull=7, recipe="BLUR", rollback_of=None),
    a_record(Phase.DEPLOYED, merge=a_sha("merge"), effective_at="2026-03-02T10:00:00+01:00"),
)


def test_a_change_is_under_watch_from_its_deployment_to_its_end():
    assert watch_list(LIVE[:1]) == ()
    assert [each.id for each in watch_list(LIVE)] == [ONE]
    assert watch_list((*LIVE, a_record(Phase.CLOSED, outcome="success"))) == ()
    other = a_record(Phase.CLOSED, TWO, outcome="success")
    assert [each.id for each in watch_list((*LIVE, other))] == [ONE]


def test_it_tells_what_the_newest_records_say():
    (watched,) = watch_list((*LIVE, a_record(Phase.MEASURED, n=1), a_record(Phase.MEASURED, n=2)))
    assert (watched.pull, watched.recipe, watched.merge) == (7, "BLUR", a_sha("merge"))
    assert watched.effective_at == START
    assert watched.latest[Phase.MEASURED] == {"n": 2}
    assert (watched.rollback_of, watched.intent) == (None, None)


def test_a_rollback_names_the_change_that_it_takes_back():
    (watched,) = watch_list(
        (a_record(Phase.PROPOSED, rollback_of=TWO), *LIVE[1:], a_record(Phase.REVERTED, merge="m"))
    )
    assert watched.rollback_of == TWO
    assert watched.intent == {"merge": "m"}


DAMAGED: dict[str, tuple[dict[Phase, dict[str, Any]], Callable[[Watched], object]]] = {
    "no record": ({}, lambda watched: watched.pull),
    "no pull": ({Phase.PROPOSED: {}}, lambda watched: watched.pull),
    "a pull that is no number": ({Phase.PROPOSED: {"pull": "7"}}, lambda watched: watched.pull),
    "no recipe": ({Phase.PROPOSED: {"recipe": None}}, lambda watched: watched.recipe),
    "a merge that is no name": ({Phase.DEPLOYED: {"merge": 7}}, lambda watched: watched.merge),
    "no time": ({Phase.DEPLOYED: {}}, lambda watched: watched.effective_at),
    "a time that is none": ({Phase.DEPLOYED: {"effective_at": "noon"}}, lambda watched: watched.effective_at),
    "a time without an offset": (
        {Phase.DEPLOYED: {"effective_at": "2026-03-02T10:00:00"}},
        lambda watched: watched.effective_at,
    ),
}


@pytest.mark.parametrize(("latest", "ask"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_not_there_is_an_error_that_names_change_and_phase(latest, ask):
    with pytest.raises(LedgerError, match=ONE) as caught:
        ask(Watched(id=ONE, latest=latest))
    assert "pow-ledger" in caught.value.hint


def test_what_is_known_of_a_change():
    records = (*LIVE, a_record(Phase.CLOSED, outcome="success"))
    assert is_recorded(records, ONE)
    assert not is_recorded(records, TWO)
    assert closing_of(records, ONE) == {"outcome": "success"}
    assert closing_of(records, TWO) is None
