"""Which of several suspects is taken back first: the newest, the likeliest to have done the harm (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.names import ChangeId, FeedName
from bot.monitor.watched import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A change whose rollback rule holds: what judges it, what it changed, and when that went live."""

    change: ChangeId
    feeds: frozenset[FeedName]
    targets: frozenset[str]
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A suspect whose rollback was begun; whether that helps shows `within` so long."""

    suspect: Suspect
    begun_at: datetime
    within: timedelta


def comes_first(suspect: Suspect, others: Iterable[TakenBack], now: datetime) -> ChangeId | None:
    """Return the newer change whose rollback is to show first whether it was the cause.

    It must have a target or a feed in common. Nothing waits for it longer than the time in which it can tell.
    """
    for other in others:
        newer = (other.suspect.effective_at, other.suspect.change) > (suspect.effective_at, suspect.change)
        common = other.suspect.feeds & suspect.feeds or other.suspect.targets & suspect.targets
        if newer and common and now < other.begun_at + other.within:
            return other.suspect.change
    return None


def newest_first(watched: Iterable[Watched]) -> tuple[Watched, ...]:
    """Order what is under watch: what is being taken back as it came, then the newest change first."""
    known = tuple(watched)
    begun = [each for each in known if each.intent is not None or each.rollback_of is not None]
    rest = [each for each in known if each.intent is None and each.rollback_of is None]
    return (*begun, *reversed(rest))
