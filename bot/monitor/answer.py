"""What people say in comments: `/ask-first`, `/keep` and `/watch` on a change, `/bring-back` on its rollback. Pure.

An answer counts if the question stood when it was given, and if a person gave it as it stands there. Whether that
person may is the caller's to ask.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.model.forge import ActorKind, Comment
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.model.verdict import VerdictKind

KEEP, WATCH, ASK_FIRST, BRING_BACK = "/keep", "/watch", "/ask-first", "/bring-back"
_LINE = r"\s*{command}[ \t]*(?:\r?\n|\Z)"
"""A command fills the first line; below it there is room for a reason, which stays where it is."""
_KEEP = re.compile(_LINE.format(command=KEEP), re.IGNORECASE)
_WATCH = re.compile(_LINE.format(command=WATCH), re.IGNORECASE)
_ASK_FIRST = re.compile(_LINE.format(command=ASK_FIRST), re.IGNORECASE)
_BRING_BACK = re.compile(_LINE.format(command=BRING_BACK), re.IGNORECASE)


def asked_since(records: Iterable[Record], change: ChangeId) -> datetime | None:
    """Return since when a person has been asked about a change; None if the newest measurement asks nobody.

    A rollback that is begun, and that the bot cannot finish, has asked since it was begun.
    """
    since = None
    for record in records:
        if record.change != change or record.phase not in {Phase.MEASURED, Phase.REVERTED}:
            continue
        asks = record.phase is Phase.REVERTED or record.facts.get("verdict") == VerdictKind.ASK
        since = (since or record.at) if asks else None
    return since


def answers(comments: Iterable[Comment], since: datetime, policy: Policy) -> tuple[Comment, ...]:
    """Return the comments that say to keep the change.

    An edited comment says nothing: whoever may write in the repository can edit another one's.
    """
    return _since(since, _said(_KEEP, comments, policy))


def renewals(comments: Iterable[Comment], since: datetime, policy: Policy) -> tuple[Comment, ...]:
    """Return the comments that say to watch the change once more, for as long as before."""
    return _since(since, _said(_WATCH, comments, policy))


def wishes_back(comments: Iterable[Comment], since: datetime, policy: Policy) -> tuple[Comment, ...]:
    """Return the comments that ask, after a rollback that did not help, for the change to be proposed anew."""
    return _since(since, _said(_BRING_BACK, comments, policy))


def _since(since: datetime, said: Iterable[Comment]) -> tuple[Comment, ...]:
    return tuple(each for each in said if each.created_at is not None and each.created_at >= since)


def reservations(comments: Iterable[Comment], policy: Policy) -> tuple[Comment, ...]:
    """Return the comments that ask, at any time, for a rollback of the change to be only proposed."""
    return tuple(_said(_ASK_FIRST, comments, policy))


def _said(command: re.Pattern[str], comments: Iterable[Comment], policy: Policy) -> Iterator[Comment]:
    barred = {login.casefold() for login in (*policy.bots, *policy.excluded_approvers)}
    for comment in comments:
        author = comment.author
        counts = author.kind is ActorKind.USER and author.login.casefold() not in barred and not comment.edited
        if counts and command.match(comment.body):
            yield comment
