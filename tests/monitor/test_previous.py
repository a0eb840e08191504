"""Which run before a change the ledger knows, and a watch that has nothing better to be compared with."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START
from fakes.ledger import MemoryLedger
from fakes.world import MemoryWorld
from ledger.ledgers import a_draft, a_proposal
from monitor.watchtower import DAY, RECIPE, Tower, a_tower

from bot.model.clock import format_time
from bot.model.names import ChangeId
from bot.model.record import Draft, Phase, Record
from bot.model.series import Window
from bot.monitor.previous import Run, Runs
from bot.monitor.watched import ever_live

HOUR = timedelta(hours=1)
ONE, TWO, NOW = ChangeId("1" * 16), ChangeId("2" * 16), ChangeId("9" * 16)
LIVE = 500
"""Hours from the start at which the change under watch went live."""
BOTH = [
    {"target": "PHOTO_VALIDATOR", "key": "a", "before": 1, "after": 2},
    {"target": "PRINTER", "key": "a", "before": 1, "after": 2},
]


def a_life(change: ChangeId, hours: int, outcome: str | None = "success", **facts: Any) -> list[Draft]:
    """Return the records of a change that went live at so many hours, and ended so two days later."""
    live = a_draft(Phase.DEPLOYED, change=change, hours=hours, effective_at=format_time(START + HOUR * hours))
    end = [a_draft(Phase.CLOSED, change=change, hours=hours + 48, outcome=outcome)] if outcome else []
    return [a_proposal(change=change, hours=hours, **facts), live, *end]


def damaged(change: ChangeId, hours: int) -> list[Draft]:
    proposal, _, end = a_life(change, hours)
    return [proposal, a_draft(Phase.DEPLOYED, change=change, hours=hours, effective_at="yesterday"), end]


def written(*drafts: Draft) -> tuple[Record, ...]:
    ledger = MemoryLedger(MemoryWorld())
    for draft in drafts:
        ledger.append(draft)
    return ledger.records()


def a_run(change: ChangeId, hours: int, until: int = LIVE) -> Run:
    return Run(change=change, effective_at=START + HOUR * hours, until=START + HOUR * until)


CASES: dict[str, tuple[list[Draft], Run | None]] = {
    "none": ([], None),
    "one": (a_life(ONE, 100), a_run(ONE, 100)),
    "the newest of two": ([*a_life(ONE, 100), *a_life(TWO, 300)], a_run(TWO, 300)),
    "another recipe's": (a_life(ONE, 100, recipe="OTHER"), None),
    "on another target": (a_life(ONE, 100, keys=BOTH[1:]), None),
    "on one more target": (a_life(ONE, 100, keys=BOTH), None),
    "taken back": (a_life(ONE, 100, "rolled_back"), None),
    "kept by a person": (a_life(ONE, 100, "kept"), None),
    "not over": (a_life(ONE, 100, None), None),
    "a rollback that helped": (a_life(ONE, 100, rollback_of=TWO), None),
    "later than this one": (a_life(ONE, 600), None),
    "at the same time as this one": (a_life(ONE, LIVE), None),
    "its records are damaged": (damaged(ONE, 100), None),
    "followed by another recipe's": (
        [*a_life(ONE, 100), *a_life(TWO, 200, "kept", recipe="OTHER")],
        a_run(ONE, 100, until=200),
    ),
    "followed by one on more targets": (
        [*a_life(ONE, 100), *a_life(TWO, 200, keys=BOTH)],
        a_run(ONE, 100, until=200),
    ),
    "followed by one elsewhere": ([*a_life(ONE, 100), *a_life(TWO, 200, keys=BOTH[1:])], a_run(ONE, 100)),
    "followed by one with damaged records": ([*a_life(ONE, 100), *damaged(TWO, 200)], a_run(ONE, 100, until=200)),
    "with another one from its first hour on": (
        [*a_life(ONE, 100), *a_life(TWO, 100, "kept", recipe="OTHER")],
        a_run(ONE, 100, until=100),
    ),
}


@pytest.mark.parametrize(("earlier", "expected"), CASES.values(), ids=CASES)
def test_the_run_before_is_the_last_one_of_the_same_recipe_and_targets_that_succeeded(
    earlier: list[Draft], expected: Run | None
):
    records = written(*earlier, *a_life(NOW, LIVE, None))
    (watched,) = (each for each in ever_live(records) if each.id == NOW)
    assert Runs(lambda: records).before(watched) == expected


def test_the_records_are_gone_through_once_and_only_if_somebody_asks():
    records, asked = written(*a_life(ONE, 100), *a_life(NOW, LIVE, None)), []

    def read() -> tuple[Record, ...]:
        asked.append(1)
        return records

    runs = Runs(read)
    assert asked == []
    (watched,) = (each for each in ever_live(records) if each.id == NOW)
    assert runs.before(watched) == runs.before(watched)
    assert asked == [1]


def test_times_are_aligned_by_how_long_the_change_was_live():
    live, run = START + HOUR * LIVE, a_run(ONE, 100)
    window = Window(start=live + HOUR, end=live + HOUR * 5)
    assert run.aligned(window, live) == Window(start=START + HOUR * 101, end=START + HOUR * 105)


# The whole watch

RANKS = (
    RECIPE
    + b"""\
guardrails: [{rule: "wait_time > 5_days", name: slower, test: {kind: mann_whitney, every: 3_days}}]
"""
)


def two_runs(waits: float, *, forgets: bool = False) -> tuple[Tower, ChangeId]:
    """Let a run succeed, the feed rest for weeks, and the recipe be run again with waits of so many days."""
    tower = a_tower(blur=RANKS)
    tower.go(9 * DAY, waits=6.0)
    first = tower.land()
    tower.go(4 * DAY, waits=6.0)
    tower.record(first, Phase.CLOSED, outcome="success")
    tower.edit("patches/services/PHOTO_VALIDATOR.yml", b"px: 4", b"px: 2")
    tower.go(20 * DAY, waits=None)
    if forgets:
        tower.figures.samples["metrics.passport.wait_time"].clear()
    again = tower.land(2)
    tower.go(3 * DAY, waits=waits)
    return tower, again


def test_a_change_with_nothing_beside_it_and_no_week_before_is_compared_with_the_run_before():
    for waits, pulls in ((9.0, 1), (6.0, 0)):
        tower, change = two_runs(waits)
        tower.monitor()
        (measured,) = tower.of(change, Phase.MEASURED)
        sentence = measured.facts["guards"][0]["now"]["sentence"]
        assert f"as long after the deployment of the run before, change {1:016x}" in sentence
        assert len(tower.rollback_pulls(change)) == pulls


def test_a_feed_that_forgot_the_run_before_is_read_for_it_and_leaves_the_limit_alone():
    tower, change = two_runs(9.0, forgets=True)
    tower.monitor()
    (measured,) = tower.of(change, Phase.MEASURED)
    sentence = measured.facts["guards"][0]["now"]["sentence"]
    assert "no baseline, so its limit alone counts" in sentence
    assert "metrics.passport.wait_time holds nothing from" in sentence


def test_a_run_that_was_over_by_then_is_not_read():
    tower, change = two_runs(9.0)
    (watched,) = (each for each in ever_live(tower.ledger.records()) if each.id == change)
    run = Runs(tower.ledger.records).before(watched)
    assert run is not None
    for draft in a_life(TWO, 0, "kept", recipe="OTHER"):
        facts = draft.facts | {"effective_at": format_time(run.effective_at + DAY)}
        tower.record(TWO, draft.phase, **facts)
    tower.monitor()
    (measured,) = tower.of(change, Phase.MEASURED)
    assert "something else was live from" in measured.facts["guards"][0]["now"]["sentence"]
    live = watched.effective_at
    window = run.aligned(Window(start=live, end=live + 3 * DAY), live)
    assert window not in [asked for _, asked in tower.figures.asked]
