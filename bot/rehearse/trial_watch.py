"""The monitor in a test: measures the recipe's rules on a test's feeds, and gives verdicts once a change is live."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model.names import ChangeId, FeedName
from bot.model.series import Reading, Window
from bot.model.settings import FeedSpec, Policy
from bot.model.verdict import Measurement, RuleOutcome, Verdict, VerdictKind
from bot.monitor.breach import breach_of, lookback, reach_before, worse_of
from bot.monitor.clocks import WatchClock
from bot.monitor.success import success_of, success_span
from bot.monitor.verdict import GuardFacts, WatchFacts, judge
from bot.recipes.library import CompiledGuard, CompiledRecipe
from bot.recipes.recipe_tests_fit import FittedTest
from bot.rehearse.trial_data import Supply
from bot.rehearse.trial_outlook import Beat, Outcomes
from bot.rehearse.watch_past import AT_ONCE, QUIET
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs, evaluate

CHANGE = ChangeId("0" * 16)
"""The change under watch, in a test: no verdict depends on its name."""
FINAL = frozenset({VerdictKind.ROLLBACK, VerdictKind.KEEP, VerdictKind.SUCCESS})
"""Verdicts that end a watch."""
_ANSWERS = frozenset({RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD})


class Instruments:
    """Measures one recipe's rules at any time of a test, on what the collector would have read then."""

    def __init__(self, fitted: FittedTest, specs: Mapping[FeedName, FeedSpec], policy: Policy) -> None:
        self.recipe: CompiledRecipe = fitted.recipe
        self.policy = policy
        start = fitted.test.start
        watching = (each.rule for each in fitted.recipe.watching)
        rules = (fitted.recipe.bottleneck, fitted.recipe.success, *watching)
        needed = dict.fromkeys(feed for rule in rules for feed in rule.feeds)
        given = {name: fitted.feeds[name].parts if name in fitted.feeds else () for name in needed}
        self.supplies = {name: Supply(specs[name], given[name], start) for name in needed}
        self.beat = Beat(start=start, step=fitted.test.looks, end=start + fitted.test.length)
        watch = fitted.recipe.recipe.watch
        needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage)
        self._firing = Outcomes(fitted.recipe.bottleneck, self.supplies, needs, beat=self.beat)

    def bottleneck(self, now: datetime) -> Measurement:
        """Measure the bottleneck rule, as `pow detect` does."""
        rule, watch = self.recipe.bottleneck, self.recipe.recipe.watch
        needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage)
        data = {}
        for feed in rule.feeds:
            supply = self.supplies[feed]
            span = max(supply.spec.history, rule.lookback)
            data[feed] = supply.reading(Window(start=now - span, end=now), asked_at=now)
        return evaluate(rule, data, now=now, needs=needs)

    def fires(self, now: datetime) -> bool:
        """Tell whether the bottleneck rule holds."""
        return (self._firing.at(now) or self.bottleneck(now).outcome) is RuleOutcome.HOLDS

    def success(self, now: datetime, *, since: datetime) -> Measurement:
        """Measure the success rule on data since a change, as `pow monitor` does."""
        rule = self.recipe.success
        test = self.policy.rollback.proving(self.recipe.recipe.watch.success_test)
        span = success_span(rule, test, now=now, since=since)
        data = self._readings(rule, span=span, until=now, changed_at=since, asked_at=now)
        return success_of(rule, data, test, now=now, needs=self._needs_since(since))

    def guard(self, guard: CompiledGuard, now: datetime, *, since: datetime, before: Measurement) -> GuardFacts:
        """Measure a rule for harm on data since a change, with all that the policy demands of it."""
        rule, test = guard.rule, self.policy.rollback.chosen(guard.guard.test)
        span, reach = lookback(rule, test), reach_before(rule, test)
        data = self._readings(rule, span=span, until=now, changed_at=since, asked_at=now, reach=reach)
        needs = Needs(min_samples=self.recipe.recipe.watch.min_samples, fresh_after=since, changed_at=since)
        found, worse = breach_of(rule, data, test, now=now, needs=needs), None
        if found.outcome is before.outcome is RuleOutcome.HOLDS:
            worse = worse_of(rule, data, test, before, now=now, needs=needs)
        return GuardFacts(guard=guard.guard, now=found, before=before, worse=worse)

    def before(self, guard: CompiledGuard, change: datetime, *, asked_at: datetime) -> Measurement:
        """Measure a rule for harm on the time before a change."""
        rule, test = guard.rule, self.policy.rollback.chosen(guard.guard.test)
        data = self._readings(rule, span=lookback(rule, test), until=change, changed_at=change, asked_at=asked_at)
        needs = Needs(min_samples=self.recipe.recipe.watch.min_samples, changed_at=change)
        return breach_of(rule, data, test, now=change, needs=needs)

    def _needs_since(self, since: datetime) -> Needs:
        watch = self.recipe.recipe.watch
        return Needs(min_samples=watch.min_samples, coverage=watch.coverage, fresh_after=since, changed_at=since)

    def outlook(self, since: datetime) -> tuple[Outcomes, ...]:
        """Return what the rules of a watch that begins at a time will say; nothing where that is not known.

        Tests that compare take as long to replay as to measure, and a feed that fails may do so just when the time
        before the change is asked for.
        """
        chosen = [(each.rule, self.policy.rollback.chosen(each.guard.test)) for each in self.recipe.watching]
        fallible = any(self.supplies[feed].can_fail for rule in self.recipe.looking for feed in rule.feeds)
        if fallible or not all(test.is_of_counts for _, test in chosen):
            return ()
        needs = self._needs_since(since)
        plain, found, beat = replace(needs, coverage=Needs().coverage), self.supplies, self.beat
        success = Outcomes(self.recipe.success, found, needs, beat=beat, at_once=AT_ONCE)
        return success, *(
            Outcomes(rule, found, plain, beat=beat, test=test, at_once=AT_ONCE) for rule, test in chosen
        )

    def _readings(
        self,
        rule: Rule,
        *,
        span: timedelta,
        until: datetime,
        changed_at: datetime,
        asked_at: datetime,
        reach: timedelta | None = None,
    ) -> Mapping[FeedName, Reading]:
        before = rule.baseline if reach is None else reach
        start = min(until - span, changed_at - before) if before else until - span
        window = Window(start=start, end=until)
        return {feed: self.supplies[feed].reading(window, asked_at=asked_at) for feed in rule.feeds}


class TrialWatch:
    """One change under watch; `verdict` is the newest, and the last once it is final."""

    def __init__(self, instruments: Instruments, effective_at: datetime) -> None:
        self.effective_at = effective_at
        self.verdict: Verdict | None = None
        self._instruments = instruments
        self._before: dict[str, Measurement] = {}
        self._outlook = instruments.outlook(effective_at)
        self._clock = WatchClock()

    @property
    def is_over(self) -> bool:
        """Whether a verdict has ended the watch."""
        return self.verdict is not None and self.verdict.kind in FINAL

    @property
    def deadline(self) -> datetime:
        """From when on a person is asked."""
        return self.effective_at + self._instruments.recipe.recipe.watch.deadline + self._clock.frozen

    def may_tell(self, now: datetime) -> bool:
        """Tell whether a look could give another verdict than HOLD, or stop the clocks."""
        if not self._outlook or not self._clock.runs or now >= self.deadline:
            return True
        return any(rule.at(now) not in QUIET for rule in self._outlook)

    def look(self, now: datetime) -> Verdict:
        """Measure all rules and judge."""
        instruments, since = self._instruments, self.effective_at
        recipe, policy = instruments.recipe, instruments.policy
        own, *guards = (
            instruments.guard(each, now, since=since, before=self._measured_before(each, now))
            for each in recipe.watching
        )
        facts = WatchFacts(
            change=CHANGE,
            effective_at=since,
            watch=recipe.recipe.watch,
            success=instruments.success(now, since=since),
            rollback=own.now,
            before=own.before,
            worse=own.worse,
            guards=tuple(guards),
            clock=self._clock,
            paused=policy.paused,
        ).seen(now, recipe.ripe_after, blind_after=policy.blind_after)
        self.verdict = judge(facts, now)
        self._clock = replace(facts.clock, over=self.verdict.inconclusive)
        return self.verdict

    def _measured_before(self, guard: CompiledGuard, now: datetime) -> Measurement:
        """Measure the time before the change until there is an answer, which is then remembered."""
        name = guard.guard.name
        if name in self._before:
            return self._before[name]
        measured = self._instruments.before(guard, self.effective_at, asked_at=now)
        if measured.outcome in _ANSWERS:
            self._before[name] = measured
        return measured


def looks_of(length: timedelta, every: timedelta, named: set[timedelta]) -> tuple[timedelta, ...]:
    """Return all times at which a test looks: on its own beat, and whenever it names a time."""
    beats = {every * count for count in range(1, length // every + 1)}
    return tuple(sorted(beats | named))
