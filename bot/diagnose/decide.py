"""Does a recipe's bottleneck rule fire, and what is the evidence: data in, a Finding or the measurement out. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.collect.digests import use_of_series
from bot.model.finding import ComplaintCount, Finding, Ranking, SourceUse
from bot.model.names import FeedName
from bot.model.series import Reading, Sample, Series
from bot.model.verdict import Measurement, RuleOutcome
from bot.recipes.library import CompiledRecipe
from bot.rules.evaluate import Needs, evaluate
from bot.rules.truth import inverse


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFiring:
    """The rule does not hold, or cannot be decided: the measurement says which, and why."""

    measurement: Measurement


def diagnose(
    compiled: CompiledRecipe,
    data: Mapping[FeedName, Reading],
    *,
    now: datetime,
    complaints: ComplaintCount | None = None,
    ranking: Ranking | None = None,
    sources: tuple[SourceUse, ...] | None = None,
) -> Finding | NotFiring:
    """Decide whether the bottleneck rule fires now; only a rule that HOLDS makes a finding.

    `sources` says what else was read (`bot.collect.gather.uses_of`); left out, the rule's own series are described.
    """
    rule = compiled.bottleneck
    measurement = evaluate(rule, data, now=now, needs=needs_of(compiled))
    if measurement.outcome is not RuleOutcome.HOLDS:
        return NotFiring(measurement=measurement)
    used = [reading for feed in rule.feeds if isinstance(reading := data.get(feed), Series)]
    return Finding(
        rule=rule.text,
        observed=measurement.observed,
        sentence=measurement.sentence,
        at=now,
        sources=tuple(use_of_series(series) for series in used) if sources is None else sources,
        daily=daily_means(used[0]) if used else (),
        daily_unit=used[0].unit.name if used else "",
        ranking=ranking,
        complaints=complaints,
        groups=measurement.groups,
    )


def remains(compiled: CompiledRecipe, data: Mapping[FeedName, Reading], *, now: datetime) -> Measurement:
    """Measure whether a bottleneck that was found is still there: it DOES_NOT_HOLD where it is measurably gone.

    Between the rule that fires and the recipe's `clear_when` it is neither: what comes and goes there is not gone.
    """
    fires = evaluate(compiled.bottleneck, data, now=now, needs=needs_of(compiled))
    if compiled.clear is None or fires.outcome is not RuleOutcome.DOES_NOT_HOLD:
        return fires
    cleared = evaluate(compiled.clear, data, now=now, needs=needs_of(compiled))
    return replace(cleared, outcome=inverse(cleared.outcome))


def needs_of(compiled: CompiledRecipe) -> Needs:
    """Return what the bottleneck rule demands of its data."""
    watch = compiled.recipe.watch
    return Needs(min_samples=watch.min_samples, coverage=watch.coverage)


def daily_means(series: Series) -> tuple[tuple[str, float], ...]:
    """Return `(day, mean)` of every UTC day with data, oldest first; a ratio's mean is pooled over the day."""
    days: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in series.samples:
        days[sample.at.date().isoformat()].append(sample)
    means = ((day, _mean(samples)) for day, samples in sorted(days.items()))
    return tuple((day, mean) for day, mean in means if mean is not None)


def _mean(samples: list[Sample]) -> float | None:
    whole = math.fsum(sample.of for sample in samples)
    return math.fsum(sample.value for sample in samples) / whole if whole > 0 else None
