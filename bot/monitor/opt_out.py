"""The label by which people ask beforehand that a rollback of a change be only proposed. Pure.

A label does not say who put it there, the forge's events do. Of those who moved it only people count who have write
access now, and the last of them decides: so nobody else can stop a rollback, and nobody else can let one go its way
that was to be asked about. Where the events do not tell, the rollback is a draft.
"""

from collections.abc import Iterable, Mapping

from bot.model.forge import ActorKind, Labelling, Permission
from bot.model.names import Login
from bot.model.settings import Policy
from bot.report.untrusted import visible

ASK_FIRST_LABEL = "pow-ask-first"


def movers(labellings: Iterable[Labelling], policy: Policy) -> tuple[Login, ...]:
    """Return the people who moved the label and may have a say, each once: whose rights are to be asked for."""
    barred = {login.casefold() for login in (*policy.bots, *policy.excluded_approvers)}
    actors = (each.actor for each in labellings if _is_ours(each))
    people = (actor.login for actor in actors if actor is not None and actor.kind is ActorKind.USER)
    return tuple(dict.fromkeys(login for login in people if login.casefold() not in barred))


def reservation(
    labellings: Iterable[Labelling], rights: Mapping[Login, Permission], policy: Policy, *, is_on: bool
) -> str | None:
    """Return why the label makes a rollback a draft, or None where it does not.

    `rights` are those of the `movers`; who is missing there could not be read. `is_on`: the pull request has it.
    """
    moves = [each for each in labellings if _is_ours(each)]
    counting = set(movers(moves, policy))
    for move in reversed(moves):
        if move.actor is None or move.actor.login not in counting:
            continue
        held = rights.get(move.actor.login)
        who = visible(move.actor.login, limit=100)
        if held is None:
            return f"{who} moved the label `{ASK_FIRST_LABEL}`, and whether they may cannot be read"
        if held.can_write:
            return f"{who} asked to be asked first, by the label `{ASK_FIRST_LABEL}`" if move.added else None
    if is_on and not moves:
        return unreadable("the forge does not tell who put it there")
    return None


def unreadable(why: str) -> str:
    """Return the reason that stands where nobody can tell whether the label counts."""
    return f"whether the label `{ASK_FIRST_LABEL}` asks for a draft cannot be read: {why}"


def is_ask_first(label: str) -> bool:
    """Tell whether a label is this one; the forge knows no case there."""
    return label.casefold() == ASK_FIRST_LABEL


def _is_ours(move: Labelling) -> bool:
    return is_ask_first(move.label)
