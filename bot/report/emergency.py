"""The task to review an emergency afterwards: title, text and marker, from typed facts alone."""

from datetime import datetime

from bot.model.clock import format_time
from bot.model.names import ChangeId, PullNumber
from bot.model.settings import Approvers
from bot.report.approvers import all_approvals
from bot.report.reminder import mentions
from bot.report.untrusted import code

REVIEW_LABEL = "pow:review"


def review_marker(change: ChangeId) -> str:
    """Return the hidden marker: one task for each change."""
    return f"<!-- pow:review:{change} -->"


def review_title(change: ChangeId, pull: PullNumber) -> str:
    """Return one line without a word from outside."""
    return f"Review afterwards: change {change} was merged in an emergency (#{pull})"


def review_body(
    change: ChangeId, pull: PullNumber, wanted: tuple[Approvers, ...], *, due_at: datetime, owner: str
) -> str:
    """Return what happened, who is asked, until when, and what to do."""
    happened = (
        f"Change {code(change)} was merged by pull request #{pull} with fewer approvals than its impact asks for. "
        "The reason is the first line of the review there that claims it."
    )
    todo = (
        f"Read the reason, then **approve** pull request #{pull} (a review works after the merge, too), or ask for "
        "changes there and revert it. This issue is opened once; close it then."
    )
    wish = f"It needs {all_approvals(wanted)} until **{format_time(due_at)}**, of people who did not claim it:"
    asked = " ".join(mentions(wanted, owner))
    return f"### An emergency waits for its review\n\n{happened}\n\n{wish}\n\n{asked}\n\n{todo}"


def overdue_body(wanted: tuple[Approvers, ...], *, due_at: datetime, owner: str, task: int) -> str:
    """Return what is said once on the pull request when nobody reviewed it in time."""
    return (
        f"⚠️ This emergency should have been reviewed until {format_time(due_at)}, see #{task}. "
        f"It needs {all_approvals(wanted)}: {' '.join(mentions(wanted, owner))}"
    )
