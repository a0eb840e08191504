"""What diagnosis found: which rule fired on what, and where citizens' time is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.model.names import FeedName
from bot.model.series import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Waiting between the end of one activity and the end of the next, over all cases; times in seconds.

    `share` is this hand-over's part of all waiting in the log (0 to 1).
    """

    source: str
    target: str
    passages: int
    total: float
    mean: float
    median: float
    p95: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Hand-overs of one process log, the most total waiting first; `total` in seconds."""

    feed: FeedName
    cases: int
    events: int
    activities: int
    hand_overs: tuple[HandOver, ...]
    total: float
    window: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityWait:
    """All waiting before one activity, whatever came before it; times in seconds, `share` of the log's waiting."""

    activity: str
    passages: int
    total: float
    mean: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintCount:
    """How many complaints each topic has; texts never travel this far."""

    feed: FeedName
    window: Window
    topics: Mapping[str, int]

    @property
    def total(self) -> int:
        """All complaints in the window."""
        return sum(self.topics.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUse:
    """A feed as it was used: how many samples over which span, and the digest of what was read.

    `people` is how many people's cases were counted; None for a feed that counts something else.
    """

    feed: FeedName
    samples: int
    window: Window
    digest: str
    people: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A firing bottleneck rule with its evidence; `observed` and `rule` are ready to be shown.

    `groups` are those that the rule holds in, where it is asked `by` a label.
    """

    rule: str
    observed: str
    sentence: str
    at: datetime
    sources: tuple[SourceUse, ...]
    daily: tuple[tuple[str, float], ...]
    daily_unit: str
    ranking: Ranking | None
    complaints: ComplaintCount | None
    groups: tuple[str, ...] = ()
