"""The clocks of a watch: what stops them, what starts them again, and that a look told twice counts once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.clocks import Look, WatchClock, clock_json, look_of, read_clock

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NO = timedelta(0)


def clock_after(signs: str, blind_after: int = 5) -> WatchClock:
    """Look once an hour: `.` sees all, `s` is silence of one rule, `e` a failure, `b` both at different rules."""
    clock = WatchClock()
    for hour, sign in enumerate(signs):
        look = Look(
            at=BEGIN + HOUR * hour,
            failed=frozenset({"rollback"} if sign in "eb" else ()),
            silent=frozenset({"success"} if sign in "sb" else ()),
        )
        clock = clock.after(look, blind_after=blind_after)
    return clock


HOURS = [
    # looks, blind, frozen hours, silent hours
    ("......", False, 0, None),
    ("..eeee..", False, 0, None),
    ("..eeeee", True, 4, None),
    ("..eeeeee", True, 5, None),
    ("..eeeeee..", False, 6, None),
    ("eeee.eeee", False, 0, None),
    ("..sss", False, 2, 2),
    ("..sss..", False, 3, None),
    ("..sseess", False, 3, 1),
    ("..ssbbbbbb", True, 7, 6),
    ("..bbbbb.", False, 5, None),
]


@pytest.mark.parametrize(("signs", "blind", "frozen", "silent"), HOURS)
def test_silence_stops_the_clocks_at_once_and_failures_once_they_are_blindness(signs, blind, frozen, silent):
    clock = clock_after(signs)
    assert (clock.blind, clock.frozen) == (blind, HOUR * frozen)
    assert clock.silence.get("success") == (None if silent is None else HOUR * silent)
    assert clock.runs == (signs[-1] == ".")


def test_how_many_failures_are_blindness_is_the_policys():
    assert not clock_after("ee", blind_after=3).blind
    assert clock_after("eee", blind_after=3).frozen == HOUR * 2


def test_once_the_time_is_over_nothing_is_added_to_it():
    clock = WatchClock(at=BEGIN, over=True)
    for hour in range(1, 9):
        clock = clock.after(Look(at=BEGIN + HOUR * hour, failed=frozenset({"a"}), silent=frozenset({"b"})))
    assert clock.frozen == NO


SIGNS = st.text(alphabet=".seb", max_size=30)


@given(signs=SIGNS)
def test_a_look_told_again_and_a_clock_set_back_change_nothing(signs: str):
    clock = clock_after(signs)
    if clock.at is None:
        return
    failed = frozenset({"rollback"} if clock.failures else ())
    again = Look(at=clock.at, failed=failed, silent=frozenset(clock.silence))
    assert clock.after(again) == clock
    earlier = clock.after(Look(at=clock.at - HOUR * 7, failed=failed, silent=frozenset(clock.silence)))
    assert earlier == clock


@given(signs=SIGNS)
def test_no_more_time_stands_still_than_has_passed_and_none_runs_backwards(signs: str):
    found = [clock_after(signs[: length + 1]).frozen for length in range(len(signs))]
    assert found == sorted(found)
    assert all(frozen <= HOUR * place for place, frozen in enumerate(found))


@given(signs=SIGNS)
def test_the_ledger_gives_back_what_was_written(signs: str):
    clock = clock_after(signs)
    assert read_clock({"clock": clock_json(clock)}) == clock


BROKEN: list[Any] = [None, 7, {"at": "yesterday"}, {"at": "2026-01-05T09:00:00"}, {"frozen": 1e300}]


@pytest.mark.parametrize("kept", BROKEN)
def test_what_cannot_be_read_is_a_clock_that_begins_anew(kept: Any):
    assert read_clock({"clock": kept}) == WatchClock()
    assert read_clock({}) == WatchClock()


def test_wrong_parts_of_a_kept_clock_are_left_out():
    kept: Any = {"at": None, "failures": "many", "silence": [1], "frozen": -5, "blind": "yes", "over": 1}
    assert read_clock({"clock": kept}) == WatchClock()


@pytest.mark.parametrize("outcome", RuleOutcome)
def test_what_a_look_could_not_see(outcome: RuleOutcome):
    measured = {name: Measurement(rule="", outcome=outcome, sentence="") for name in ("now", "young", "quiet")}
    ripe = {"young": BEGIN + HOUR}
    look = look_of(measured, at=BEGIN, ripe=ripe, quiet=frozenset({"quiet"}))
    silent = outcome in {RuleOutcome.NO_DATA, RuleOutcome.STALE}
    assert look.silent == ({"now"} if silent else set())
    assert look.failed == (set(measured) if outcome is RuleOutcome.ERROR else set())


def test_a_rule_that_fails_after_its_silence_goes_on_being_silent():
    """A failed look says nothing about whether there is data: it neither ends the grace nor starts it anew."""
    clock = WatchClock()
    for hour, failed in enumerate((False, False, True, False)):
        rule = frozenset({"rollback"})
        look = Look(
            at=BEGIN + HOUR * hour, failed=rule if failed else frozenset(), silent=frozenset() if failed else rule
        )
        clock = clock.after(look)
        assert "rollback" in clock.silence
    assert clock.silence == {"rollback": HOUR * 2}
