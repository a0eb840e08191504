"""What a recipe would have done: the past replayed, and what the monitor would have said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.names import FeedName
from bot.model.series import FeedFailure, Window
from bot.model.unit import Unit
from bot.model.verdict import RuleOutcome, VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A time in which the bottleneck rule held at every look; `end` is the first look at which it did not.

    With `is_open` it still held at the last look of all, which is then its end.
    """

    begin: datetime
    end: datetime
    is_open: bool = False

    @property
    def length(self) -> timedelta:
        """How long it fired."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedWatch:
    """What the monitor would have said of a change that took effect at `begin` and changed nothing.

    `verdict` is the last one: SUCCESS and ROLLBACK end a watch, ASK is one that reached its deadline, HOLD one that
    the history cut off. `asked_at` is when a person would have been asked first.
    """

    begin: datetime
    end: datetime
    verdict: VerdictKind
    sentence: str
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseActions:
    """Watches of changes that change nothing, drawn from the history by a moving-block bootstrap.

    `low` and `high` bound the true share of `rolled_back` with a confidence of 95% (Wilson).
    """

    watches: int
    length: timedelta
    rolled_back: int
    succeeded: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """The share of the watches that a rollback would have ended."""
        return self.rolled_back / self.watches

    @property
    def success_rate(self) -> float:
        """The share of the watches that would have been called a success."""
        return self.succeeded / self.watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A stretch of the history as a chart shows it: the metric's lowest and highest value, and the share that fired.

    Values are in the unit of the chart; None where nothing was measured.
    """

    start: datetime
    low: float | None
    high: float | None
    firing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rule's first comparison over the history; `limit` is None where the metric is compared with another one."""

    metric: str
    unit: Unit
    limit: float | None
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUse:
    """How much of a feed was read, and over which time."""

    feed: FeedName
    samples: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A recipe replayed over `span`, looked at `every` so often; `outcomes` counts the looks.

    `false_actions` is None where none could be drawn, and `undrawn` says why.
    """

    recipe: str
    rule: str
    span: Window
    every: timedelta
    outcomes: Mapping[RuleOutcome, int]
    episodes: tuple[Episode, ...]
    watches: tuple[RehearsedWatch, ...]
    curve: Curve
    sources: tuple[FeedUse, ...]
    failures: tuple[FeedFailure, ...] = ()
    false_actions: FalseActions | None = None
    undrawn: str = ""

    @property
    def looks(self) -> int:
        """How often the rule was looked at."""
        return sum(self.outcomes.values())

    @property
    def fired(self) -> timedelta:
        """How long the rule fired in all."""
        return sum((episode.length for episode in self.episodes), timedelta(0))

    @property
    def per_month(self) -> float:
        """Proposals in a month of 30 days."""
        return len(self.watches) * (timedelta(days=30) / self.span.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A backtest in few words, as names and plain texts; without any, `why_not` says why."""

    rows: tuple[tuple[str, str], ...]
    why_not: str = ""
