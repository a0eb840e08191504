"""Reminds those whose approval is missing: one comment for each step, and never the same one twice."""

from bot.approve.waiting import step_of
from bot.forge.marking import find_own
from bot.ledger.site import Site
from bot.model.decision import GateDecision, GateStatus
from bot.model.names import ChangeId
from bot.report.reminder import reminder_body, reminder_marker


def remind(site: Site, decision: GateDecision, change: ChangeId) -> str:
    """Comment where a step is due and was not said yet; return what was said, or nothing.

    Only people's approvals may be missing: nobody is hurried while something else stands in the way. What was said
    is looked up on the forge, among the bot's own comments; nobody else's words keep the bot silent.
    """
    times = decision.timetable
    step = step_of(times, site.now) if times is not None and _waits_for_people_only(decision) else None
    if step is None or times is None:
        return ""
    marker = reminder_marker(change, step)
    if find_own(site.forge.comments(decision.pull), marker=marker, identity=site.forge.identity()) is not None:
        return ""
    body = reminder_body(step, times, decision.missing, owner=site.repo.owner)
    site.forge.put_comment(decision.pull, marker=marker, body=body)
    return f"said {step.value}"


def _waits_for_people_only(decision: GateDecision) -> bool:
    blocking = {each.name for each in decision.reasons if each.status is not GateStatus.APPROVED}
    return bool(decision.missing) and decision.status is GateStatus.PENDING and blocking == {"approval"}
