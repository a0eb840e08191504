"""Keeps a pull request's title and text true after somebody's edit: they show what the branch holds, by its bytes."""

from bot.approve.checks import desired_files
from bot.approve.facts import GateFacts
from bot.approve.gate import changed_values
from bot.ledger.site import Site
from bot.model.change import FileEdit
from bot.propose.desired import Unreadable
from bot.report.pull_request import retitled, rewritten


def show_edit(site: Site, facts: GateFacts) -> None:
    """Rewrite title and values where somebody has edited the branch of a recorded proposal, and they differ."""
    pull, keys, recipe = facts.pull, changed_values(facts), facts.recipe_id
    own = facts.proposed is not None and facts.proposed.pull == pull.number and facts.proposed.rollback_of is None
    if not (own and facts.added_commits) or isinstance(keys, Unreadable) or not keys or recipe is None:
        return
    edits = tuple(
        FileEdit(path=file.path, before=file.base, after=file.head)
        for file in desired_files(facts)
        if file.head is not None
    )
    title, body = retitled(recipe, keys), rewritten(pull.body, keys, edits)
    if (pull.title, _lines(pull.body)) != (title, _lines(body)):
        site.forge.edit_pull(pull.number, title=title, body=body)


def _lines(text: str) -> list[str]:
    """Return lines as they compare: the forge may hand back other line ends, and no blanks at the end."""
    return [line.rstrip() for line in text.strip().splitlines()]
