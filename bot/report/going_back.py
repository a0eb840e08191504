"""What the bot says on a person's pull request that takes a change back, as Markdown; of typed facts only."""

from bot.model.decision import GateDecision
from bot.model.names import ChangeId
from bot.report.approvers import all_approvals
from bot.report.untrusted import code, sanitize


def going_back_marker(change: ChangeId) -> str:
    """Return the hidden marker: one comment for each way back."""
    return f"<!-- pow:going-back:{change} -->"


def unapproved_comment(decision: GateDecision, original: ChangeId) -> str:
    """Say that it was merged before its approval, and the one thing that makes it live."""
    missing = all_approvals(decision.missing, show=code) if decision.missing else "what the check says"
    return "\n".join(
        [
            "### Merged before it was approved: its values are not live",
            "",
            f"This takes back change {code(original)} exactly, and nobody who may had approved that.",
            f"{sanitize(decision.sentence, limit=400)}.",
            "",
            (
                f"**To make it live, approve this pull request**, merged as it is: it needs {missing}. As soon as "
                "the gate has counted that, the values go live, and the external systems follow. Until then the bot "
                "deploys nothing of it."
            ),
            "",
        ]
    )


def approved_comment(original: ChangeId) -> str:
    """Say that it goes live."""
    return (
        "### Approved: its values go live\n\n"
        f"This takes back change {code(original)} exactly, and those approved it who must. It is recorded as the way "
        "back of that change; the bot deploys it, and says here whether it helped.\n"
    )
