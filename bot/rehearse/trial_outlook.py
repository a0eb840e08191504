"""Which looks of a test cannot bring anything new, so that only the others are measured in full.

A rule's outcomes on the test's own beat come from one pass over its data (`bot.rehearse.replay`, and
`bot.rehearse.replay_breach` for a rule that watches for harm), as in a backtest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from bot.model.names import FeedName
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.rehearse.replay import Looks, replay
from bot.rehearse.replay_breach import replay_breach
from bot.rehearse.strand import Past
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
    """A rule's outcomes on a beat from one look on; made when they are asked for, `at_once` so many, or all.

    With a `test` they are those of a rule that watches for harm.
    """

    def __init__(
        self,
        rule: Rule,
        supplies: Mapping[FeedName, Supply],
        needs: Needs,
        *,
        beat: Beat,
        test: RollbackTest | None = None,
        at_once: int | None = None,
    ) -> None:
        self._rule = rule
        self._supplies = {feed: supplies[feed] for feed in rule.feeds}
        self._fallible = tuple(supply for supply in self._supplies.values() if supply.can_fail)
        self._needs = needs
        self._test = test
        self._step = beat.step
        self._first = beat.start + beat.step if needs.fresh_after is None else beat.first_from(needs.fresh_after)
        self._count = beat.count_from(self._first)
        self._at_once = at_once or self._count
        self._known: dict[int, list[RuleOutcome]] = {}

    def at(self, now: datetime) -> RuleOutcome | None:
        """Return the outcome at a look; None off the beat, and where a feed cannot be read."""
        place, rest = divmod(now - self._first, self._step)
        if rest or not 0 <= place < self._count:
            return None
        if self._fallible and any(supply.fails(now) for supply in self._fallible):
            return None
        first = place - place % self._at_once
        if first not in self._known:
            self._known[first] = self._replayed(first)
        return self._known[first][place - first]

    def _replayed(self, first: int) -> list[RuleOutcome]:
        """Replay some looks, from the one at place `first` on."""
        step, count = micros_of(self._step), min(self._at_once, self._count - first)
        looks = Looks(start=micros_at(self._first) + step * first, step=step, count=count)
        if self._test is None:
            return replay(self._rule, self._past, looks, self._needs)
        return replay_breach(self._rule, self._past, looks, self._test, self._needs)

    @cached_property
    def _past(self) -> Past:
        return {feed: supply.strand() for feed, supply in self._supplies.items()}
