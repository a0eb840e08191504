"""Brings together what is to be said about one recipe, by the very deciders that a run of the bot asks (pure)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.collect.gather import Gathered, uses_of
from bot.diagnose.decide import NotFiring, diagnose
from bot.diagnose.process import rank
from bot.model.change import Change
from bot.model.finding import ComplaintCount
from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.settings import FeedSpec, Settings
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.breach import SEPARATE_BREACHES, SEPARATE_WINDOWS, breach_of, lookback
from bot.monitor.limit import share_limit_of
from bot.propose.budget import needs_people
from bot.propose.calendar import closed_because
from bot.propose.impact import affected_by, impact_of, stakes_of, threshold_of
from bot.propose.plan import Situation, draft
from bot.recipes.library import CompiledRecipe
from bot.report.explain import Approval, Explanation, SpokenRules, Today, Wish
from bot.report.pull_request import complaints_in_words
from bot.report.ranking import worst_of
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.spoken import speak, speak_limit
from bot.rules.typed import reductions


def explain(
    compiled: CompiledRecipe,
    settings: Settings,
    files: Mapping[str, bytes],
    *,
    now: datetime,
    today: Today | None = None,
) -> Explanation:
    """Explain a recipe on the desired state in `files` (by path); what the feeds tell is in `today`, if they do."""
    recipe, policy = compiled.recipe, settings.policy
    wish = _wish(compiled, settings, files, now)
    before = {edit.path: edit.before for edit in wish.edits if edit.before is not None}
    stakes = stakes_of(recipe, before, today.affected if today else None)
    impact = impact_of(wish.keys, policy.impact, stakes) if wish.keys else None
    return Explanation(
        recipe=recipe,
        feeds=specs_of(compiled, settings),
        rules=_rules(compiled),
        wish=wish,
        approval=Approval(
            impact=impact,
            threshold=threshold_of(recipe, policy),
            approvers=policy.approvals.get(impact.level, ()) if impact else (),
            needs_people=impact is not None and needs_people(wish.keys, recipe, policy, stakes),
        ),
        policy=policy,
        obstacles=_obstacles(compiled, settings, now),
        today=today,
    )


def specs_of(compiled: CompiledRecipe, settings: Settings) -> tuple[FeedSpec, ...]:
    """Return the feeds that a recipe looks at, each with enough history for all of its rules."""
    known = {spec.name: spec for spec in settings.feeds}
    test = settings.policy.rollback
    spans = (
        (compiled.bottleneck, compiled.bottleneck.lookback),
        (compiled.success, compiled.success.lookback),
        *((each.rule, lookback(each.rule, test.chosen(each.guard.test))) for each in compiled.watching),
    )
    found = (known[name] for name in _feeds_of(compiled))
    return tuple(
        replace(spec, history=max(spec.history, *(span for rule, span in spans if spec.name in rule.feeds)))
        if any(spec.name in rule.feeds for rule, _ in spans)
        else spec
        for spec in found
    )


def measure_today(compiled: CompiledRecipe, settings: Settings, gathered: Gathered, *, now: datetime) -> Today:
    """Measure the three rules as of now; there is no change, so what compares with one cannot be measured."""
    watch, data = compiled.recipe.watch, gathered.readings
    needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage)
    return Today(
        at=now,
        fires=_fires(compiled, gathered, now),
        succeeds=evaluate(compiled.success, data, now=now, needs=needs),
        rolls_back=breach_of(
            compiled.rollback,
            data,
            settings.policy.rollback.chosen(watch.test),
            now=now,
            needs=Needs(min_samples=watch.min_samples),
        ),
        told=_told(compiled, gathered),
        affected=affected_by(uses_of(gathered, _feeds_of(compiled))),
        failures=tuple(failure for _, failure in sorted(gathered.failures.items())),
    )


def _fires(compiled: CompiledRecipe, gathered: Gathered, now: datetime) -> Measurement:
    found = diagnose(compiled, gathered.readings, now=now)
    if isinstance(found, NotFiring):
        return found.measurement
    return Measurement(rule=found.rule, outcome=RuleOutcome.HOLDS, sentence=found.sentence, observed=found.observed)


def _told(compiled: CompiledRecipe, gathered: Gathered) -> tuple[str, ...]:
    """Say what complaints and the process log tell beside the rules."""
    names = _feeds_of(compiled)
    counts: list[ComplaintCount] = [gathered.complaints[name] for name in names if name in gathered.complaints]
    rankings = [rank(gathered.logs[name]) for name in names if name in gathered.logs]
    return (*map(complaints_in_words, counts), *filter(None, map(worst_of, rankings)))


def _feeds_of(compiled: CompiledRecipe) -> tuple[FeedName, ...]:
    """Name a recipe's feeds, those of its rules first, each once."""
    rules = (compiled.bottleneck, *compiled.looking)
    log = (compiled.recipe.process_log,) if compiled.recipe.process_log else ()
    read = (feed for rule in rules for feed in rule.feeds)
    return tuple(dict.fromkeys((*read, *compiled.recipe.watch_feeds, *log)))


def _rules(compiled: CompiledRecipe) -> SpokenRules:
    coverage, rollback = compiled.recipe.watch.coverage, compiled.rollback
    return SpokenRules(
        fires=speak(compiled.bottleneck, coverage=coverage),
        succeeds=speak(compiled.success, coverage=coverage),
        rolls_back=speak(rollback, coverage=Needs().coverage),
        limit=speak_limit(rollback) if _is_tested_as_share(rollback) else "",
        separate=(SEPARATE_BREACHES, SEPARATE_WINDOWS, rollback.reach),
        guards=tuple((each.guard, _spoken(each.rule)) for each in compiled.guards),
    )


def _spoken(rule: Rule) -> str:
    return speak_limit(rule) if _is_tested_as_share(rule) else speak(rule, coverage=Needs().coverage)


def _is_tested_as_share(rule: Rule) -> bool:
    kinds = {reduced.metric.kind for reduced in reductions(rule.tree.logic)}
    return share_limit_of(rule) is not None and kinds == {SeriesKind.RATIO}


def _wish(compiled: CompiledRecipe, settings: Settings, files: Mapping[str, bytes], now: datetime) -> Wish:
    """Draft the change as if the recipe fired, whatever the ledger says of earlier ones."""
    recipe = compiled.recipe
    situation = Situation(files=files, records=(), policy=settings.policy, muted=settings.muted, now=now)
    drafted = draft(recipe, situation)
    if isinstance(drafted, Change):
        return Wish(keys=drafted.keys, edits=drafted.edits)
    return Wish(why_not=drafted.sentence.removeprefix(f"{recipe.id} fires, but "), hint=drafted.hint)


def _obstacles(compiled: CompiledRecipe, settings: Settings, now: datetime) -> tuple[str, ...]:
    policy, closed = settings.policy, closed_because(settings.policy.calendar, now)
    return tuple(
        sentence
        for sentence, applies in (
            ("The policy is paused, so nothing is proposed at present.", policy.paused),
            ("The recipe is muted in the settings, so it proposes nothing.", compiled.recipe.id in settings.muted),
            (f"The calendar is closed, so nothing is proposed at present: {closed}.", closed is not None),
        )
        if applies
    )
