"""What the gate shows on a commit: its own check, and that of governance; each is written only where it differs."""

from bot.forge.port import Forge
from bot.model.change import GATE_CHECK, GOVERNANCE_CHECK
from bot.model.decision import GateDecision, GateStatus, Reason
from bot.model.forge import Check, CheckConclusion
from bot.model.names import CommitSha
from bot.report.gate import headline_of, reason_headline, reason_summary, summary_of

_CONCLUSIONS = {
    GateStatus.APPROVED: CheckConclusion.SUCCESS,
    GateStatus.PENDING: CheckConclusion.PENDING,
    GateStatus.DISAPPROVED: CheckConclusion.FAILURE,
    GateStatus.REFUSED: CheckConclusion.FAILURE,
}
NOTHING = Reason(
    name="nothing to decide",
    status=GateStatus.APPROVED,
    sentence="nothing to decide: it does not touch the desired state",
)
FORK = Reason(
    name="repository",
    status=GateStatus.REFUSED,
    sentence="it changes the desired state from another repository: open it from a branch of this one",
)


def show_gate(forge: Forge, decision: GateDecision) -> None:
    """Publish the check of governance, and the gate's own, which includes it."""
    for reason in decision.reasons:
        if reason.name == "governance":
            _show(forge, decision.head, GOVERNANCE_CHECK, reason)
    conclusion = _CONCLUSIONS[decision.status]
    check = Check(name=GATE_CHECK, conclusion=conclusion, title=headline_of(decision), summary=summary_of(decision))
    forge.publish(decision.head, check)


def show_both(forge: Forge, head: CommitSha, reason: Reason) -> None:
    """Publish the same answer as both checks, where neither has anything to look at."""
    for name in (GATE_CHECK, GOVERNANCE_CHECK):
        _show(forge, head, name, reason)


def _show(forge: Forge, head: CommitSha, name: str, reason: Reason) -> None:
    check = Check(
        name=name,
        conclusion=_CONCLUSIONS[reason.status],
        title=reason_headline(reason),
        summary=reason_summary(reason),
    )
    forge.publish(head, check)
