"""After an emergency: opens the task to review it, looks whether that was done, and says loudly when it was not."""

from datetime import timedelta

from bot.approve.emergency import Outstanding, review_tally, reviewed_facts
from bot.approve.facts import GateFacts
from bot.approve.waiting import required_of
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.event import Event, Mark, Step
from bot.model.record import Draft, Phase
from bot.model.settings import Policy
from bot.report.emergency import REVIEW_LABEL, overdue_body, review_body, review_marker, review_title

_LOOK_BACK = timedelta(days=30)
"""A task of our own that changed within this time is found again."""


def follow_up(site: Site, policy: Policy, emergency: Outstanding, facts: GateFacts) -> Event:
    """See to the review of one change that was merged in an emergency; a repetition does nothing twice."""
    counted, wanted = review_tally(facts, policy, emergency), required_of(policy, emergency.level)
    if wanted and not (counted.missing or counted.unreadable or counted.blocked_by):
        draft = Draft(
            change=emergency.change,
            phase=Phase.DECIDED,
            at=site.now,
            facts=reviewed_facts(counted, emergency),
            key=f"reviewed:{emergency.head}",
        )
        site.ledger.append(draft)
        names = ", ".join(actor.login for actor in counted.approved_by)
        return _event(emergency, Mark.NOTE, f"the emergency was reviewed afterwards by {names}")
    number = site.forge.open_issue(
        marker=review_marker(emergency.change),
        title=review_title(emergency.change, emergency.pull),
        body=review_body(emergency.change, emergency.pull, wanted, due_at=emergency.due_at, owner=site.repo.owner),
        labels=(REVIEW_LABEL,),
        since=min(emergency.merged_at, site.now - _LOOK_BACK),
    )
    where = f"the task is #{number}"
    if counted.blocked_by:
        who = ", ".join(counted.blocked_by)
        return _event(emergency, Mark.WARNING, f"{who} asked for changes after the emergency; {where}", _REVERT)
    if site.now < emergency.due_at:
        until = format_time(emergency.due_at)
        return _event(emergency, Mark.WAIT, f"the emergency is to be reviewed until {until}; {where}")
    marker = f"<!-- pow:overdue:{emergency.change} -->"
    body = overdue_body(wanted, due_at=emergency.due_at, owner=site.repo.owner, task=number)
    site.forge.put_comment(emergency.pull, marker=marker, body=body)
    sentence = f"nobody reviewed the emergency until {format_time(emergency.due_at)}: it is OVERDUE; {where}"
    return _event(emergency, Mark.WARNING, sentence, f"approve pull request {emergency.pull}, or revert it")


_REVERT = "decide whether it stays: a revert is a pull request of its own"


def _event(emergency: Outstanding, mark: Mark, sentence: str, hint: str = "") -> Event:
    return Event(
        step=Step.GATE,
        mark=mark,
        sentence=f"pull request {emergency.pull}: {sentence}",
        change=emergency.change,
        subject=f"#{emergency.pull}",
        hint=hint,
        data={"pull": emergency.pull, "due_at": format_time(emergency.due_at)},
    )
