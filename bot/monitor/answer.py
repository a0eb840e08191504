"""What a person answered to the monitor's question: `/keep`, as a comment on the change's pull request. Pure.

An answer counts if the question stood when it was given, and if a person gave it as it stands there. Whether that
person may is the caller's to ask.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from bot.model.forge import ActorKind, Comment
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.model.verdict import VerdictKind

KEEP = "/keep"
_KEEP = re.compile(rf"\s*{KEEP}[ \t]*(?:\r?\n|\Z)", re.IGNORECASE)
"""The command fills the first line; below it there is room for a reason, which stays where it is."""


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
    barred = {login.casefold() for login in (*policy.bots, *policy.excluded_approvers)}
    return tuple(
        comment
        for comment in comments
        if _KEEP.match(comment.body)
        and comment.author.kind is ActorKind.USER
        and comment.author.login.casefold() not in barred
        and comment.created_at is not None
        and comment.created_at >= since
        and not comment.edited
    )
