"""What a step adds to the summary of the workflow's run: what it did, and what waits or went wrong."""

from pathlib import Path

from bot.model.event import Mark, StepReport
from bot.report.untrusted import sanitize

_TOLD = (Mark.FAILURE, Mark.WARNING, Mark.DONE)
_MOST = 100
_LONGEST = 400


def summary_text(report: StepReport) -> str:
    """Return a report's failures, warnings and deeds as Markdown, the worst first; empty where there are none."""
    told = sorted((each for each in report.events if each.mark in _TOLD), key=lambda each: _TOLD.index(each.mark))
    if not told:
        return ""
    lines = [f"- {each.mark}: {sanitize(each.sentence, limit=_LONGEST)}" for each in told[:_MOST]]
    more = [f"- and {len(told) - _MOST:,} more, in the log"] if len(told) > _MOST else []
    return "\n".join([f"### pow {report.step}", "", *lines, *more, "", ""])


def summarize(report: StepReport, path: str) -> None:
    """Add a report to the summary, where there is one."""
    text = summary_text(report)
    if path and text:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
