"""What rests, and since when, follows from the records alone."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from hypothesis import given
from hypothesis import strategies as st
from ledger.ledgers import ONE, TWO, a_draft, a_proposal

from bot.ledger.holds import EVERYTHING, HoldKind, hold_on, holds, told
from bot.ledger.lifecycle import Stage, ended, standings
from bot.model.limits import Breaker
from bot.model.names import ChangeId, RecipeId
from bot.model.record import Draft, Phase, Record

PHOTO = "PHOTO_VALIDATOR"
NEVER = Breaker(target=1000, agency=1000)


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


def begun(change: ChangeId = ONE, *, hours: int = 0) -> Draft:
    return a_draft(Phase.REVERTED, change=change, hours=hours, rollback="r" * 16)


def closed(change: ChangeId = ONE, outcome: str = "rolled_back", **facts: Any) -> Draft:
    return a_draft(Phase.CLOSED, change=change, outcome=outcome, **facts)


def resumed(key: str, *, change: ChangeId = ONE, target: str = PHOTO, hours: int = 0) -> Draft:
    return a_draft(Phase.RESUMED, change=change, key=key, hours=hours, target=target, by="maria", reason="looked at")


ROLLED_BACK = f"{HoldKind.ROLLED_BACK}:{PHOTO}"
STANDING: dict[str, tuple[tuple[Draft, ...], list[tuple[str, HoldKind]]]] = {
    "nothing happened": ((), []),
    "a rollback on its way": ((a_proposal(), begun()), []),
    "rolled back": ((a_proposal(), begun(), closed(recovery="RECOVERED")), [(PHOTO, HoldKind.ROLLED_BACK)]),
    "rolled back by hand": ((a_proposal(), closed(recovery=None)), [(PHOTO, HoldKind.ROLLED_BACK)]),
    "not the cause": (
        (a_proposal(), begun(), closed(recovery="NOT_RECOVERED")),
        [(PHOTO, HoldKind.NOT_THE_CAUSE)],
    ),
    "the rollback itself is closed": ((a_proposal(rollback_of=TWO), closed(recovery="RECOVERED")), []),
    "success": ((a_proposal(), closed(outcome="success")), []),
    "kept": ((a_proposal(), begun(), closed(outcome="kept")), []),
    "resumed": ((a_proposal(), closed(), resumed(ROLLED_BACK)), []),
    "resumed for another target": (
        (a_proposal(), closed(), resumed(ROLLED_BACK, target="PRINTER")),
        [(PHOTO, HoldKind.ROLLED_BACK)],
    ),
    "resumed before it was on hold": (
        (a_proposal(), resumed(ROLLED_BACK), closed()),
        [(PHOTO, HoldKind.ROLLED_BACK)],
    ),
    "another hold was resumed": (
        (a_proposal(), closed(), resumed(f"{HoldKind.BREAKER}:{PHOTO}")),
        [(PHOTO, HoldKind.ROLLED_BACK)],
    ),
    "taken back again after that": (
        (a_proposal(), closed(), resumed(ROLLED_BACK), a_proposal(change=TWO), closed(TWO)),
        [(PHOTO, HoldKind.ROLLED_BACK)],
    ),
    "a closing of what was never proposed": ((closed(),), []),
}


@pytest.mark.parametrize(("drafts", "expected"), STANDING.values(), ids=STANDING)
def test_what_stands(drafts: tuple[Draft, ...], expected: list[tuple[str, HoldKind]]):
    assert [(hold.target, hold.kind) for hold in holds(written(*drafts), NEVER)] == expected


def many(count: int, *, apart: int, changes_apart: bool = False) -> list[Draft]:
    """Return so many rollbacks, so many hours apart, each of a change of its own."""
    drafts = []
    for number in range(count):
        change = ChangeId(f"{number:016x}")
        target = f"T{number}" if changes_apart else PHOTO
        drafts += [
            a_proposal(change=change, keys=[{"target": target, "key": "a", "before": 1, "after": 2}]),
            begun(change, hours=number * apart),
            closed(change, recovery="RECOVERED"),
        ]
    return drafts


DAYS = timedelta(days=30)


@pytest.mark.parametrize(
    ("count", "apart", "apart_targets", "expected"),
    [
        (2, 1, False, set()),
        (3, 1, False, {PHOTO}),
        (4, 1, False, {PHOTO}),
        (3, 15 * 24, False, set()),
        (7, 1, True, set()),
        (8, 1, True, {EVERYTHING}),
        (8, 6 * 24, True, set()),
        (9, 1, False, {PHOTO, EVERYTHING}),
    ],
)
def test_the_breaker_trips_at_so_many_within_the_time(
    count: int, apart: int, *, apart_targets: bool, expected: set[str]
):
    drafts = many(count, apart=apart, changes_apart=apart_targets)
    standing = holds(written(*drafts), Breaker(target=3, agency=8, within=DAYS))
    assert {hold.target for hold in standing if hold.kind is HoldKind.BREAKER} == expected


def test_an_open_breaker_stays_open_and_tells_of_the_rollback_that_tripped_it():
    drafts = [*many(4, apart=1), begun(ChangeId("f" * 16), hours=9000)]
    hold = hold_on(holds(written(*drafts), Breaker(target=3)), [PHOTO])
    assert hold is not None
    assert (hold.change, hold.rollbacks, hold.since) == ("0" * 15 + "2", 3, START + timedelta(hours=2))


def test_a_resumed_breaker_counts_anew():
    drafts = many(3, apart=1)
    lifted = resumed(f"{HoldKind.BREAKER}:{PHOTO}", change=ChangeId("0" * 15 + "2"))
    again = [a_proposal(change=ONE), begun(ONE, hours=9)]
    assert holds(written(*drafts, lifted), Breaker(target=3)) == ()
    assert holds(written(*drafts, lifted, *again), Breaker(target=3)) == ()


def test_the_agencys_hold_comes_before_a_targets():
    standing = holds(written(*many(3, apart=1)), Breaker(target=3, agency=3))
    hold = hold_on(standing, [PHOTO])
    assert hold is not None
    assert hold.target == EVERYTHING
    assert hold_on(standing, ["PRINTER"]) == hold
    assert hold_on((), [PHOTO]) is None


def test_each_says_what_stands_and_why():
    a_breaker = holds(written(*many(3, apart=1)), Breaker(target=3, agency=3))
    words = {told(hold) for hold in a_breaker}
    words |= {told(hold) for hold in holds(written(a_proposal(), closed(recovery="RECOVERED")), NEVER)}
    words |= {told(hold) for hold in holds(written(a_proposal(), closed(recovery="NOT_RECOVERED")), NEVER)}
    assert len(words) == 4
    assert any("that did not help" in each for each in words)
    assert any("3 rollbacks of it tripped the breaker" in each for each in words)


def test_a_resumed_change_stands_where_it_stood():
    before = written(a_proposal(), closed())
    after = written(a_proposal(), closed(), resumed(ROLLED_BACK, hours=500))
    assert standings(after) == standings(before)
    assert standings(after)[0].stage is Stage.CLOSED
    assert ended(after, RecipeId("PASSPORT_BACKLOG")) == ended(before, RecipeId("PASSPORT_BACKLOG"))


@given(st.lists(st.sampled_from(["propose", "begin", "close", "resume"]), max_size=20), st.integers(1, 4))
def test_whatever_happened_one_resume_of_each_hold_leaves_none(steps: list[str], limit: int):
    ledger, breaker = MemoryLedger(MemoryWorld()), Breaker(target=limit, agency=limit + 1)
    number = 0
    for hour, step in enumerate(steps):
        number += step == "propose"
        change = ChangeId(f"{number:016x}")
        match step:
            case "propose":
                ledger.append(a_proposal(change=change))
            case "begin":
                ledger.append(begun(change, hours=hour))
            case "close":
                ledger.append(closed(change))
            case _:
                for hold in holds(ledger.records(), breaker)[:1]:
                    ledger.append(resumed(hold.key, change=hold.change, target=hold.target))
    for hold in holds(ledger.records(), breaker):
        ledger.append(resumed(hold.key, change=hold.change, target=hold.target))
    assert holds(ledger.records(), breaker) == ()
