"""The monitor's watch on a change that never was: what it would have said, look by look, of data that did not change.

Outcomes come from the replays; the verdict on them is the monitor's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model.names import ChangeId
from bot.model.recipe import RollbackMode, Watch
from bot.model.rehearsal import RehearsedWatch
from bot.model.settings import RollbackTest
from bot.model.verdict import Measurement, RuleOutcome, Verdict, VerdictKind
from bot.monitor.breach import worse_of
from bot.monitor.clocks import BLIND_AFTER
from bot.monitor.success import success_of, success_span
from bot.monitor.verdict import GuardFacts, WatchFacts, judge
from bot.recipes.library import CompiledGuard, CompiledRecipe
from bot.rehearse.replay import Looks, replay
from bot.rehearse.replay_breach import breach_at, cut_for, replay_breach
from bot.rehearse.strand import Past, cut_past
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rules.evaluate import Needs

EVERY = timedelta(hours=1)
"""How often the monitor looks: as often as its workflow's schedule."""

_CHANGE = ChangeId("0" * 16)
AT_ONCE = 72
"""Looks that are replayed together: most watches end early."""
_FINAL = frozenset({VerdictKind.ROLLBACK, VerdictKind.KEEP, VerdictKind.SUCCESS})
_OUTCOMES = {outcome: Measurement(rule="", outcome=outcome, sentence="") for outcome in RuleOutcome}
_NOTHING = _OUTCOMES[RuleOutcome.INSUFFICIENT]
QUIET = frozenset({RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY, RuleOutcome.INSUFFICIENT})
"""Outcomes that neither end a watch nor stop its clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Watches changes by one recipe over one past; `as_auto` watches as if a recipe in shadow mode could act.

    `test` and `blind_after` are the policy's.
    """

    recipe: CompiledRecipe
    past: Past
    test: RollbackTest
    blind_after: int = BLIND_AFTER
    as_auto: bool = False

    def watch(self, begin: datetime, until: datetime) -> RehearsedWatch:
        """Watch a change that took effect at `begin`, to its deadline or to the end of the data at `until`."""
        last, asked = None, None
        for verdict, facts in self._verdicts(begin, until):
            last = verdict, facts
            if verdict.kind is VerdictKind.ASK and asked is None:
                asked = verdict.at
            if verdict.kind in _FINAL or verdict.inconclusive:
                break
        if last is None:
            return RehearsedWatch(begin=begin, end=until, verdict=VerdictKind.HOLD, sentence="the history ends here")
        verdict, facts = last
        # Asked about a breach before the deadline, a person has not decided: the watch only went on.
        kind = VerdictKind.HOLD if verdict.kind is VerdictKind.ASK and not verdict.inconclusive else verdict.kind
        told = judge(self._measured(facts, verdict.at), verdict.at)
        return RehearsedWatch(begin=begin, end=verdict.at, verdict=kind, sentence=told.sentence, asked_at=asked)

    def ends(self, begin: datetime, until: datetime) -> VerdictKind:
        """Tell how a watch ends: in a rollback, in a success, or in neither by `until`."""
        found = (verdict.kind for verdict, _ in self._verdicts(begin, until) if verdict.kind in _FINAL)
        return next(found, VerdictKind.HOLD)

    @property
    def _watch(self) -> Watch:
        watch = self.recipe.recipe.watch
        return replace(watch, mode=RollbackMode.AUTO) if self.as_auto else watch

    def _needs(self, begin: datetime) -> Needs:
        watch = self.recipe.recipe.watch
        return Needs(min_samples=watch.min_samples, coverage=watch.coverage, fresh_after=begin, changed_at=begin)

    def _verdicts(self, begin: datetime, until: datetime) -> Iterator[tuple[Verdict, WatchFacts]]:
        """Judge at every look; looks at which nothing can end the watch, stop its clocks or ask are passed over."""
        facts = self._at_first(begin)
        last, ends_at = micros_at(until - EVERY) + 1, micros_at(facts.ends_at)
        for look, success, outcomes in self._outcomes(begin, until):
            loud = look >= min(last, ends_at) or not facts.clock.runs
            if not loud and QUIET.issuperset(outcomes) and success in QUIET:
                continue
            now = moment_at(look)
            seen = self._at_look(facts, success, outcomes, now).seen(
                now, self.recipe.ripe_after, blind_after=self.blind_after
            )
            verdict = judge(seen, now)
            facts = replace(facts, clock=replace(seen.clock, over=verdict.inconclusive))
            ends_at = micros_at(facts.ends_at)
            yield verdict, seen

    def _at_first(self, begin: datetime) -> WatchFacts:
        """Return what is known of a change when it takes effect: the time before it."""
        own, *guards = (
            GuardFacts(guard=each.guard, now=_NOTHING, before=self._before(each, begin))
            for each in self.recipe.watching
        )
        return WatchFacts(
            change=_CHANGE,
            effective_at=begin,
            watch=self._watch,
            success=_NOTHING,
            rollback=_NOTHING,
            before=own.before,
            guards=tuple(guards),
        )

    def _at_look(
        self, facts: WatchFacts, success: RuleOutcome, outcomes: Sequence[RuleOutcome], now: datetime
    ) -> WatchFacts:
        """Put the outcomes of one look into the facts; whether a breach got worse is measured where it matters."""
        own, *guards = zip(self.recipe.watching, (_OUTCOMES[each] for each in outcomes), strict=True)
        befores = [each.before for each in facts.guards]
        return replace(
            facts,
            success=_OUTCOMES[success],
            rollback=own[1],
            worse=self._worsened(own[0], own[1], facts.before, facts.effective_at, now),
            guards=tuple(
                GuardFacts(
                    guard=each.guard,
                    now=found,
                    before=before,
                    worse=self._worsened(each, found, before, facts.effective_at, now),
                )
                for (each, found), before in zip(guards, befores, strict=True)
            ),
        )

    def _worsened(
        self, guard: CompiledGuard, found: Measurement, before: Measurement, begin: datetime, now: datetime
    ) -> Measurement | None:
        if not found.outcome is before.outcome is RuleOutcome.HOLDS:
            return None
        rule, test = guard.rule, self._test(guard)
        needs = self._breach_needs(self._needs(begin))
        return worse_of(
            rule, cut_for(rule, self.past, test, now=now, needs=needs), test, before, now=now, needs=needs
        )

    def _outcomes(
        self, begin: datetime, until: datetime
    ) -> Iterator[tuple[int, RuleOutcome, tuple[RuleOutcome, ...]]]:
        """Yield every look with the outcomes of success and of the rules that watch for harm."""
        start, step, needs = micros_at(begin), micros_of(EVERY), self._needs(begin)
        count = (micros_at(until) - start) // step
        for first in range(0, count, AT_ONCE):
            looks = Looks(start=start + step * (first + 1), step=step, count=min(AT_ONCE, count - first))
            success = self._success(looks, needs, start)
            breaches = [
                replay_breach(each.rule, self.past, looks, self._test(each), self._breach_needs(needs))
                for each in self.recipe.watching
            ]
            yield from zip(looks.moments, success, zip(*breaches, strict=True), strict=True)

    def _success(self, looks: Looks, needs: Needs, start: int) -> list[RuleOutcome]:
        """Return the success rule's outcomes; before its `for` can be over it is no success, whatever it is."""
        ripe = start + micros_of(self.recipe.success.hold or timedelta(0))
        early = sum(look < ripe for look in looks.moments)
        later = Looks(start=looks.start + looks.step * early, step=looks.step, count=looks.count - early)
        found = replay(self.recipe.success, self.past, later, needs)
        if self._watch.success_test is not None and RuleOutcome.HOLDS in found:
            found = [
                self._proven(at, needs) if each is RuleOutcome.HOLDS else each
                for at, each in zip(later.moments, found, strict=True)
            ]
        return [RuleOutcome.DOES_NOT_HOLD] * early + found

    def _proven(self, look: int, needs: Needs) -> RuleOutcome:
        return self._succeeds(moment_at(look), needs).outcome

    def _succeeds(self, now: datetime, needs: Needs) -> Measurement:
        """Measure the success rule with its test."""
        rule, begin = self.recipe.success, needs.fresh_after or now
        test = self.test.proving(self._watch.success_test)
        span = success_span(rule, test, now=now, since=begin)
        data = cut_past(self.past, min(now - span, begin - rule.baseline), now)
        return success_of(rule, data, test, now=now, needs=needs)

    def _breach_needs(self, needs: Needs) -> Needs:
        return replace(needs, coverage=Needs().coverage)

    def _test(self, guard: CompiledGuard) -> RollbackTest:
        return self.test.chosen(guard.guard.test)

    def _before(self, guard: CompiledGuard, begin: datetime) -> Measurement:
        """Measure a rule for harm on the time before the change; in full only where there was a breach already."""
        needs = replace(self._breach_needs(self._needs(begin)), fresh_after=None)
        looks = Looks(start=micros_at(begin), step=micros_of(EVERY), count=1)
        outcome = replay_breach(guard.rule, self.past, looks, self._test(guard), needs)[0]
        if outcome is RuleOutcome.HOLDS:
            return breach_at(guard.rule, self.past, self._test(guard), now=begin, needs=needs)
        return _OUTCOMES[outcome]

    def _measured(self, facts: WatchFacts, now: datetime) -> WatchFacts:
        """Measure one look in words."""
        needs = self._needs(facts.effective_at)
        told = [
            breach_at(each.rule, self.past, self._test(each), now=now, needs=self._breach_needs(needs))
            for each in self.recipe.watching
        ]
        return replace(
            facts,
            success=self._succeeds(now, needs),
            rollback=told[0],
            guards=tuple(replace(each, now=found) for each, found in zip(facts.guards, told[1:], strict=True)),
        )
