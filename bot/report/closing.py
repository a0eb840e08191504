"""What the bot says on a pull request that it closes, or would close, because its change is not wanted as it is."""

from bot.model.names import ChangeId
from bot.model.record import REOPEN_WITHIN, SUPERSEDED, Record
from bot.report.untrusted import sanitize

_MOST = 400


def closing_marker(change: ChangeId) -> str:
    """Return the hidden marker of the one comment on a change's closing and reopening."""
    return f"<!-- pow:closing:{change} -->"


def closing_comment(decision: Record) -> str:
    """Say why it is closed, that nobody's no is meant, and what to do about it."""
    why = sanitize(str(decision.facts.get("sentence") or ""), limit=_MOST)
    if decision.facts.get("result") == SUPERSEDED:
        by = decision.facts.get("by_pull")
        where = f"#{by}" if isinstance(by, int) else "another pull request"
        return (
            f"### Replaced by {where}\n\n{why}. The recipe's change is proposed anew in {where}, computed on the"
            " present base; what was approved here does not count there. This is no rejection."
        )
    if decision.facts.get("recipe_gone") is True:
        return f"### Closed: its recipe is gone\n\n{why}. This is no rejection: the recipe may come back."
    return (
        f"### Closed: nothing is left for it to do\n\n{why}. If the bottleneck returns within"
        f" {REOPEN_WITHIN.days} days, this pull request is opened again by itself. This is no rejection."
        " Whoever wants the change all the same opens it again and approves it."
    )


def staying_comment(decision: Record, why: str) -> str:
    """Say why it stays open although it would be closed."""
    said = sanitize(str(decision.facts.get("sentence") or ""), limit=_MOST)
    return (
        f"### It would be closed, and stays open\n\n{said}. But {sanitize(why)}, so it is left to people:"
        " merge it by approving it, or close it."
    )


def not_rejected_comment(sentence: str) -> str:
    """Say why it is open again although somebody closed it, and who may close it."""
    return (
        f"### Open again\n\n{sanitize(sentence, limit=_MOST)}. Whoever has write access rejects it by closing it;"
        " everybody may ask for that in a comment. Closed like this once more, it stays closed, but counts as no"
        " rejection."
    )


def reopening_comment(sentence: str) -> str:
    """Say why it is open again."""
    return f"### Open again\n\n{sanitize(sentence, limit=_MOST)}."
