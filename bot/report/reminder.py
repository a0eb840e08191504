"""What the bot says to those whose approval is missing: mentions of the policy's own teams and people, and times."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from bot.model.clock import format_time
from bot.model.decision import Timetable, WaitStep
from bot.model.names import ChangeId
from bot.model.settings import Approvers
from bot.report.approvers import all_approvals

_MOST = 20
"""So many are mentioned; a comment is no mailing list."""


def reminder_marker(change: ChangeId, step: WaitStep) -> str:
    """Return the hidden marker: one comment for each change and step."""
    return f"<!-- pow:wait:{change}:{step.name.lower()} -->"


def reminder_body(step: WaitStep, times: Timetable, missing: tuple[Approvers, ...], *, owner: str) -> str:
    """Return a comment; `owner` is the organization whose teams are meant.

    Names come from the policy on the base branch, whose schema lets no other sign through.
    """
    wanted = all_approvals(missing)
    lines = [
        f"{_opening(step)} **{wanted}** since {format_time(times.since)}.",
        "",
        " ".join(mentions(missing, owner)),
    ]
    return "\n".join([*lines, "", timetable_line(times)])


def wait_sentence(wanted: tuple[Approvers, ...], times: Timetable) -> str:
    """Return whom a proposal waits for, since when, and what comes when, on one line."""
    return f"waits for {all_approvals(wanted)} since {format_time(times.since)}. {timetable_line(times)}"


def timetable_line(times: Timetable) -> str:
    """Return what comes when, in one sentence that stays the same until it is over."""
    parts = [
        *_at("reminded at", times.reminds_at),
        *_at("escalated at", times.escalates_at),
        *_at("called for the last time at", times.last_call_at),
        f"closed at {format_time(times.expires_at)}",
    ]
    return (
        f"If nobody decides it is {', '.join(parts[:-1])}{' and ' if parts[:-1] else ''}{parts[-1]}; never approved."
    )


def _opening(step: WaitStep) -> str:
    match step:
        case WaitStep.REMIND:
            return "⏰ This change has been waiting for"
        case WaitStep.ESCALATE:
            return "⏫ Escalated: the next level's approvers may decide, too. This change has been waiting for"
        case WaitStep.LAST_CALL:
            return "⏳ Last call before this is closed: this change has been waiting for"
        case _:
            assert_never(step)


def mentions(missing: Iterable[Approvers], owner: str) -> list[str]:
    """Return the mentions of those who may approve, each once, not too many."""
    names = [name for group in missing for name in _named(group, owner)]
    return list(dict.fromkeys(names))[:_MOST]


def _named(group: Approvers, owner: str) -> Iterator[str]:
    yield from (f"@{owner}/{team}" for team in group.teams)
    yield from (f"@{login}" for login in group.users)


def _at(words: str, at: datetime | None) -> list[str]:
    return [] if at is None else [f"{words} {format_time(at)}"]
