"""What is said of a trigger: in a run's log by checked names, on a pull request with its reason made harmless."""

from datetime import timedelta

from bot.model.clock import format_time
from bot.model.names import ChangeId, RecipeId
from bot.model.record import Record
from bot.model.trigger import Trigger
from bot.report.untrusted import code, sanitize
from bot.rules.display import show_duration

_LONGEST = 500


def sentence_of(trigger: Trigger) -> str:
    """Say who asked for a detection; the reason is not for logs."""
    payload = trigger.payload
    accounts = " and ".join(trigger.actors)
    through = f", through the account {accounts}" if accounts and accounts != payload.by else ""
    return f"{payload.by} asked for a detection of {payload.recipe}{through}"


def told_already(recipe: RecipeId, before: Record, window: timedelta) -> str:
    """Say that a trigger is the same one as an earlier one."""
    who, at = before.facts.get("by"), format_time(before.at)
    within = show_duration(window)
    return f"{who} asked for {recipe} at {at} already; a further trigger within {within} is the same one"


def marker_of(change: ChangeId) -> str:
    """Return the hidden mark of the comment on a change's pull request."""
    return f"<!-- pow:trigger:{change} -->"


def comment_of(trigger: Trigger) -> str:
    """Return the comment that says who asked for the detection, and why."""
    payload, accounts = trigger.payload, ", ".join(code(actor) for actor in trigger.actors)
    return (
        f"{code(payload.by)} asked for the detection that found this, through {accounts}: "
        f"\u201c{sanitize(payload.reason, limit=_LONGEST)}\u201d\n\n"
        "None of these accounts may approve it."
    )
