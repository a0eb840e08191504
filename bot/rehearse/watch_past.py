"""The monitor's watch on a change that never was: what it would have said, look by look, of data that did not change.

Outcomes come from the replays; the verdict on them is the monitor's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model.names import ChangeId
from bot.model.recipe import RollbackMode, Watch
from bot.model.rehearsal import RehearsedWatch
from bot.model.settings import RollbackTest
from bot.model.verdict import Measurement, RuleOutcome, Verdict, VerdictKind
from bot.monitor.verdict import WatchFacts, judge
from bot.recipes.library import CompiledRecipe
from bot.rehearse.replay import Looks, replay
from bot.rehearse.replay_breach import breach_at, replay_breach
from bot.rehearse.strand import Past, cut_past
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rules.evaluate import Needs, evaluate

EVERY = timedelta(hours=1)
"""How often the monitor looks: as often as its workflow's schedule."""

_CHANGE = ChangeId("0" * 16)
_AT_ONCE = 72
"""Looks that are replayed together: most watches end early."""
_FINAL = frozenset({VerdictKind.ROLLBACK, VerdictKind.SUCCESS})
_OUTCOMES = {outcome: Measurement(rule="", outcome=outcome, sentence="") for outcome in RuleOutcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Watches changes by one recipe over one past; `as_auto` watches as if a recipe in shadow mode could act."""

    recipe: CompiledRecipe
    past: Past
    test: RollbackTest
    as_auto: bool = False

    def watch(self, begin: datetime, until: datetime) -> RehearsedWatch:
        """Watch a change that took effect at `begin`, to its deadline or to the end of the data at `until`."""
        deadline = begin + self._watch.deadline
        last, asked = None, None
        for verdict in self._verdicts(begin, min(until, deadline + EVERY)):
            last = verdict
            if verdict.kind is VerdictKind.ASK and asked is None:
                asked = verdict.at
            if verdict.kind in _FINAL or verdict.at >= deadline:
                break
        if last is None:
            return RehearsedWatch(begin=begin, end=until, verdict=VerdictKind.HOLD, sentence="the history ends here")
        told = self._measured(begin, last.at)
        # Asked about a breach before the deadline, a person has not decided: the watch only went on.
        kind = VerdictKind.HOLD if last.kind is VerdictKind.ASK and last.at < deadline else last.kind
        return RehearsedWatch(begin=begin, end=last.at, verdict=kind, sentence=told.sentence, asked_at=asked)

    def ends(self, begin: datetime, until: datetime) -> VerdictKind:
        """Tell how a watch ends: in a rollback, in a success, or in neither by `until`."""
        found = (verdict.kind for verdict in self._verdicts(begin, until) if verdict.kind in _FINAL)
        return next(found, VerdictKind.HOLD)

    @property
    def _watch(self) -> Watch:
        watch = self.recipe.recipe.watch
        return replace(watch, mode=RollbackMode.AUTO) if self.as_auto else watch

    def _needs(self, begin: datetime) -> Needs:
        watch = self.recipe.recipe.watch
        return Needs(min_samples=watch.min_samples, coverage=watch.coverage, fresh_after=begin, changed_at=begin)

    def _verdicts(self, begin: datetime, until: datetime) -> Iterator[Verdict]:
        """Judge at every look; looks at which nothing can end the watch or ask a person are passed over."""
        watch, before = self._watch, _OUTCOMES[self._outcome_before(begin)]
        loud = min(micros_at(begin + watch.deadline), micros_at(until - EVERY) + 1)
        for look, success, rollback in self._outcomes(begin, until):
            if look < loud and RuleOutcome.HOLDS not in {success, rollback}:
                continue
            facts = WatchFacts(
                change=_CHANGE,
                effective_at=begin,
                watch=watch,
                success=_OUTCOMES[success],
                rollback=_OUTCOMES[rollback],
                before=before,
            )
            yield judge(facts, moment_at(look))

    def _outcomes(self, begin: datetime, until: datetime) -> Iterator[tuple[int, RuleOutcome, RuleOutcome]]:
        """Yield every look with the outcomes of success and rollback."""
        start, step, needs = micros_at(begin), micros_of(EVERY), self._needs(begin)
        count = (micros_at(until) - start) // step
        for first in range(0, count, _AT_ONCE):
            looks = Looks(start=start + step * (first + 1), step=step, count=min(_AT_ONCE, count - first))
            success = self._success(looks, needs, start)
            rollback = replay_breach(self.recipe.rollback, self.past, looks, self.test, self._breach_needs(needs))
            yield from zip(looks.moments, success, rollback, strict=True)

    def _success(self, looks: Looks, needs: Needs, start: int) -> list[RuleOutcome]:
        """Return the success rule's outcomes; before its `for` can be over it is no success, whatever it is."""
        ripe = start + micros_of(self.recipe.success.hold or timedelta(0))
        early = sum(look < ripe for look in looks.moments)
        later = Looks(start=looks.start + looks.step * early, step=looks.step, count=looks.count - early)
        return [RuleOutcome.DOES_NOT_HOLD] * early + replay(self.recipe.success, self.past, later, needs)

    def _breach_needs(self, needs: Needs) -> Needs:
        return replace(needs, coverage=Needs().coverage)

    def _outcome_before(self, begin: datetime) -> RuleOutcome:
        looks = Looks(start=micros_at(begin), step=micros_of(EVERY), count=1)
        return replay_breach(self.recipe.rollback, self.past, looks, self.test, self._needs_before(begin))[0]

    def _needs_before(self, begin: datetime) -> Needs:
        return replace(self._breach_needs(self._needs(begin)), fresh_after=None)

    def _before(self, begin: datetime) -> Measurement:
        """Measure the rollback rule on the time before the change."""
        needs = self._needs_before(begin)
        return breach_at(self.recipe.rollback, self.past, self.test, now=begin, needs=needs)

    def _measured(self, begin: datetime, now: datetime) -> Verdict:
        """Judge one look with what was measured in words."""
        rule, needs = self.recipe.success, self._needs(begin)
        start = min(now - rule.lookback, begin - rule.baseline)
        data = cut_past(self.past, start, now)
        facts = WatchFacts(
            change=_CHANGE,
            effective_at=begin,
            watch=self._watch,
            success=evaluate(rule, data, now=now, needs=needs),
            rollback=breach_at(self.recipe.rollback, self.past, self.test, now=now, needs=self._breach_needs(needs)),
            before=self._before(begin),
        )
        return judge(facts, now)
