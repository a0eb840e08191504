"""What playing a recipe's test gave: what did not come, what came unexpected, and how the data ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.names import FeedName, RecipeId

Way = tuple[str | int, ...]
"""Where something stands in a file: keys and indices, from its root."""


class Aspect(StrEnum):
    """What an expectation may be about, as the test's file spells it."""

    FIRES = "fires"
    PROPOSES = "proposes"
    REDLINE = "redline"
    BOTTLENECK = "bottleneck"
    SUCCESS = "success"
    ROLLBACK = "rollback"
    VERDICT = "verdict"
    BECAUSE = "because"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One difference between what a test expects and what came, `after` the test's start.

    `expected` is empty for what came without being expected, which lasted until `until`. `said` are the sentences
    that belong to what came.
    """

    way: Way
    after: timedelta
    aspect: Aspect
    expected: tuple[str, ...]
    came: tuple[str, ...]
    said: tuple[str, ...] = ()
    until: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a time after the start."""

    after: timedelta
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A feed over the whole test in equal parts: the mean of each, in the feed's unit; None where it has no data.

    `low` and `high` are the least and the largest single value.
    """

    feed: FeedName
    unit: str
    low: float
    high: float
    means: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One test as it was played; it passed if nothing was missed. Curves are drawn for those that did not pass."""

    way: Way
    name: str
    recipe: RecipeId
    start: datetime
    length: timedelta
    looks: int
    misses: tuple[Miss, ...]
    marks: tuple[Mark, ...] = ()
    curves: tuple[Curve, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came as expected, and nothing else."""
        return not self.misses
