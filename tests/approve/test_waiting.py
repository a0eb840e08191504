"""What waiting leads to: the timetable by the calendar, who may approve then, and the next instant that matters."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from approve.situations import (
    MALLORY,
    NOW,
    SAVA,
    SECURITY,
    SUPERVISORS,
    a_policy,
    facts,
    reviews_of,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.approve.gate import decide
from bot.approve.open_time import after_open, next_turn
from bot.approve.waiting import next_due, step_of, timetable, wait_of, widened
from bot.model.calendar import Calendar, Freeze
from bot.model.decision import GateStatus, WaitStep
from bot.model.forge import ReviewState
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import ChangeId, Login
from bot.model.record import Phase, Record
from bot.model.settings import Approvers, Policy, Waiting
from bot.propose.calendar import closed_because
from bot.recipes.calendar import read_hours

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICE = Calendar(allow=(read_hours("Mon-Fri 08:00-18:00"),))
WAITING = Waiting(escalate_after=2 * DAY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendar", "start", "span", "end"),
    [
        (Calendar(), "2026-03-02T09:00", 24 * HOUR, "2026-03-03T09:00"),
        (OFFICE, "2026-03-02T09:00", 4 * HOUR, "2026-03-02T13:00"),
        (OFFICE, "2026-03-02T09:00", 9 * HOUR, "2026-03-02T18:00"),
        (OFFICE, "2026-03-02T09:00", 10 * HOUR, "2026-03-03T09:00"),
        (OFFICE, "2026-03-06T17:30", 1 * HOUR, "2026-03-09T08:30"),
        (OFFICE, "2026-03-07T12:00", 24 * HOUR, "2026-03-11T12:00"),
        (
            replace(OFFICE, freezes=(Freeze(first=date(2026, 3, 3), last=date(2026, 3, 6), reason="moving"),)),
            "2026-03-02T09:00",
            10 * HOUR,
            "2026-03-09T09:00",
        ),
        (replace(OFFICE, time_zone="America/New_York"), "2026-03-06T22:30", 1 * HOUR, "2026-03-09T12:30"),
        (
            Calendar(time_zone="Europe/Amsterdam", exclude=(read_hours("Sun 00:00-12:00"),)),
            "2026-03-28T22:00",
            2 * HOUR,
            "2026-03-29T11:00",
        ),
    ],
)
def test_only_open_time_counts(calendar: Calendar, start: str, span: timedelta, end: str) -> None:
    until = at(start) + 30 * DAY
    assert after_open(calendar, at(start), span, until=until) == at(end)
    assert after_open(calendar, at(start), span, until=at(end)) is None


def test_a_calendar_that_never_opens_leads_to_nothing() -> None:
    never = Calendar(exclude=(read_hours("Mon-Sun 00:00-24:00"),))
    assert after_open(never, MONDAY, HOUR, until=MONDAY + 30 * DAY) is None
    assert next_turn(never, MONDAY) is None
    times = timetable(MONDAY, a_policy(calendar=never, waiting=WAITING))
    assert (times.reminds_at, times.escalates_at, times.expires_at) == (None, None, MONDAY + 14 * DAY)


hours = st.sampled_from(("Mon-Fri 08:00-18:00", "Sat 00:00-24:00", "Mon-Sun 01:15-03:45", "Sun 22:00-24:00"))
calendars = st.builds(
    lambda zone, allow, exclude: Calendar(
        time_zone=zone, allow=tuple(map(read_hours, allow)), exclude=tuple(map(read_hours, exclude))
    ),
    st.sampled_from(("UTC", "Europe/Amsterdam", "America/New_York")),
    st.lists(hours, max_size=2),
    st.lists(hours, max_size=1),
)
starts = st.integers(0, 4 * 24 * 4).map(lambda quarters: at("2026-03-27T00:00") + quarters * timedelta(minutes=15))


@settings(max_examples=25, deadline=None)
@given(calendar=calendars, start=starts, quarters=st.integers(1, 40))
@example(
    calendar=Calendar(time_zone="Europe/Amsterdam", allow=(read_hours("Mon-Sun 01:15-03:45"),)),
    start=at("2026-03-28T22:00"),
    quarters=10,
)
def test_open_time_is_what_a_clock_that_is_looked_at_every_quarter_counts(
    calendar: Calendar, start: datetime, quarters: int
) -> None:
    step, moment, left = timedelta(minutes=15), start, quarters
    while left and moment < start + 30 * DAY:
        left -= closed_because(calendar, moment) is None
        moment += step
    found = after_open(calendar, start, quarters * step, until=start + 31 * DAY)
    assert found == moment if not left else found is None or found > moment


@settings(max_examples=25, deadline=None)
@given(calendar=calendars, start=starts)
def test_the_next_turn_is_the_first_quarter_that_differs(calendar: Calendar, start: datetime) -> None:
    now, moment = closed_because(calendar, start), start
    while moment < start + 8 * DAY and closed_because(calendar, moment) == now:
        moment += timedelta(minutes=15)
    assert next_turn(calendar, start) == (moment if moment < start + 8 * DAY else None)


def test_the_timetable_of_a_proposal() -> None:
    times = timetable(MONDAY, a_policy(waiting=WAITING, expire_after=5 * DAY))
    assert (times.since, times.reminds_at, times.escalates_at) == (MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    assert (times.last_call_at, times.expires_at) == (MONDAY + 4 * DAY, MONDAY + 5 * DAY)


def test_what_would_come_after_the_end_does_not_come() -> None:
    times = timetable(MONDAY, a_policy(waiting=WAITING, expire_after=DAY))
    assert (times.reminds_at, times.escalates_at, times.last_call_at) == (None, None, None)
    assert step_of(times, MONDAY + 9 * DAY) is None


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (0, None),
        (0.9, None),
        (1, WaitStep.REMIND),
        (1.9, WaitStep.REMIND),
        (2, WaitStep.ESCALATE),
        (12, WaitStep.ESCALATE),
        (13, WaitStep.LAST_CALL),
    ],
)
def test_the_latest_step_that_is_due(days: float, step: WaitStep | None) -> None:
    assert step_of(timetable(MONDAY, a_policy(waiting=WAITING)), MONDAY + days * DAY) is step


def test_without_an_escalation_nobody_else_is_ever_asked() -> None:
    times = timetable(MONDAY, a_policy())
    assert times.escalates_at is None
    assert step_of(times, MONDAY + 12 * DAY) is WaitStep.REMIND


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (0, 1),
        (1, 2),
        (2, 13),
        (13, 14),
        (14, None),
    ],
)
def test_the_next_instant_at_which_time_alone_matters(now: float, due: float | None) -> None:
    policy = a_policy(waiting=WAITING)
    assert next_due(MONDAY, policy, MONDAY + now * DAY) == (None if due is None else MONDAY + due * DAY)


def test_the_calendars_next_turn_matters_as_well() -> None:
    policy = a_policy(waiting=WAITING, calendar=OFFICE)
    assert next_due(MONDAY, policy, MONDAY) == at("2026-03-02T18:00")
    assert next_due(MONDAY, policy, at("2026-03-06T20:00")) == at("2026-03-09T08:00")


@settings(max_examples=25, deadline=None)
@given(calendar=calendars, start=starts, days=st.integers(0, 60))
def test_the_gate_says_the_same_until_then(calendar: Calendar, start: datetime, days: int) -> None:
    policy = a_policy(calendar=calendar, waiting=WAITING)
    opened = facts(pull=replace(facts().pull, created_at=start), reviews=reviews_of((SAVA, ReviewState.APPROVED)))
    now = start + days * timedelta(hours=7)
    due = next_due(start, policy, now) or now + 30 * DAY
    later = now + (due - now) * 0.999
    assert decide(opened, policy, now) == decide(opened, policy, later)
    assert step_of(timetable(start, policy), now) is step_of(timetable(start, policy), later)


def escalated(**fields: object) -> Policy:
    return a_policy(waiting=Waiting(escalate_after=HOUR), **fields)


def test_after_the_escalation_the_next_levels_approvers_may_approve() -> None:
    by_security = facts(reviews=reviews_of((SAVA, ReviewState.APPROVED)))
    assert decide(by_security, a_policy(), NOW).status is GateStatus.PENDING
    decision = decide(by_security, escalated(), NOW)
    assert decision.status is GateStatus.APPROVED
    said = [child.sentence for reason in decision.reasons for child in reason.children if child.name == "escalation"]
    assert len(said) == 1
    assert "the next level may approve, too" in said[0]


def test_an_escalation_asks_for_no_fewer_and_for_nobody_without_rights() -> None:
    policy = escalated(approvals={**a_policy().approvals, Level.MEDIUM: (Approvers(teams=(SUPERVISORS,), count=2),)})
    one = facts(reviews=reviews_of((SAVA, ReviewState.APPROVED)))
    assert decide(one, policy, NOW).waiting_for == ("1 approval of supervisors or security",)
    stranger = facts(reviews=reviews_of((MALLORY, ReviewState.APPROVED)))
    assert decide(stranger, escalated(), NOW).status is GateStatus.PENDING


def test_a_team_of_the_next_level_that_cannot_be_read_takes_nothing_away() -> None:
    given = facts(teams={SUPERVISORS: frozenset({Login("sam")})})
    assert decide(given, escalated(), NOW).status is GateStatus.APPROVED


def test_above_high_there_is_nobody() -> None:
    required = a_policy().approvals[Level.HIGH]
    assert widened(required, a_policy(), Level.HIGH) == required


def test_named_people_of_the_next_level_join_no_group_that_tells_teams_apart() -> None:
    policy = a_policy(
        approvals={
            Level.MEDIUM: (Approvers(teams=(SUPERVISORS, SECURITY), count=2, distinct=True), Approvers(count=1)),
            Level.HIGH: (Approvers(users=(Login("kim"),), count=1),),
        }
    )
    first, second = widened(policy.approvals[Level.MEDIUM], policy, Level.MEDIUM)
    assert (first.users, second.users) == ((), (Login("kim"),))


def a_record(**fields: object) -> Record:
    facts: dict[str, object] = {"impact": {"level": "MEDIUM", "factors": []}, "threshold": "MEDIUM", **fields}
    return Record(
        index=1,
        sequence=1,
        previous=None,
        digest=digest_of(b"1"),
        change=ChangeId("0123456789abcdef"),
        phase=Phase.PROPOSED,
        at=MONDAY,
        facts=facts,  # type: ignore[arg-type]  # a test may write what is no JSON of ours
    )


@pytest.mark.parametrize(
    ("record", "days", "teams"),
    [
        (a_record(), 0, (SUPERVISORS,)),
        (a_record(), 3, (SUPERVISORS, SECURITY)),
        (a_record(impact={"level": "LOW"}), 0, None),
        (a_record(impact={"level": "LOW"}, threshold="LOW"), 0, None),
        (a_record(impact={"level": "NONE"}), 0, None),
        (a_record(impact=None), 0, None),
        (a_record(threshold=None), 0, None),
    ],
)
def test_what_the_ledger_tells_of_a_wait(record: Record, days: int, teams: tuple[str, ...] | None) -> None:
    found = wait_of(record, a_policy(waiting=WAITING), MONDAY + days * DAY)
    assert (None if found is None else found[0][0].teams) == teams
    assert found is None or found[1].since == MONDAY
