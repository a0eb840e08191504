"""An event log as values: which activity was done when, in which case; nothing of where it was read."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.names import FeedName
from bot.model.series import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEvent:
    """One activity done in one case; `end` is its completion, `start` is known only in some logs."""

    case: str
    activity: str
    end: datetime
    start: datetime | None = None
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLog:
    """The events of one feed in the order in which they stood there; `window` is what was asked for.

    `dropped` counts the rows that had no case, activity or completion time.
    """

    feed: FeedName
    window: Window | None
    events: tuple[ProcessEvent, ...]
    dropped: int = 0
