"""How many proposals the bot closes by itself in a day, because their bottleneck or their recipe is gone (pure).

A feed that is broken in a way that nobody notices looks like many bottlenecks that are gone, and a folder deleted by
mistake like many recipes. So more than a few at once is left to people, all of them: docs/adr/0041-mass-closing.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.record import OBSOLETE, Phase, Record
from bot.propose.life import Retire

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Braked:
    """What may be closed, and what is left to people, after so many that were closed within a day."""

    closing: tuple[Retire, ...]
    left: tuple[Retire, ...] = ()
    recent: int = 0


def brake(found: Iterable[Retire], records: Iterable[Record], *, limit: int, now: datetime) -> Braked:
    """Let closings through while they and those of the last day are at most `limit`; else none of them."""
    asked = tuple(found)
    recent = {each.change for each in records if _is_recent(each, now)}
    if not asked or len(recent) + len(asked) <= limit:
        return Braked(closing=asked, recent=len(recent))
    return Braked(closing=(), left=asked, recent=len(recent))


def _is_recent(record: Record, now: datetime) -> bool:
    is_closing = record.phase is Phase.DECIDED and record.facts.get("result") == OBSOLETE
    return is_closing and now - DAY < record.at <= now
