"""What waiting too long leads to: a reminder, then more people who may approve, a last call, and the end (pure).

Everything follows from when the pull request was opened and from the policy on the base branch, so a run that is
killed, late or left out changes nothing. Time alone never approves and never asks for less: the number of approvals
stays, only the circle of those who may give them grows. See docs/adr/0030-waiting-and-emergencies.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.approve.open_time import after_open, next_turn
from bot.model.decision import Timetable, WaitStep
from bot.model.level import Level
from bot.model.record import Record
from bot.model.settings import Approvers, Policy


def timetable(opened_at: datetime, policy: Policy) -> Timetable:
    """Return when what happens to a proposal that nobody decides on.

    Reminder and escalation count the time while the calendar is open; the end is the end, open or not.
    """
    waiting, expires = policy.waiting, opened_at + policy.expire_after
    escalates, last_call = waiting.escalate_after, expires - waiting.last_call

    def after(span: timedelta) -> datetime | None:
        return after_open(policy.calendar, opened_at, span, until=expires)

    return Timetable(
        since=opened_at,
        reminds_at=after(waiting.remind_after),
        escalates_at=after(escalates) if escalates is not None else None,
        last_call_at=last_call if last_call > opened_at else None,
        expires_at=expires,
    )


def step_of(times: Timetable, now: datetime) -> WaitStep | None:
    """Return the latest step that is due; an earlier one that was missed is not made up for."""
    due = {
        WaitStep.REMIND: times.reminds_at,
        WaitStep.ESCALATE: times.escalates_at,
        WaitStep.LAST_CALL: times.last_call_at,
    }
    past = [(at, order, step) for order, (step, at) in enumerate(due.items()) if at is not None and at <= now]
    return max(past)[2] if past else None


def is_escalated(times: Timetable, now: datetime) -> bool:
    """Tell whether the next level's approvers may approve, too."""
    return times.escalates_at is not None and times.escalates_at <= now


def next_due(opened_at: datetime, policy: Policy, now: datetime) -> datetime | None:
    """Return the next instant after `now` at which the gate may say something else by time alone; None for never.

    That is a step of the timetable, the end, or a turn of the calendar. Reviews, pushes, rights, records and settings
    are no matter of time.
    """
    times = timetable(opened_at, policy)
    instants = (times.reminds_at, times.escalates_at, times.last_call_at, times.expires_at)
    coming = [at for at in (*instants, next_turn(policy.calendar, now)) if at is not None and at > now]
    return min(coming, default=None)


def required_of(policy: Policy, level: Level) -> tuple[Approvers, ...]:
    """Return who must approve a change of a level."""
    return policy.approvals.get(level, ())


def wait_of(proposed: Record, policy: Policy, now: datetime) -> tuple[tuple[Approvers, ...], Timetable] | None:
    """Return whose approval a proposal asks for as it was recorded, and its timetable; None if nobody's.

    What people did to the pull request since, its record cannot tell: the gate's comment there can.
    """
    impact, threshold = proposed.facts.get("impact"), proposed.facts.get("threshold")
    named = impact.get("level") if isinstance(impact, Mapping) else None
    levels = {each.value: each for each in Level}
    if named not in levels or threshold not in levels:
        return None
    level = levels[str(named)]
    required, times = required_of(policy, level), timetable(proposed.at, policy)
    if level.rank < levels[str(threshold)].rank or not required:
        return None
    return (widened(required, policy, level) if is_escalated(times, now) else required), times


def widened(required: tuple[Approvers, ...], policy: Policy, level: Level) -> tuple[Approvers, ...]:
    """Let the next level's approvers fill the same seats, as many as before; above HIGH there is nobody.

    Of those groups that tell teams apart only the teams grow: a person by name belongs to none.
    """
    above = [each for each in Level if each.rank == level.rank + 1]
    more = [group for each in above for group in required_of(policy, each)]
    teams = [team for group in more for team in group.teams]
    users = [login for group in more for login in group.users]
    return tuple(
        replace(
            group,
            teams=tuple(dict.fromkeys((*group.teams, *teams))),
            users=group.users if group.distinct else tuple(dict.fromkeys((*group.users, *users))),
        )
        for group in required
    )
