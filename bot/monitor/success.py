"""Does the success rule hold, and, where the recipe asks for it, provably so however often it is looked at? Pure.

Every part of the rule must be proven, each at the same level: to claim all of several things takes no more proof of
each than to claim that one (R. L. Berger, Multiparameter hypothesis testing and acceptance sampling, Technometrics
24, 1982), so that nothing has to be split among them.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model.names import FeedName
from bot.model.proof import SequenceTest
from bot.model.series import Reading, Series, SeriesKind
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.sequence import Moments, margin, moments_of, moments_of_share, tuning
from bot.rules.compile import Rule
from bot.rules.display import show_value
from bot.rules.evaluate import Needs, evaluate
from bot.rules.grid import conjuncts
from bot.rules.shape import MeanLimit, mean_limit_of


def success_of(
    rule: Rule, data: Mapping[FeedName, Reading], test: SequenceTest | None, *, now: datetime, needs: Needs
) -> Measurement:
    """Measure the success rule on data since the change; with a test its means must be proven, too."""
    found = evaluate(rule, data, now=now, needs=needs)
    if test is None or found.outcome is not RuleOutcome.HOLDS:
        return found
    outcome, said = RuleOutcome.HOLDS, []
    for part in conjuncts(rule.tree.logic):
        limit = mean_limit_of(part)
        series = data.get(limit.feed) if limit else None
        if limit is None or not isinstance(series, Series):
            return replace(found, outcome=RuleOutcome.ERROR, sentence=f"`{rule.text}` cannot be proven by its means")
        proven, sentence = _proven(limit, series, test, now=now - limit.delay, since=needs.fresh_after)
        said.append(sentence)
        outcome = outcome if proven else RuleOutcome.GREY
    lead = found.sentence if outcome is RuleOutcome.HOLDS else f"holds, and is not proven yet: {found.sentence}"
    return replace(found, outcome=outcome, sentence="; ".join([lead, *said]))


def success_span(rule: Rule, test: SequenceTest | None, *, now: datetime, since: datetime) -> timedelta:
    """Return how much time before now the success rule needs data of: with a test all since the change."""
    return rule.lookback if test is None else max(rule.lookback, now - since)


def _proven(
    limit: MeanLimit, series: Series, test: SequenceTest, *, now: datetime, since: datetime | None
) -> tuple[bool, str]:
    samples = [s for s in series.samples if s.at < now and (since is None or s.at >= since) and s.of > 0]
    if series.kind is SeriesKind.RATIO:
        hits, trials = math.fsum(s.value for s in samples), math.fsum(s.of for s in samples)
        moments = moments_of_share(hits, trials)
    else:
        moments = moments_of(sample.value / sample.of for sample in samples)
    if moments.count < test.min_samples:
        return False, f"{moments.count:g} counted since the change, {test.min_samples} needed"
    width = margin(moments, alpha=test.alpha, rho=tuning(test.alpha, test.best_at))
    return _within(limit, moments, width, series, test)


def _within(limit: MeanLimit, moments: Moments, width: float, series: Series, test: SequenceTest) -> tuple[bool, str]:
    factor = series.unit.factor if series.kind is SeriesKind.READINGS else 1.0
    bound = (moments.mean + (width if limit.is_upper else -width)) * factor
    proven = bound < limit.value if limit.is_upper else bound > limit.value
    side = "below" if limit.is_upper else "above"
    shown = show_value(bound, series.unit)
    sentence = (
        f"{limit.feed} is {side} {shown} on the whole since the change (n={moments.count:g}), at all times with "
    )
    return proven, f"{sentence}{1 - test.alpha:.0%} confidence"
