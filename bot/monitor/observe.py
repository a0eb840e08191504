"""Gathers what a verdict rests on: the recipe as it was approved, and its rules measured on fresh data."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.names import FeedName
from bot.model.recipe import ROLLBACK, SUCCESS
from bot.model.record import Phase
from bot.model.series import Reading, Window
from bot.model.settings import FeedSpec, RollbackTest, Settings
from bot.model.verdict import GuardSeen, Measurement, RuleOutcome
from bot.monitor.approved import ApprovedRecipes
from bot.monitor.breach import breach_of, lookback, reach_before, unaided, worse_of
from bot.monitor.clocks import WatchClock, clock_json, look_of, read_clock
from bot.monitor.feeds import Need, PassFeeds, needed_from
from bot.monitor.previous import PreviousRun, Runs
from bot.monitor.success import success_of, success_span
from bot.monitor.verdict import GuardFacts, WatchFacts
from bot.monitor.watched import Watched
from bot.recipes.library import CompiledGuard, CompiledRecipe
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """What measuring needs: settings, recipes out of history, feeds, and earlier runs; all of them for one pass."""

    settings: Settings
    specs: Mapping[FeedName, FeedSpec]
    recipes: ApprovedRecipes
    feeds: PassFeeds
    runs: Runs
    now: datetime
    _shared: dict[tuple[Hashable, ...], Measurement] = field(default_factory=dict, init=False, repr=False)

    def recipe_of(self, watched: Watched) -> CompiledRecipe:
        """Return the recipe that a change was approved under: the text at its merge, with today's feeds."""
        return self.recipes.of(watched)

    def facts(self, watched: Watched, recipe: CompiledRecipe) -> WatchFacts:
        """Measure all rules since the change took effect, and those that watch for harm on the time before."""
        watch = recipe.recipe.watch
        live = watched.effective_at
        own, *guards = (self._guard(each, watched, recipe) for each in recipe.watching)
        facts = WatchFacts(
            change=watched.id,
            effective_at=live,
            watch=watch,
            success=self._once(recipe, SUCCESS, live, lambda: self._success(recipe, live)),
            rollback=own.now,
            before=own.before,
            worse=own.worse,
            guards=tuple(guards),
            clock=read_clock(watched.latest.get(Phase.MEASURED, {})),
            paused=self.settings.policy.paused,
        )
        return facts.seen(self.now, recipe.ripe_after, blind_after=self.settings.policy.blind_after)

    def _guard(self, guard: CompiledGuard, watched: Watched, recipe: CompiledRecipe) -> GuardFacts:
        live, min_samples = watched.effective_at, recipe.recipe.watch.min_samples
        name, test = guard.guard.name, self.settings.policy.rollback.chosen(guard.guard.test)
        as_of = partial(self.breach, guard, changed_at=live, min_samples=min_samples)
        before = _remembered(watched, guard)
        if before is None:
            before = self._once(recipe, f"before {name}", live, lambda: as_of(now=live, since=None))
        if test.ranks is None and not test.control:
            found = self._once(recipe, f"now {name}", live, lambda: as_of(now=self.now, since=live))
        else:
            found = self._compared(guard.rule, test, watched, min_samples)
        worse = None
        if found.outcome is before.outcome is RuleOutcome.HOLDS:
            data = self._measured_on(guard.rule, test, until=self.now, changed_at=live)
            needs = Needs(min_samples=min_samples, fresh_after=live, changed_at=live)
            worse = worse_of(guard.rule, data, test, before, now=self.now, needs=needs)
        return GuardFacts(guard=guard.guard, now=found, before=before, worse=worse)

    def _once(
        self, recipe: CompiledRecipe, what: str, live: datetime, measure: Callable[[], Measurement]
    ) -> Measurement:
        """Measure once what changes have in common that one deployment brought, by one text of one recipe."""
        asked = (recipe.recipe.path, recipe.recipe.digest, what, live)
        if asked not in self._shared:
            self._shared[asked] = measure()
        return self._shared[asked]

    def _success(self, recipe: CompiledRecipe, live: datetime) -> Measurement:
        watch = recipe.recipe.watch
        needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage, fresh_after=live, changed_at=live)
        proof = self.settings.policy.rollback.proving(watch.success_test)
        span = success_span(recipe.success, proof, now=self.now, since=live)
        data = self._readings(recipe.success, until=self.now, span=span, changed_at=live)
        return success_of(recipe.success, data, proof, now=self.now, needs=needs)

    def _compared(self, rule: Rule, test: RollbackTest, watched: Watched, min_samples: int) -> Measurement:
        """Measure a rule by a test that compares: what with may be a run before, which is the change's own."""
        live = watched.effective_at
        data = self._measured_on(rule, test, until=self.now, changed_at=live)
        needs = Needs(min_samples=min_samples, fresh_after=live, changed_at=live)
        previous = self._previous(watched, rule, data, test, needs)
        return breach_of(rule, data, test, now=self.now, needs=needs, previous=previous)

    def _previous(
        self, watched: Watched, rule: Rule, data: Mapping[FeedName, Reading], test: RollbackTest, needs: Needs
    ) -> PreviousRun | None:
        """Read the run before by itself, and only where a test has no better baseline: it may be months ago."""
        look = unaided(rule, data, test, now=self.now, needs=needs)
        run = self.runs.before(watched) if look is not None else None
        if look is None or run is None:
            return None
        window, reading = run.aligned(look, watched.effective_at), None
        if window.end <= run.until:
            (feed,) = rule.feeds  # a test that compares is for one metric
            reading = self.feeds.series(self.specs[feed], window)
        return PreviousRun(run=run, window=window, reading=reading)

    def clock(self, rollback: Watched, measured: Measurement, recipe: CompiledRecipe) -> WatchClock:
        """Return the clock of a rollback that is watched for whether it helped, this look taken in."""
        ripe = {ROLLBACK: rollback.effective_at + recipe.ripe_after[ROLLBACK]}
        look = look_of({ROLLBACK: measured}, at=self.now, ripe=ripe, quiet=frozenset())
        kept = read_clock(rollback.latest.get(Phase.MEASURED, {}))
        return kept.after(look, blind_after=self.settings.policy.blind_after)

    def breach(
        self, guard: CompiledGuard, *, now: datetime, since: datetime | None, changed_at: datetime, min_samples: int
    ) -> Measurement:
        """Measure a rule for harm as of `now`, on data since `since`; its `before` is that of `changed_at`."""
        rule, test = guard.rule, self.settings.policy.rollback.chosen(guard.guard.test)
        data = self._measured_on(rule, test, until=now, changed_at=changed_at)
        needs = Needs(min_samples=min_samples, fresh_after=since, changed_at=changed_at)
        return breach_of(rule, data, test, now=now, needs=needs)

    def _measured_on(
        self, rule: Rule, test: RollbackTest, *, until: datetime, changed_at: datetime
    ) -> Mapping[FeedName, Reading]:
        """Return what a rule for harm is measured on."""
        reach = reach_before(rule, test)
        return self._readings(rule, until=until, span=lookback(rule, test), changed_at=changed_at, reach=reach)

    def _readings(
        self, rule: Rule, *, until: datetime, span: timedelta, changed_at: datetime, reach: timedelta | None = None
    ) -> Mapping[FeedName, Reading]:
        start = needed_from(rule, span, now=until, changed_at=changed_at, is_looked_back=False, reach=reach)
        window = Window(start=start, end=until)
        return self.feeds.readings(rule.feeds, window)  # a rule compiles only if the settings have all of its feeds


def needs_of(watched: Watched, recipe: CompiledRecipe, test: RollbackTest, now: datetime) -> Iterator[Need]:
    """Say from when on each rule of a change needs its feeds, in one pass."""
    live = watched.effective_at
    asked = success_span(recipe.success, test.proving(recipe.recipe.watch.success_test), now=now, since=live)
    yield Need(
        rule=recipe.success,
        start=needed_from(recipe.success, asked, now=now, changed_at=live, is_looked_back=False),
    )
    for each in recipe.watching:
        chosen, asks_back = test.chosen(each.guard.test), _remembered(watched, each) is None
        span, reach = lookback(each.rule, chosen), reach_before(each.rule, chosen)
        start = needed_from(each.rule, span, now=now, changed_at=live, is_looked_back=asks_back, reach=reach)
        yield Need(rule=each.rule, start=start)


def measurement_json(measurement: Measurement) -> Mapping[str, Json]:
    """Return a measurement as the ledger keeps it."""
    window = measurement.window
    return {
        "rule": measurement.rule,
        "outcome": measurement.outcome,
        "sentence": measurement.sentence,
        "observed": measurement.observed,
        "samples": measurement.samples,
        "window": [format_time(window.start), format_time(window.end)] if window else None,
        "value": measurement.value,
    }


def watch_json(measured: WatchFacts, *, over: bool) -> Mapping[str, Json]:
    """Return where the next look goes on from, as the ledger keeps it."""
    return {"clock": clock_json(replace(measured.clock, over=over)), "renewed_by": measured.renewed_by or None}


def guards_json(guards: Iterable[GuardSeen]) -> Json:
    """Return what was measured beside the recipe's own rules, as the ledger keeps it."""
    return [
        {"name": each.name, "now": measurement_json(each.now), "before": measurement_json(each.before)}
        for each in guards
    ]


def _remembered(watched: Watched, guard: CompiledGuard) -> Measurement | None:
    """Return the breach before the change as it was first answered: a feed need not keep the past for ever.

    What could not be measured then is measured anew: a feed that was down for an hour is no knowledge of the past.
    """
    measured = watched.latest.get(Phase.MEASURED, {})
    facts = measured.get("before")
    if guard.guard.name != ROLLBACK:
        kept = measured.get("guards")
        found = [each for each in kept if isinstance(each, Mapping)] if isinstance(kept, list) else []
        facts = next((each.get("before") for each in found if each.get("name") == guard.guard.name), None)
    if not isinstance(facts, Mapping) or facts.get("outcome") not in _ANSWERS:
        return None
    samples, value = facts.get("samples"), facts.get("value")
    return Measurement(
        rule=str(facts.get("rule", "")),
        outcome=RuleOutcome(str(facts["outcome"])),
        sentence=str(facts.get("sentence", "")),
        samples=float(samples) if isinstance(samples, int | float) else 0.0,
        value=float(value) if isinstance(value, int | float) else None,
    )


_ANSWERS = frozenset({RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD})
