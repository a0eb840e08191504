"""Which looks of a test cannot bring anything new, so that only the others are measured in full.

A rule's outcomes on the test's own beat come from one pass over its data (`bot.rehearse.replay`); whether a share's
rollback could be due is read off the written runs. It says "maybe" wherever it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.limit import ShareLimit, share_limit_of
from bot.rehearse.replay import Looks, replay
from bot.rehearse.track import micros_at, micros_of
from bot.rehearse.trial_data import Supply
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The times at which a test looks by itself: every `step` after `start`, up to `end`."""

    start: datetime
    step: timedelta
    end: datetime

    def first_from(self, moment: datetime) -> datetime:
        """Return the first look at a moment or after it."""
        return self.start + self.step * max(1, -((self.start - moment) // self.step))

    def count_from(self, first: datetime) -> int:
        """Count the looks from one of them on."""
        return max(0, (self.end - first) // self.step + 1)


class Outcomes:
    """A rule's outcomes on a beat from one look on; made at once, when the first is asked for."""

    def __init__(self, rule: Rule, supplies: Mapping[FeedName, Supply], needs: Needs, *, beat: Beat) -> None:
        self._rule = rule
        self._supplies = {feed: supplies[feed] for feed in rule.feeds}
        self._fallible = tuple(supply for supply in self._supplies.values() if supply.can_fail)
        self._needs = needs
        self._step = beat.step
        self._first = beat.start + beat.step if needs.fresh_after is None else beat.first_from(needs.fresh_after)
        self._count = beat.count_from(self._first)
        self._known: list[RuleOutcome] | None = None

    def at(self, now: datetime) -> RuleOutcome | None:
        """Return the outcome at a look; None off the beat, and where a feed cannot be read."""
        place, rest = divmod(now - self._first, self._step)
        if rest or not 0 <= place < self._count:
            return None
        if self._fallible and any(supply.fails(now) for supply in self._fallible):
            return None
        if self._known is None:
            self._known = self._replayed()
        return self._known[place]

    def _replayed(self) -> list[RuleOutcome]:
        past = {feed: supply.strand() for feed, supply in self._supplies.items()}
        looks = Looks(start=micros_at(self._first), step=micros_of(self._step), count=self._count)
        return replay(self._rule, past, looks, self._needs)


class BreachOutlook:
    """Whether the rollback rule could be found broken at a look; `outcomes` are those of the rule by itself."""

    def __init__(
        self, rule: Rule, supplies: Mapping[FeedName, Supply], test: RollbackTest, *, outcomes: Outcomes
    ) -> None:
        self._outcomes = outcomes
        self._span = max(test.pool, test.window * test.windows)
        self._is_of_counts = test.is_of_counts
        limit = share_limit_of(rule)
        share = supplies[limit.feed] if limit is not None else None
        self._beyond = _beyond(limit, share) if limit is not None and share is not None else None

    def may_hold(self, now: datetime) -> bool:
        """Tell whether a breach is possible: some sample must break a share's limit, any other rule must hold."""
        if not self._is_of_counts:
            return True
        if self._beyond is None:
            return self._outcomes.at(now) in {None, RuleOutcome.HOLDS}
        return any(begin < now and end > now - self._span for begin, end in self._beyond)


def _beyond(limit: ShareLimit, supply: Supply) -> list[tuple[datetime, datetime]] | None:
    """Return the times of the runs that hold a share beyond the limit; None where the feed is no share."""
    if supply.spec.kind is not SeriesKind.RATIO:
        return None
    return [
        (begin, end)
        for run, begin, end in supply.value_runs()
        if any(run.of and limit.is_broken(value / run.of) for value in (run.first, run.last))
    ]
