"""What the bot answers to `/bring-back` on a rollback's pull request, as Markdown."""

from bot.model.names import ChangeId, Login, RecipeId
from bot.report.untrusted import code, fenced, sanitize, visible


def bring_back_marker(change: ChangeId) -> str:
    """Return the hidden marker: one answer for each change."""
    return f"<!-- pow:bring-back:{change} -->"


def brought_back_comment(person: Login, recipe: RecipeId, targets: tuple[str, ...]) -> str:
    """Say that the hold is lifted, and what follows."""
    return (
        "### The change may come back\n\n"
        f"{sanitize(person)} asked for it, so nothing holds {_named(targets)} any more. If the bottleneck of "
        f"{code(recipe)} is still there, the change is proposed anew, in a pull request of its own that passes the "
        "whole gate. If it is gone, there is nothing to bring back.\n"
    )


def not_brought_back_comment(person: Login, why: str, targets: tuple[str, ...]) -> str:
    """Say why it is not brought back, and how a person decides it all the same."""
    commands = "\n".join(f'pow resume {visible(target)} --reason "..."' for target in targets)
    return (
        "### The change is not brought back\n\n"
        f"{sanitize(person)} asked for it, but {sanitize(why, limit=400)}. "
        f"{_named(targets)} goes on once somebody has looked at that and lifts the hold:\n\n"
        f"{fenced(commands, 'console')}\n"
    )


def _named(targets: tuple[str, ...]) -> str:
    return ", ".join(code(target) for target in targets)
