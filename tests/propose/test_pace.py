"""How many proposals fit into the hour that GitHub gives."""

from datetime import timedelta
from pathlib import Path

import pytest
from approve.situations import a_policy
from fakes.builders import START
from hypothesis import given, settings
from hypothesis import strategies as st
from propose.office import FILES, Office

from bot.model.json import digest_of
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.propose.pace import OTHER_WRITES, PROPOSAL_WRITES, RUN_WRITES, WRITES_AN_HOUR, fitting, paced, slowed

NOW = START + timedelta(hours=2)


def records(*minutes_ago: int, phase: Phase = Phase.PROPOSED) -> tuple[Record, ...]:
    """Return records of so many minutes ago, each of a change of its own."""
    return tuple(
        Record(
            index=number,
            sequence=1,
            previous=None,
            digest=digest_of(b""),
            change=ChangeId(f"{number:016x}"),
            phase=phase,
            at=NOW - timedelta(minutes=minutes),
            facts={},
        )
        for number, minutes in enumerate(minutes_ago, start=1)
    )


@pytest.mark.parametrize(
    ("known", "fit"),
    [
        ((), 48),
        (records(5), 47),
        (records(59, 30, 0), 45),
        (records(60, 61, 600), 48),
        (records(-5), 48),
        (records(5, phase=Phase.MEASURED), 48),
        (records(*range(8), phase=Phase.MEASURED), 42),
        (records(*([1] * 60)), 0),
    ],
    ids=["nothing", "one", "three", "an hour ago", "the future", "a measurement", "eight of them", "too many"],
)
def test_what_the_ledger_knows_of_the_hour_is_taken_off(known: tuple[Record, ...], fit: int) -> None:
    assert fitting(known, NOW) == fit


@settings(max_examples=30, deadline=None)
@given(proposed=st.integers(0, 80), other=st.integers(0, 80))
def test_what_fits_never_comes_to_more_than_githubs_five_hundred(proposed: int, other: int) -> None:
    known = (*records(*([1] * proposed)), *records(*([2] * other), phase=Phase.MEASURED))
    fit = fitting(known, NOW)
    spent = proposed * PROPOSAL_WRITES + other * OTHER_WRITES
    assert fit == 0 or spent + RUN_WRITES + fit * PROPOSAL_WRITES <= WRITES_AN_HOUR < 500


def test_a_policy_that_asks_for_less_stays_as_it_is() -> None:
    assert paced(a_policy(proposals_per_run=10), (), NOW) == a_policy(proposals_per_run=10)
    assert paced(a_policy(proposals_per_run=100), (), NOW).proposals_per_run == 48
    assert slowed(a_policy(proposals_per_run=10), a_policy(proposals_per_run=10)) == ()


def test_a_run_that_would_propose_more_says_how_many_fit(tmp_path: Path) -> None:
    generous = FILES["pow/settings/policy.yml"] + b"proposals_per_run: 100\n"
    office = Office(tmp_path, {"pow/settings/policy.yml": generous})
    said = [event.sentence for event in office.detect().events]
    assert "48 more proposals fit into this hour's 400 writes; the policy allows 100 in a run" in said
    assert len(office.world.pulls) == 1
