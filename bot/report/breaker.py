"""The issue that says: too many rollbacks, so nothing is proposed any more. From typed facts alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.names import ChangeId
from bot.report.untrusted import code, fenced

BREAKER_LABEL = "pow:breaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """A breaker that is open: `target` is None for the whole agency, `change` the rollback that was one too many."""

    target: str | None
    change: ChangeId
    rollbacks: int
    within: timedelta
    since: datetime
    command: str


def breaker_marker(tripped: Tripped) -> str:
    """Return the hidden marker: one issue for each time that a breaker trips."""
    return f"<!-- pow:breaker:{tripped.target or 'all'}:{tripped.change} -->"


def breaker_title(tripped: Tripped) -> str:
    """Return one line."""
    return f"Stopped after {tripped.rollbacks} rollbacks: {tripped.target or 'everything'}"


def breaker_body(tripped: Tripped) -> str:
    """Say what stopped, why, and how it goes on."""
    days = f"{tripped.within.total_seconds() / 86_400:g} days"
    where = f"of {code(tripped.target)}" if tripped.target else "in the whole agency"
    what = code(tripped.target) if tripped.target else "anything"
    lines = [
        "### The circuit breaker is open",
        "",
        (
            f"{tripped.rollbacks} rollbacks {where} began within {days}; the last one takes back change "
            f"{code(tripped.change)}, since {format_time(tripped.since)}."
        ),
        "",
        f"So the bot proposes nothing for {what} any more, and of rollbacks only drafts. Watching goes on.",
        "",
        (
            "Either the recipes change what they do not understand, or the figures that judge them are wrong. Find "
            "out which; then somebody with write access lets it go on, on the command line or by the workflow "
            "`resume`:"
        ),
        "",
        fenced(tripped.command, "console"),
        "",
        "This issue is opened once; close it then.",
    ]
    return "\n".join(lines)
